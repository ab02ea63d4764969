"""
oauth_cc over httpx: `ClientCredentialsAuth` puts fresh tokens on calls, for threads and for async code.

Whatever client is used, a token request goes out as composed and nothing else: no redirect is followed, and no
``.netrc``, cookie, default header or default authentication of the client is added. The response is read to a bound.
"""

import ssl
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Final

try:
    import httpx
except ImportError as _error:
    raise ImportError("oauth_cc.httpx needs httpx: install oauth_cc[httpx]") from _error

from oauth_cc._io.context import token_flow
from oauth_cc._io.httpx_family import HttpxAsyncTokenSource, HttpxAuth, HttpxTokenSource, Library
from oauth_cc._io.options import DEFAULTS, Options
from oauth_cc.authentication.certificate import Certificate
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.endpoint import Endpoint
from oauth_cc.request import TokenRequest
from oauth_cc.scope import NO_SCOPE, Scope
from oauth_cc.token import Token

if TYPE_CHECKING:
    # Loaded by the functions that need them.
    from oauth_cc.flows.discovery import AddressedRequest, MetadataCache
    from oauth_cc.metadata import ServerMetadata

__all__ = [
    "AsyncTokenSource",
    "ClientCredentialsAuth",
    "TokenSource",
    "fetch_metadata",
    "fetch_metadata_async",
    "fetch_token",
    "fetch_token_async",
    "from_issuer",
    "from_issuer_async",
]


def __dir__() -> list[str]:
    return __all__


@cache
def _tls() -> ssl.SSLContext:
    # One for the process: to make one takes longer than a token request.
    return httpx.create_ssl_context(trust_env=False)


def _send(client: httpx.Client, request: httpx.Request) -> httpx.Response:
    return client.send(request, stream=True, auth=None, follow_redirects=False)


async def _send_async(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    return await client.send(request, stream=True, auth=None, follow_redirects=False)


def _request(method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> httpx.Request:
    extensions = {"timeout": httpx.Timeout(timeout).as_dict()}
    return httpx.Request(method, url, headers=headers, content=body, extensions=extensions)


_SHELL: Final = Library(
    "httpx",
    httpx.Client,
    httpx.AsyncClient,
    lambda: httpx.Client(trust_env=False, verify=_tls()),
    lambda: httpx.AsyncClient(trust_env=False, verify=_tls()),
    _send,
    _send_async,
    _request,
    httpx.ReadTimeout,
    httpx.TransportError,
    (httpx.NetworkError, httpx.RemoteProtocolError, httpx.ConnectTimeout),
    httpx.RequestNotRead,
)


class TokenSource(HttpxTokenSource[httpx.Client, httpx.AsyncClient, httpx.Request]):
    """
    Cache one access token and renew it before it expires. Safe to share between threads.
    """

    _library = _SHELL


class AsyncTokenSource(HttpxAsyncTokenSource[httpx.Client, httpx.AsyncClient, httpx.Request]):
    """
    Cache one access token and renew it before it expires, for tasks on asyncio and trio.
    """

    _library = _SHELL


class ClientCredentialsAuth(HttpxAuth[httpx.Client, httpx.AsyncClient, httpx.Request], httpx.Auth):
    """
    Put a fresh token on each call of a client: ``httpx.Client(auth=auth)``, ``httpx.AsyncClient(auth=auth)``.

    A call that is answered 401 for its token is made once more with a new one, if its body is in memory or in files
    that can be sought. Calls raise what `TokenSource.token` raises.

    Args:
        request: What to ask for; credentials alone ask for no scope.
        endpoint: The token endpoint, a URL or an `Endpoint`.
        client: The client through which tokens are asked for; by default one of our own.
        store: Where tokens are kept: a `TokenCache` that auths share, or a store that processes share.
        origins: URLs of the origins that get the token; by default those of the request's resources, else that of the
            first call.
        options: Timeout, retries, renewal and events.
    """

    _library = _SHELL


def fetch_token(
    request: TokenRequest | ClientCredentials,
    endpoint: str | Endpoint,
    *,
    client: httpx.Client | None = None,
    options: Options = DEFAULTS,
) -> Token:
    """
    Return the token that the token *endpoint* answers to *request*, sent through *client* or one of our own.

    Raises `TokenRequestRefused`, `InvalidResponse`, `InvalidInput`, or `httpx.TransportError` if no response came.
    """
    return _SHELL.perform(token_flow(request, endpoint, client, options), client, options)


async def fetch_token_async(
    request: TokenRequest | ClientCredentials,
    endpoint: str | Endpoint,
    *,
    client: httpx.AsyncClient | None = None,
    options: Options = DEFAULTS,
) -> Token:
    """Return what `fetch_token` returns, on asyncio and trio."""
    return await _SHELL.perform_async(token_flow(request, endpoint, client, options), client, options)


def fetch_metadata(
    issuer: str | Endpoint,
    *,
    client: httpx.Client | None = None,
    cache: "MetadataCache | None" = None,
    options: Options = DEFAULTS,
) -> "ServerMetadata":
    """
    Return the metadata of the authorization server *issuer* (RFC 8414).

    Raises `InvalidResponse`, `InvalidInput`, or `httpx.TransportError` if no response came.
    """
    from oauth_cc.flows.discovery import discover

    return _SHELL.perform(discover(issuer, retries=options.retries, cache=cache), client, options)


async def fetch_metadata_async(
    issuer: str | Endpoint,
    *,
    client: httpx.AsyncClient | None = None,
    cache: "MetadataCache | None" = None,
    options: Options = DEFAULTS,
) -> "ServerMetadata":
    """Return what `fetch_metadata` returns, on asyncio and trio."""
    from oauth_cc.flows.discovery import discover

    return await _SHELL.perform_async(discover(issuer, retries=options.retries, cache=cache), client, options)


def from_issuer(
    issuer: str | Endpoint,
    credentials: ClientCredentials,
    scope: Scope = NO_SCOPE,
    *,
    certificate: Certificate | None = None,
    client: httpx.Client | None = None,
    cache: "MetadataCache | None" = None,
    options: Options = DEFAULTS,
) -> "AddressedRequest":
    """
    Return the request of *credentials* for *scope*, with the token endpoint that the metadata of *issuer* name.

    Raises what `fetch_metadata` raises, and `InvalidInput` if the server does not support *credentials* as they are.
    """
    from oauth_cc.flows import discovery

    flow = discovery.from_issuer(
        issuer, credentials, scope, certificate=certificate, retries=options.retries, cache=cache
    )
    return _SHELL.perform(flow, client, options)


async def from_issuer_async(
    issuer: str | Endpoint,
    credentials: ClientCredentials,
    scope: Scope = NO_SCOPE,
    *,
    certificate: Certificate | None = None,
    client: httpx.AsyncClient | None = None,
    cache: "MetadataCache | None" = None,
    options: Options = DEFAULTS,
) -> "AddressedRequest":
    """Return what `from_issuer` returns, on asyncio and trio."""
    from oauth_cc.flows import discovery

    flow = discovery.from_issuer(
        issuer, credentials, scope, certificate=certificate, retries=options.retries, cache=cache
    )
    return await _SHELL.perform_async(flow, client, options)
