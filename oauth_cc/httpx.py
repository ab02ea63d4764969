"""
Tokens for httpx clients, for threads and async code.

Every token request is sent exactly as composed, with a User-Agent. No redirect is followed, and no ``.netrc``, cookie,
default header or default authentication of the client is added. At most 1 MiB of the response is read. Without
``client=``, the proxies and the certificate authorities of the environment are used.
"""

# A test holds the modules for httpx and its successor equal, except for the library's name. Edit both.

from typing import TYPE_CHECKING, TypeVar

try:
    from httpx import AsyncClient, Auth, Client, Request
except ImportError as _error:
    raise ImportError("oauth_cc.httpx needs httpx; install oauth_cc[httpx]") from _error

from oauth_cc._io.arguments import metadata_flow, token_flow
from oauth_cc._io.httpx_family import HttpxAsyncTokenSource, HttpxAuth, HttpxTokenSource
from oauth_cc._io.library_httpx import LIBRARY
from oauth_cc._io.options import DEFAULTS, Options
from oauth_cc.endpoint import Endpoint
from oauth_cc.flows.effects import Flow
from oauth_cc.flows.metadata_cache import MetadataCache
from oauth_cc.issuer import GivenEndpoint
from oauth_cc.request import GivenRequest
from oauth_cc.token import Token

if TYPE_CHECKING:
    from oauth_cc.metadata import ServerMetadata

T = TypeVar("T")

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


class TokenSource(HttpxTokenSource[Client, AsyncClient, Request]):
    """Cache one access token and renew it before it expires. Safe to share between threads."""

    _library = LIBRARY


class AsyncTokenSource(HttpxAsyncTokenSource[Client, AsyncClient, Request]):
    """Cache one access token and renew it before it expires, for tasks on asyncio and trio."""

    _library = LIBRARY


class ClientCredentialsAuth(HttpxAuth[Client, AsyncClient, Request], Auth):
    """
    Authorize each call of a client: ``httpx.Client(auth=auth)`` or ``httpx.AsyncClient(auth=auth)``.

    If the API rejects the token with a 401, the call is repeated once with a new token. A call is not repeated unless
    its body is in memory, or a form (``files=``) with seekable files. The first response is not read: its body is empty
    in ``response.history``. Calls raise the errors of `TokenSource.token`.
    """

    _library = LIBRARY


def fetch_token(
    request: GivenRequest, endpoint: GivenEndpoint, *, client: Client | None = None, options: Options = DEFAULTS
) -> Token:
    """
    Send one token request and return the token. `TokenSource` explains the arguments.

    Raises `TokenRequestRefused`, `InvalidResponse`, or `httpx.TransportError` if no response arrived.
    """
    return LIBRARY.perform(token_flow(request, endpoint, client, options), client, options)


async def fetch_token_async(
    request: GivenRequest, endpoint: GivenEndpoint, *, client: AsyncClient | None = None, options: Options = DEFAULTS
) -> Token:
    """Send one token request, as `fetch_token` does, on asyncio and trio. `AsyncTokenSource` explains the arguments."""
    return await LIBRARY.perform_async(token_flow(request, endpoint, client, options), client, options)


def fetch_metadata(
    issuer: str | Endpoint,
    *,
    client: Client | None = None,
    cache: MetadataCache | None = None,
    options: Options = DEFAULTS,
) -> "ServerMetadata":
    """
    Fetch the metadata of a server (RFC 8414), from *cache* while they are fresh. `from_issuer` explains the arguments.

    Raises `InvalidResponse` if they are not those of *issuer*, or `httpx.TransportError` if no response arrived.
    """
    return LIBRARY.perform(metadata_flow(issuer, cache, options), client, options)


async def fetch_metadata_async(
    issuer: str | Endpoint,
    *,
    client: AsyncClient | None = None,
    cache: MetadataCache | None = None,
    options: Options = DEFAULTS,
) -> "ServerMetadata":
    """Fetch metadata, as `fetch_metadata` does, on asyncio and trio. `from_issuer` explains the arguments."""
    return await LIBRARY.perform_async(metadata_flow(issuer, cache, options), client, options)


def perform(flow: Flow[T], *, client: Client | None = None, options: Options = DEFAULTS) -> T:
    """
    Perform a flow of `oauth_cc.flows`, such as ``revoke``, once, with its own retries, and return its result.

    `TokenSource` explains the arguments. Raises `httpx.TransportError` if no response arrived.
    """
    return LIBRARY.perform(flow, client, options)


async def perform_async(flow: Flow[T], *, client: AsyncClient | None = None, options: Options = DEFAULTS) -> T:
    """Perform a flow, as `perform` does, on asyncio and trio. `AsyncTokenSource` explains the arguments."""
    return await LIBRARY.perform_async(flow, client, options)
