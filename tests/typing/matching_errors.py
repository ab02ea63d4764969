"""
Matching errors by class and by attributes.
"""

from typing import assert_never, assert_type

from oauth_cc import InvalidInput, InvalidResponse, OAuthError, TokenRequestRefused
from oauth_cc.errors import RegisteredCode, RenewalTimedOut, StoreUnavailable, UnsupportedTokenType


def advice(error: TokenRequestRefused | InvalidResponse | InvalidInput) -> str:
    """Return a text for an operator."""
    match error:
        case TokenRequestRefused(code="invalid_client"):
            return "look at the secret"
        case TokenRequestRefused():
            assert_type(error.error, str | None)
            assert_type(error.code, RegisteredCode | None)
            assert_type(error.description, str | None)
            assert_type(error.status, int)
            assert_type(error.retryable, bool)
            assert_type(error.retry_after, float | None)
            return error.error or "no OAuth server"
        case UnsupportedTokenType():
            assert_type(error.token_type, str)
            return error.token_type
        case InvalidResponse():
            assert_type(error.member, str | None)
            assert_type(error.reason, str)
            return error.member or error.reason
        case InvalidInput():
            assert_type(error.parameter, str)
            return error.parameter
        case _:
            assert_never(error)


def known(error: Exception) -> bool:
    """Match the base class of every error, and the built-in base classes."""
    if isinstance(error, RenewalTimedOut):
        timeout: TimeoutError = error
        return str(timeout) != ""
    if isinstance(error, StoreUnavailable):
        assert_type(error.reason, str)
    return isinstance(error, OAuthError)
