"""
The shell over httpx: fetches tokens, and puts fresh ones on calls, for threads and for async code.

Whatever client is used, a token request goes out as composed and nothing else: no redirect is followed, and no
``.netrc``, cookie, default header or default authentication of the client is added. The answer is read up to a bound.
"""

import copy
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from functools import partial
from typing import Final, Self

try:
    import httpx

    # These need anyio.
    from oauth_cc._io import async_driver, async_source, driver, source
    from oauth_cc._io.httpx_family import DEFAULT_TIMEOUT, Caller, Library, async_sender, sender
except ImportError as _error:
    raise ImportError("oauth_cc.httpx needs httpx and anyio: install oauth_cc[httpx]") from _error

from oauth_cc._io.context import SourceOptions, check_client, check_kind, check_timeout
from oauth_cc._io.origins import Origins
from oauth_cc._wire.typing import NonStringCollection
from oauth_cc.authentication.certificate import Certificate
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.events import EventHook
from oauth_cc.flows import discovery
from oauth_cc.flows.discovery import AddressedRequest, MetadataCache, discover
from oauth_cc.flows.effects import Failed, Received
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries, exchange
from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow
from oauth_cc.flows.renewal import DEFAULT_WAIT_TIMEOUT
from oauth_cc.http import HttpRequest
from oauth_cc.metadata import ServerMetadata
from oauth_cc.request import TokenRequest
from oauth_cc.scope import Scope
from oauth_cc.stores._protocol import AsyncStore, Store, is_async_store
from oauth_cc.stores.cache import TokenCache
from oauth_cc.token import Token

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


_NO_SCOPE: Final = Scope()


def fetch_token(
    request: TokenRequest,
    endpoint: str,
    *,
    client: httpx.Client | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    retries: Retries = DEFAULT_RETRIES,
    allow_http_loopback: bool = False,
) -> Token:
    """
    Gives the token that the token *endpoint* answers to *request*.

    *client*: the httpx client to send it with (its proxies, certificates, transports), or None for one of our own that
    ignores the environment; *timeout*: seconds for connecting, for each read and write, and for the whole body;
    *retries* and *allow_http_loopback* are those of `oauth_cc.flows.exchange`.

    Raises `oauth_cc.TokenRequestRefused`, `oauth_cc.InvalidResponse`, `oauth_cc.InvalidInput`, and
    `httpx.TransportError` if no answer came.
    """
    check_client(request, client)
    flow = exchange(request, endpoint, retries=retries, allow_http_loopback=allow_http_loopback)
    return driver.drive(flow, _sender(client, timeout))


async def fetch_token_async(
    request: TokenRequest,
    endpoint: str,
    *,
    client: httpx.AsyncClient | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    retries: Retries = DEFAULT_RETRIES,
    allow_http_loopback: bool = False,
) -> Token:
    """
    Gives what `fetch_token` gives, on asyncio and trio; *timeout* is for one whole attempt.
    """
    check_client(request, client)
    flow = exchange(request, endpoint, retries=retries, allow_http_loopback=allow_http_loopback)
    return await async_driver.drive(flow, _async_sender(client, timeout))


def fetch_metadata(
    issuer: str,
    *,
    client: httpx.Client | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    retries: Retries = DEFAULT_RETRIES,
    cache: MetadataCache | None = None,
    allow_http_loopback: bool = False,
) -> ServerMetadata:
    """
    Gives what the authorization server *issuer* says of itself (RFC 8414).

    *client* and *timeout* are those of `fetch_token`, the others those of `oauth_cc.flows.discover`.
    Raises `oauth_cc.InvalidResponse`, `oauth_cc.InvalidInput`, and `httpx.TransportError` if no answer came.
    """
    flow = discover(issuer, retries=retries, cache=cache, allow_http_loopback=allow_http_loopback)
    return driver.drive(flow, _sender(client, timeout))


async def fetch_metadata_async(
    issuer: str,
    *,
    client: httpx.AsyncClient | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    retries: Retries = DEFAULT_RETRIES,
    cache: MetadataCache | None = None,
    allow_http_loopback: bool = False,
) -> ServerMetadata:
    """
    Gives what `fetch_metadata` gives, on asyncio and trio; *timeout* is for one whole answer.
    """
    flow = discover(issuer, retries=retries, cache=cache, allow_http_loopback=allow_http_loopback)
    return await async_driver.drive(flow, _async_sender(client, timeout))


def from_issuer(
    issuer: str,
    credentials: ClientCredentials,
    scope: Scope = _NO_SCOPE,
    *,
    certificate: Certificate | None = None,
    client: httpx.Client | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    retries: Retries = DEFAULT_RETRIES,
    cache: MetadataCache | None = None,
    allow_http_loopback: bool = False,
) -> AddressedRequest:
    """
    Gives the request of *credentials* for *scope* with its endpoint at *issuer*, which its metadata name (RFC 8414).

    *client* and *timeout* are those of `fetch_token`, the others those of `oauth_cc.flows.from_issuer`. Raises what
    `fetch_metadata` raises, and `oauth_cc.InvalidInput` if the server does not take *credentials* as they are.
    """
    flow = discovery.from_issuer(
        issuer,
        credentials,
        scope,
        certificate=certificate,
        retries=retries,
        cache=cache,
        allow_http_loopback=allow_http_loopback,
    )
    return driver.drive(flow, _sender(client, timeout))


async def from_issuer_async(
    issuer: str,
    credentials: ClientCredentials,
    scope: Scope = _NO_SCOPE,
    *,
    certificate: Certificate | None = None,
    client: httpx.AsyncClient | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    retries: Retries = DEFAULT_RETRIES,
    cache: MetadataCache | None = None,
    allow_http_loopback: bool = False,
) -> AddressedRequest:
    """
    Gives what `from_issuer` gives, on asyncio and trio; *timeout* is for one whole answer.
    """
    flow = discovery.from_issuer(
        issuer,
        credentials,
        scope,
        certificate=certificate,
        retries=retries,
        cache=cache,
        allow_http_loopback=allow_http_loopback,
    )
    return await async_driver.drive(flow, _async_sender(client, timeout))


class TokenSource(source.TokenSource):
    """
    A source of fresh tokens for threads over httpx: `oauth_cc._io.source.TokenSource` with *client* and *timeout* as
    `fetch_token` has them.
    """

    def __init__(
        self,
        request: TokenRequest,
        endpoint: str,
        *,
        client: httpx.Client | None = None,
        store: TokenCache | Store | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retries: Retries = DEFAULT_RETRIES,
        renewal_window: RenewalWindow = DEFAULT_WINDOW,
        wait_timeout: float = DEFAULT_WAIT_TIMEOUT,
        on_event: EventHook | None = None,
        allow_http_loopback: bool = False,
    ) -> None:
        options: SourceOptions = {
            "retries": retries,
            "renewal_window": renewal_window,
            "wait_timeout": wait_timeout,
            "on_event": on_event,
            "allow_http_loopback": allow_http_loopback,
        }
        check_client(request, client)
        super().__init__(request, endpoint, send=_sender(client, timeout), store=store, **options)


class AsyncTokenSource(async_source.AsyncTokenSource):
    """
    A source of fresh tokens for async code over httpx: `oauth_cc._io.async_source.AsyncTokenSource` with *client* and
    *timeout* as `fetch_token_async` has them.
    """

    def __init__(
        self,
        request: TokenRequest,
        endpoint: str,
        *,
        client: httpx.AsyncClient | None = None,
        store: TokenCache | Store | AsyncStore | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retries: Retries = DEFAULT_RETRIES,
        renewal_window: RenewalWindow = DEFAULT_WINDOW,
        wait_timeout: float = DEFAULT_WAIT_TIMEOUT,
        on_event: EventHook | None = None,
        allow_http_loopback: bool = False,
    ) -> None:
        options: SourceOptions = {
            "retries": retries,
            "renewal_window": renewal_window,
            "wait_timeout": wait_timeout,
            "on_event": on_event,
            "allow_http_loopback": allow_http_loopback,
        }
        check_client(request, client)
        super().__init__(request, endpoint, send=_async_sender(client, timeout), store=store, **options)


class ClientCredentialsAuth(httpx.Auth):
    """
    Puts a fresh token on each call of a client: ``httpx.Client(auth=auth)``, ``httpx.AsyncClient(auth=auth)``.

    *request*, *endpoint*: what to ask for and where; *client*: the client through which the token is asked for, None
    for one of our own, which serves threads and async code alike; *origins*: URLs of the origins that the token is
    meant for, None for those of the request's resources, else for that of the first call; *store* and the others as
    `TokenSource` has them.

    A call that is answered 401 for its token is made once more with a new one, if its body is in memory or in files
    that can be sought. Calls raise what `TokenSource.token` raises.
    """

    def __init__(
        self,
        request: TokenRequest,
        endpoint: str,
        *,
        client: httpx.Client | httpx.AsyncClient | None = None,
        store: TokenCache | Store | AsyncStore | None = None,
        origins: NonStringCollection[str] | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retries: Retries = DEFAULT_RETRIES,
        renewal_window: RenewalWindow = DEFAULT_WINDOW,
        wait_timeout: float = DEFAULT_WAIT_TIMEOUT,
        on_event: EventHook | None = None,
        allow_http_loopback: bool = False,
    ) -> None:
        options: SourceOptions = {
            "retries": retries,
            "renewal_window": renewal_window,
            "wait_timeout": wait_timeout,
            "on_event": on_event,
            "allow_http_loopback": allow_http_loopback,
        }
        cache = store if isinstance(store, TokenCache) else TokenCache(store)
        blocking = awaited = None
        if not isinstance(client, httpx.AsyncClient) and not is_async_store(cache.store):
            blocking = TokenSource(request, endpoint, client=client, store=cache, timeout=timeout, **options)
        if not isinstance(client, httpx.Client):
            awaited = AsyncTokenSource(request, endpoint, client=client, store=cache, timeout=timeout, **options)
        meant = Origins(origins, request.resources, allow_http_loopback=allow_http_loopback)
        self._caller = Caller(_LIBRARY, blocking, awaited, meant)

    def __repr__(self) -> str:
        if not hasattr(self, "_caller"):
            # A traceback shows one that was refused while it was made.
            return f"{type(self).__name__}()"
        return f"{type(self).__name__}({self._caller.request!r})"

    def with_scope(self, scope: Scope) -> Self:
        """Gives an auth with tokens of *scope* instead, for a call that needs them; all else is shared."""
        return self._with_caller(self._caller.with_scope(scope))

    def with_resource(self, uri: str) -> Self:
        """
        Gives an auth with tokens for the resource *uri* instead (RFC 8707), and for its origin if none were given.
        """
        return self._with_caller(self._caller.with_resource(uri))

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Gives the flow that `httpx.Client` runs for each call."""
        return self._caller.flow(request)

    def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Gives the flow that `httpx.AsyncClient` runs for each call."""
        return self._caller.async_flow(request)

    def _with_caller(self, caller: Caller[httpx.Request]) -> Self:
        other = copy.copy(self)
        other._caller = caller  # noqa: SLF001  # a copy of this very object
        return other


def _request(method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> httpx.Request:
    extensions = {"timeout": httpx.Timeout(timeout).as_dict()}
    return httpx.Request(method, url, headers=headers, content=body, extensions=extensions)


_LIBRARY: Final = Library(
    "httpx",
    _request,
    httpx.ReadTimeout,
    httpx.TransportError,
    (httpx.NetworkError, httpx.RemoteProtocolError, httpx.ConnectTimeout),
    httpx.RequestNotRead,
)


def _sender(client: httpx.Client | None, timeout: float) -> Callable[[HttpRequest], Received | Failed]:
    check_kind(client, httpx.Client)
    if client is not None:
        return sender(_LIBRARY, partial(client.send, stream=True, auth=None, follow_redirects=False), timeout)
    check_timeout(timeout)

    def send(request: HttpRequest) -> Received | Failed:
        with httpx.Client(trust_env=False) as own:
            return _sender(own, timeout)(request)

    return send


def _async_sender(
    client: httpx.AsyncClient | None, timeout: float
) -> Callable[[HttpRequest], Awaitable[Received | Failed]]:
    check_kind(client, httpx.AsyncClient)
    if client is not None:
        return async_sender(_LIBRARY, partial(client.send, stream=True, auth=None, follow_redirects=False), timeout)
    check_timeout(timeout)

    async def send(request: HttpRequest) -> Received | Failed:
        async with httpx.AsyncClient(trust_env=False) as own:
            return await _async_sender(own, timeout)(request)

    return send
