from typing import assert_never

from oauth_cc import InvalidInput, InvalidResponse, TokenRequestRefused


def advice(error: TokenRequestRefused | InvalidResponse | InvalidInput) -> str:
    match error:
        case TokenRequestRefused():
            return error.error or ""
        case InvalidResponse():
            return error.reason
        case _:
            assert_never(error)  # refused
