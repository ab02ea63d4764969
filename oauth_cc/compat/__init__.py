"""
oauthlib's `BackendApplicationClient`, with its signatures and its behaviour, on the functional core.

A program written for oauthlib changes one import. oauthlib is not required. If it is installed, this package raises
oauthlib's own error classes, so that existing ``except`` clauses still match. Importing this package never imports
oauthlib: the errors and the signal look for it when they are first used.
"""

from typing import TYPE_CHECKING

from oauth_cc.compat._client import BackendApplicationClient
from oauth_cc.compat._placing import AUTH_HEADER, BODY, URI_QUERY
from oauth_cc.compat._randomness import generate_token
from oauth_cc.compat._token import OAuth2Token

if TYPE_CHECKING:
    from oauth_cc.compat._errors import *
    from oauth_cc.compat._signals import scope_changed

__all__ = [
    "AUTH_HEADER",
    "BODY",
    "URI_QUERY",
    "AccessDeniedError",
    "BackendApplicationClient",
    "ConsentRequired",
    "CustomOAuth2Error",
    "FatalClientError",
    "InsecureTransportError",
    "InsufficientScopeError",
    "InvalidClientError",
    "InvalidClientIdError",
    "InvalidGrantError",
    "InvalidRequestError",
    "InvalidRequestFatalError",
    "InvalidResponseError",
    "InvalidScopeError",
    "InvalidTokenError",
    "LoginRequired",
    "MismatchingStateError",
    "MissingCodeError",
    "MissingTokenError",
    "MissingTokenTypeError",
    "OAuth2Error",
    "OAuth2Token",
    "ServerError",
    "TemporarilyUnavailableError",
    "TokenExpiredError",
    "UnauthorizedClientError",
    "UnsupportedGrantTypeError",
    "UnsupportedResponseTypeError",
    "UnsupportedTokenTypeError",
    "generate_token",
    "scope_changed",
]


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name == "scope_changed":
            from oauth_cc.compat._signals import scope_changed

            return scope_changed
        from oauth_cc.compat import _errors

        return getattr(_errors, name)
