"""
OAuth 2.0 client credentials: how one program calls another program's API as itself (RFC 6749 section 4.4).

    ClientCredentials ─┐
                       ├─ token_request ─▶ TokenRequest ─ http_request ─▶ HttpRequest ─▶ (you, or a shell, send it)
    Scope ─────────────┘                                                                        │
    API call ◀─ authorize ─ Token ◀─ parse_token_response ─────────── HttpResponse ◀────────────┘

Every arrow is a pure function, every box a frozen record. The errors are in `oauth_cc.errors`. `Options`, `Retries`,
`RenewalWindow`, `TokenCache`, `MetadataCache` and the methods with assertions are imported when they are first used.
"""

from typing import TYPE_CHECKING, Final

from oauth_cc import errors
from oauth_cc.authentication import (
    AssertionFile,
    AuthenticationFields,
    Certificate,
    CertificateFile,
    ClientAuthentication,
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretPost,
    NoAuthentication,
    SecretFile,
    SigningKey,
    TlsClientAuth,
)
from oauth_cc.compose import compose_body, http_request, unsigned_assertion
from oauth_cc.dialect import Dialect, Placement
from oauth_cc.endpoint import Endpoint
from oauth_cc.errors import InvalidInput, InvalidResponse, OAuthError, TokenRequestRefused
from oauth_cc.http import HttpRequest, HttpResponse
from oauth_cc.request import TokenRequest, token_request
from oauth_cc.response import parse_token_response
from oauth_cc.scope import Scope
from oauth_cc.secret import Secret
from oauth_cc.token import Token, authorize, is_expired

if TYPE_CHECKING:
    from oauth_cc._io.options import Options
    from oauth_cc.authentication import ClientAssertion, ClientSecretJwt, JwtBearerGrant, PrivateKeyJwt
    from oauth_cc.flows.exchange import Retries
    from oauth_cc.flows.freshness import RenewalWindow
    from oauth_cc.flows.metadata_cache import MetadataCache
    from oauth_cc.stores.cache import TokenCache

__all__ = [
    "AssertionFile",
    "AuthenticationFields",
    "Certificate",
    "CertificateFile",
    "ClientAssertion",
    "ClientAuthentication",
    "ClientCredentials",
    "ClientSecretBasic",
    "ClientSecretJwt",
    "ClientSecretPost",
    "Dialect",
    "Endpoint",
    "HttpRequest",
    "HttpResponse",
    "InvalidInput",
    "InvalidResponse",
    "JwtBearerGrant",
    "MetadataCache",
    "NoAuthentication",
    "OAuthError",
    "Options",
    "Placement",
    "PrivateKeyJwt",
    "RenewalWindow",
    "Retries",
    "Scope",
    "Secret",
    "SecretFile",
    "SigningKey",
    "TlsClientAuth",
    "Token",
    "TokenCache",
    "TokenRequest",
    "TokenRequestRefused",
    "authorize",
    "compose_body",
    "http_request",
    "is_expired",
    "parse_token_response",
    "token_request",
    "unsigned_assertion",
]

_LOADED_WHEN_USED: Final = {
    "ClientAssertion": "oauth_cc.authentication.assertions",
    "ClientSecretJwt": "oauth_cc.authentication.assertions",
    "JwtBearerGrant": "oauth_cc.authentication.grants",
    "PrivateKeyJwt": "oauth_cc.authentication.assertions",
    "TokenCache": "oauth_cc.stores.cache",
    "MetadataCache": "oauth_cc.flows.metadata_cache",
    "Options": "oauth_cc._io.options",
    "RenewalWindow": "oauth_cc.flows.freshness",
    "Retries": "oauth_cc.flows.exchange",
}
_ELSEWHERE: Final = {
    **dict.fromkeys(errors.__all__, "oauth_cc.errors"),
    "AsyncRedisStore": "oauth_cc.stores.redis",
    "AsyncTokenSource": "oauth_cc.httpx2, httpx or aiohttp",
    "BackendApplicationClient": "oauth_cc.compat",
    "ClientCredentialsAuth": "oauth_cc.httpx2, httpx, requests or aiohttp",
    "FileStore": "oauth_cc.stores.file",
    "RedisStore": "oauth_cc.stores.redis",
    "TokenSource": "oauth_cc.httpx2, httpx or requests",
    "fetch_token": "oauth_cc.httpx2, httpx, requests or aiohttp",
}

__version__: Final = "0.1.0"

if not TYPE_CHECKING:
    # Hidden from type checkers, to which a module with __getattr__ seems to have every name.

    def __getattr__(name: str) -> object:
        if name in _LOADED_WHEN_USED:
            from importlib import import_module

            found = getattr(import_module(_LOADED_WHEN_USED[name]), name)
            globals()[name] = found
            return found
        advice = f"; import it from {_ELSEWHERE[name]}" if name in _ELSEWHERE else ""
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{advice}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
