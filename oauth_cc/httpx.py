"""
Tokens for httpx clients, for threads and async code.

Every token request is sent exactly as composed, with a User-Agent. No redirect is followed, and no ``.netrc``, cookie,
default header or default authentication of the client is added. At most 1 MiB of the response is read. Without a client
of yours, the proxies and the certificate authorities of the environment are used.
"""

# A test holds the modules for httpx and its successor equal, except for the library's name. Edit both.

import copy
import ssl
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Final, TypeVar

try:
    import httpx
except ImportError as _error:
    raise ImportError("oauth_cc.httpx needs httpx; install oauth_cc[httpx]") from _error

from oauth_cc._io.arguments import token_flow
from oauth_cc._io.httpx_family import HttpxAsyncTokenSource, HttpxAuth, HttpxTokenSource
from oauth_cc._io.httpx_library import Library
from oauth_cc._io.httpx_messages import Response
from oauth_cc._io.options import DEFAULTS, Options
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.endpoint import Endpoint
from oauth_cc.flows.effects import Flow
from oauth_cc.flows.metadata_cache import MetadataCache
from oauth_cc.issuer import GivenEndpoint
from oauth_cc.request import TokenRequest
from oauth_cc.token import Token

if TYPE_CHECKING:
    # Imported at run time by the functions that need it.
    from oauth_cc.metadata import ServerMetadata

__all__ = [
    "AsyncTokenSource",
    "ClientCredentialsAuth",
    "TokenSource",
    "fetch_metadata",
    "fetch_metadata_async",
    "fetch_token",
    "fetch_token_async",
    "perform",
    "perform_async",
]


def __dir__() -> list[str]:
    return __all__


_Client = TypeVar("_Client", httpx.Client, httpx.AsyncClient)
T = TypeVar("T")


@cache
def _tls() -> ssl.SSLContext:
    # One for the process, because making a context takes longer than a token request.
    return httpx.create_ssl_context()


def _apart(client: _Client, first: Callable[[Response], object]) -> _Client:
    # The cookies of the user's client stay as they are, and its response hooks come after the function *first*.
    apart = copy.copy(client)
    apart.cookies = httpx.Cookies()
    apart.event_hooks = {**client.event_hooks, "response": [first, *client.event_hooks["response"]]}
    return apart


def _send(client: httpx.Client, request: httpx.Request, read: Callable[[Response], None]) -> httpx.Response:
    return _apart(client, read).send(request, stream=True, auth=None, follow_redirects=False)


async def _send_async(
    client: httpx.AsyncClient, request: httpx.Request, read: Callable[[Response], Awaitable[None]]
) -> httpx.Response:
    return await _apart(client, read).send(request, stream=True, auth=None, follow_redirects=False)


def _request(method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> httpx.Request:
    extensions = {"timeout": httpx.Timeout(timeout).as_dict()}
    return httpx.Request(method, url, headers=headers, content=body, extensions=extensions)


_SHELL: Final = Library(
    "httpx",
    httpx.Client,
    httpx.AsyncClient,
    lambda: httpx.Client(verify=_tls()),
    lambda: httpx.AsyncClient(verify=_tls()),
    _send,
    _send_async,
    _request,
    httpx.ByteStream,
    httpx.ReadTimeout,
    httpx.TransportError,
    (httpx.NetworkError, httpx.RemoteProtocolError, httpx.ConnectTimeout),
    httpx.RequestNotRead,
)


class TokenSource(HttpxTokenSource[httpx.Client, httpx.AsyncClient, httpx.Request]):
    """
    Cache one access token and renew it before it expires. Safe to share between threads.

    Args:
        request: The token request, or credentials for a request without scope.
        endpoint: The token endpoint, a URL or an `Endpoint`, or an `Issuer` whose metadata name it.
        client: The client that sends the token requests. None for a default client.
        store: A `TokenCache` shared by sources, or a store shared by processes. None for a new cache.
        options: Timeout, retries, renewal and events.
    """

    _library = _SHELL


class AsyncTokenSource(HttpxAsyncTokenSource[httpx.Client, httpx.AsyncClient, httpx.Request]):
    """
    Cache one access token and renew it before it expires, for tasks on asyncio and trio.

    Args:
        request: The token request, or credentials for a request without scope.
        endpoint: The token endpoint, a URL or an `Endpoint`, or an `Issuer` whose metadata name it.
        client: The client that sends the token requests. None for a default client.
        store: A `TokenCache` shared by sources, or a store shared by processes. None for a new cache.
        options: Timeout, retries, renewal and events.
    """

    _library = _SHELL


class ClientCredentialsAuth(HttpxAuth[httpx.Client, httpx.AsyncClient, httpx.Request], httpx.Auth):
    """
    Authorize each call of a client: ``httpx.Client(auth=auth)`` or ``httpx.AsyncClient(auth=auth)``.

    If the API rejects the token with a 401, the call is repeated once with a new token. A call is not repeated unless
    its body is in memory, or a form (``files=``) with seekable files. The first response is not read: its body is empty
    in ``response.history``. Calls raise the errors of `TokenSource.token`.

    Args:
        request: The token request, or credentials for a request without scope.
        endpoint: The token endpoint, a URL or an `Endpoint`, or an `Issuer` whose metadata name it.
        client: The client that sends the token requests. None for a default client.
        store: A `TokenCache` shared by auths, or a store shared by processes. None for a new cache.
        origins: URLs of the origins that receive the token. None stands for the origins of the request's resources, or
            without resources for the origin of the first call.
        options: Timeout, retries, renewal and events.
    """

    _library = _SHELL


def fetch_token(
    request: TokenRequest | ClientCredentials,
    endpoint: GivenEndpoint,
    *,
    client: httpx.Client | None = None,
    options: Options = DEFAULTS,
) -> Token:
    """
    Send one token request and return the token.

    Args:
        request: The token request, or credentials for a request without scope.
        endpoint: The token endpoint, a URL or an `Endpoint`, or an `Issuer` whose metadata name it.
        client: The client that sends the request. None for a default client.
        options: Timeout and retries.

    Raises:
        TokenRequestRefused: The server rejected the request.
        InvalidResponse: The response is not a token response.
        httpx.TransportError: No response arrived.
    """
    return _SHELL.perform(token_flow(request, endpoint, client, options), client, options)


async def fetch_token_async(
    request: TokenRequest | ClientCredentials,
    endpoint: GivenEndpoint,
    *,
    client: httpx.AsyncClient | None = None,
    options: Options = DEFAULTS,
) -> Token:
    """Send one token request and return the token, as `fetch_token` does, on asyncio and trio."""
    return await _SHELL.perform_async(token_flow(request, endpoint, client, options), client, options)


def fetch_metadata(
    issuer: str | Endpoint,
    *,
    client: httpx.Client | None = None,
    cache: MetadataCache | None = None,
    options: Options = DEFAULTS,
) -> "ServerMetadata":
    """
    Fetch the metadata of an authorization server (RFC 8414).

    Args:
        issuer: The issuer identifier, a URL or an `Endpoint`.
        client: The client that sends the request. None for a default client.
        cache: The cache of the metadata. None to fetch them at each call.
        options: Timeout and retries.

    Raises:
        InvalidResponse: The response does not contain metadata of *issuer*.
        httpx.TransportError: No response arrived.
    """
    from oauth_cc.flows.discovery import discover

    return _SHELL.perform(discover(issuer, retries=options.retries, cache=cache), client, options)


async def fetch_metadata_async(
    issuer: str | Endpoint,
    *,
    client: httpx.AsyncClient | None = None,
    cache: MetadataCache | None = None,
    options: Options = DEFAULTS,
) -> "ServerMetadata":
    """Fetch the metadata of an authorization server, as `fetch_metadata` does, on asyncio and trio."""
    from oauth_cc.flows.discovery import discover

    return await _SHELL.perform_async(discover(issuer, retries=options.retries, cache=cache), client, options)


def perform(flow: Flow[T], *, client: httpx.Client | None = None, options: Options = DEFAULTS) -> T:
    """
    Perform a flow of `oauth_cc.flows`, such as ``revoke`` or ``introspect``, and return its result.

    Args:
        flow: The flow. It is performed once.
        client: The client that sends the requests. None for a default client.
        options: The timeout. A flow has retries of its own.

    Raises:
        httpx.TransportError: No response arrived.
    """
    return _SHELL.perform(flow, client, options)


async def perform_async(flow: Flow[T], *, client: httpx.AsyncClient | None = None, options: Options = DEFAULTS) -> T:
    """Perform a flow and return its result, as `perform` does, on asyncio and trio."""
    return await _SHELL.perform_async(flow, client, options)
