from typing import assert_never

from oauth_cc import SigningKey
from oauth_cc.authentication import MacKey


def kind(key: SigningKey | MacKey) -> str:
    match key:
        case SigningKey():
            return "private"
        case _:
            assert_never(key)  # refused
