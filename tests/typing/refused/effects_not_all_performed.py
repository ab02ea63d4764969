from typing import assert_never

from oauth_cc.flows import Effect, Send, Sleep


def perform(effect: Effect) -> object:
    match effect:
        case Send():
            return None
        case Sleep():
            return None
        case _:
            assert_never(effect)  # refused
