from typing import assert_never

from oauth_cc.events import Event, RenewalFailed, TokenObtained


def told(event: Event) -> str:
    match event:
        case TokenObtained():
            return "obtained"
        case RenewalFailed():
            return "failed"
        case _:
            assert_never(event)  # refused
