"""
OAuth 2.0 client credentials: how one program calls another program's API as itself (RFC 6749 section 4.4).

    ClientCredentials ─┐
                       ├─ token_request ─▶ TokenRequest ─ http_request ─▶ HttpRequest ─▶ (you, or a shell, send it)
    Scope ─────────────┘                                                                        │
    API call ◀─ authorize ─ Token ◀─ parse_token_response ─────────── HttpResponse ◀────────────┘

Every arrow is a pure function, every box a frozen record. The errors stand in `oauth_cc.errors`.
"""

from typing import TYPE_CHECKING

from oauth_cc.assertion import AssertionFile, SigningKey
from oauth_cc.authentication import (
    ClientAssertion,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    NoAuthentication,
    PrivateKeyJwt,
    TlsClientAuth,
)
from oauth_cc.certificate import Certificate
from oauth_cc.credentials import ClientCredentials
from oauth_cc.errors import InvalidInput, InvalidResponse, OAuthError, TokenRequestRefused
from oauth_cc.http import HttpRequest, HttpResponse
from oauth_cc.request import TokenRequest, compose_body, http_request, token_request, unsigned_assertion
from oauth_cc.response import parse_token_response
from oauth_cc.scope import Scope
from oauth_cc.secret import Secret
from oauth_cc.token import Token, authorize, is_fresh

__all__ = [
    "AssertionFile",
    "Certificate",
    "ClientAssertion",
    "ClientCredentials",
    "ClientSecretBasic",
    "ClientSecretJwt",
    "ClientSecretPost",
    "HttpRequest",
    "HttpResponse",
    "InvalidInput",
    "InvalidResponse",
    "NoAuthentication",
    "OAuthError",
    "PrivateKeyJwt",
    "Scope",
    "Secret",
    "SigningKey",
    "TlsClientAuth",
    "Token",
    "TokenRequest",
    "TokenRequestRefused",
    "authorize",
    "compose_body",
    "http_request",
    "is_fresh",
    "parse_token_response",
    "token_request",
    "unsigned_assertion",
]

__version__: str

if not TYPE_CHECKING:
    # Hidden from type checkers, to which a module with __getattr__ seems to have every name.

    def __getattr__(name: str) -> str:
        if name == "__version__":
            # Reading the metadata of the installed package costs more than the whole import.
            from importlib.metadata import version

            return version("oauth_cc")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
