"""
Shared implementation for httpx2 and httpx.

The two have the same names and the same behaviour, but classes of their own: `Library` names those that are made here,
and protocols say what is used of the others.
"""

import copy
import ssl
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import AbstractAsyncContextManager, AbstractContextManager, aclosing, closing, nullcontext
from importlib.util import find_spec
from typing import Generic, Protocol, Self, TypeVar, final

import attrs

from oauth_cc._io import driver
from oauth_cc._io.async_source import AsyncTokenSource
from oauth_cc._io.context import check_client, check_kind, source_context
from oauth_cc._io.options import DEFAULTS, Options
from oauth_cc._io.origins import Origins
from oauth_cc._io.source import TokenSource
from oauth_cc._io.tracebacks import chain, strip_tracebacks
from oauth_cc._wire.content_coding import decode_content
from oauth_cc._wire.json import MAX_SIZE
from oauth_cc._wire.typing import NonStringCollection
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.challenge import NOTABLE, insufficient_scope, token_rejected
from oauth_cc.endpoint import Endpoint, Origin
from oauth_cc.errors import InvalidInput, InvalidResponse
from oauth_cc.flows.effects import Failed, Flow, Received
from oauth_cc.http import HttpRequest, HttpResponse
from oauth_cc.request import TokenRequest
from oauth_cc.scope import Scope
from oauth_cc.stores._protocol import AsyncStore, Store, is_async_store
from oauth_cc.stores.cache import TokenCache
from oauth_cc.token import Token, authorization

T = TypeVar("T")


class _Headers(Protocol):
    def multi_items(self) -> list[tuple[str, str]]: ...
    def get_list(self, key: str, split_commas: bool = False) -> list[str]: ...
    def __setitem__(self, key: str, value: str) -> None: ...


class _Url(Protocol):
    @property
    def scheme(self) -> str: ...
    @property
    def raw_host(self) -> bytes: ...
    @property
    def port(self) -> int | None: ...


class _Request(Protocol):
    @property
    def url(self) -> _Url: ...
    @property
    def headers(self) -> _Headers: ...
    @property
    def content(self) -> bytes: ...
    @property
    def stream(self) -> object: ...


class _Response(Protocol):
    @property
    def status_code(self) -> int: ...
    @property
    def url(self) -> _Url: ...
    @property
    def headers(self) -> _Headers: ...
    @property
    def is_stream_consumed(self) -> bool: ...
    @property
    def content(self) -> bytes: ...
    def iter_raw(self) -> Iterator[bytes]: ...
    def aiter_raw(self) -> AsyncIterator[bytes]: ...
    def close(self) -> None: ...
    async def aclose(self) -> None: ...


C = TypeVar("C")
A = TypeVar("A")
R = TypeVar("R", bound=_Request)


@final
@attrs.frozen
class Library(Generic[C, A, R]):
    """
    What differs between the two libraries.

    Args:
        name: The name of the library.
        client, async_client: Its classes of clients, which make clients of our own, too.
        send, send_async: Send one request through a client, as it is and without redirects.
        request: Makes a request from method, URL, headers, body and seconds.
        timed_out: Makes the library's error of a text.
        transport_error: Raised when no response came.
        transient: Its subclasses that are worth a retry.
        not_read: Raised when a body is not in memory.
    """

    name: str
    client: type[C]
    async_client: type[A]
    open: Callable[[], AbstractContextManager[C]]
    open_async: Callable[[], AbstractAsyncContextManager[A]]
    send: Callable[[C, R], _Response]
    send_async: Callable[[A, R], Awaitable[_Response]]
    request: Callable[[str, str, Mapping[str, str], bytes, float], R]
    timed_out: Callable[[str], Exception]
    transport_error: type[Exception]
    transient: tuple[type[Exception], ...]
    not_read: type[Exception]

    def plain(self, request: HttpRequest, timeout: float) -> R:
        """Gives *request* as one of the library's, made here and not by a client, which would add to it."""
        headers = {**dict(request.headers), "Accept-Encoding": "identity"}
        return self.request(request.method, request.url, headers, request.body, timeout)

    def is_repeatable(self, request: R) -> bool:
        """Whether the body of *request* can be sent again: it is in memory, or in files that can be sought."""
        try:
            return isinstance(request.content, bytes)
        except self.not_read:
            fields: Iterable[object] = getattr(request.stream, "fields", ())
            files = [getattr(field, "file", b"") for field in fields]
            return bool(files) and all([isinstance(file, str | bytes) or file.seekable() for file in files])

    def late(self, timeout: float) -> Exception:
        """Gives the library's error for an answer that did not come within *timeout* seconds."""
        return self.timed_out(f"no whole answer within {timeout:g} seconds")

    def broken(self, error: OSError) -> Exception:
        """Gives the library's error for a connection that *error* ended, which it did not name itself."""
        named = self.transport_error(str(error))
        named.__cause__ = error
        return named

    def failed(self, error: Exception, request: HttpRequest) -> Failed:
        """Gives the failure that *error* is, and *error* without what it holds of *request*."""
        # Its request holds the secret.
        bare = self.request(request.method, request.url, {}, b"", 0.0)
        error.request = bare  # type: ignore[attr-defined]  # every error of these libraries has one
        tls = any(isinstance(link, ssl.SSLError) for link in chain(error))
        return Failed(strip_tracebacks(error), retryable=isinstance(error, self.transient) and not tls)

    def sender(self, client: C | None, timeout: float) -> Callable[[HttpRequest], Received | Failed]:
        """
        Return what sends a token request for threads, through *client* or one of our own.

        *timeout* seconds are for connecting, for each read and write, and for the whole body. Raises `InvalidInput` for
        a client of another kind.
        """
        check_kind(client, self.client)

        def perform(request: HttpRequest) -> Received | Failed:
            with self.open() if client is None else nullcontext(client) as through:
                try:
                    response = self.send(through, self.plain(request, timeout))
                    with closing(response):
                        return _received(response, _read(self.late, response, timeout))
                except self.transport_error as error:
                    return self.failed(error, request)

        return perform

    def async_sender(
        self, client: A | None, timeout: float
    ) -> Callable[[HttpRequest], Coroutine[object, object, Received | Failed]]:
        """Return what sends a token request for async code; *timeout* seconds are for one whole attempt."""
        check_kind(client, self.async_client)

        async def perform(request: HttpRequest) -> Received | Failed:
            # Loaded by async code alone, as is asyncio with it.
            import anyio

            try:
                with anyio.fail_after(timeout):
                    async with self.open_async() if client is None else nullcontext(client) as through:
                        response = await self.send_async(through, self.plain(request, timeout))
                        async with aclosing(response):
                            return _received(response, await _read_async(response))
            except TimeoutError:
                return self.failed(self.late(timeout), request)
            except self.transport_error as error:
                return self.failed(error, request)
            except OSError as error:
                # With TLS 1.3 a rejected client certificate is reported after the handshake; on asyncio it surfaces as
                # a bare OSError.
                return self.failed(self.broken(error), request)

        return perform

    def check_async(self) -> None:
        """Raise `ImportError` with the extra to install if async code lacks anyio."""
        if find_spec("anyio") is None:
            advice = f"install oauth_cc[{self.name}]"
            raise ImportError(f"oauth_cc.{self.name} needs anyio for async code: {advice}")

    def perform(self, flow: Flow[T], client: C | None, options: Options) -> T:
        """Run *flow* in this thread, sending through *client*."""
        return driver.drive(flow, self.sender(client, options.timeout))

    async def perform_async(self, flow: Flow[T], client: A | None, options: Options) -> T:
        """Run *flow* in this task, sending through *client*."""
        self.check_async()
        from oauth_cc._io import async_driver

        return await async_driver.drive(flow, self.async_sender(client, options.timeout))


class HttpxTokenSource(TokenSource, Generic[C, A, R]):
    """The source for threads of either library, which a subclass names."""

    _library: Library[C, A, R]

    def __init__(
        self,
        request: TokenRequest | ClientCredentials,
        endpoint: str | Endpoint,
        *,
        client: C | None = None,
        store: TokenCache | Store | None = None,
        options: Options = DEFAULTS,
    ) -> None:
        context = source_context(request, endpoint, store, options)
        check_client(context.terms.request, client)
        super().__init__(context, self._library.sender(client, options.timeout))


class HttpxAsyncTokenSource(AsyncTokenSource, Generic[C, A, R]):
    """The source for async code of either library, which a subclass names."""

    _library: Library[C, A, R]

    def __init__(
        self,
        request: TokenRequest | ClientCredentials,
        endpoint: str | Endpoint,
        *,
        client: A | None = None,
        store: TokenCache | Store | AsyncStore | None = None,
        options: Options = DEFAULTS,
    ) -> None:
        self._library.check_async()
        context = source_context(request, endpoint, store, options)
        check_client(context.terms.request, client)
        super().__init__(context, self._library.async_sender(client, options.timeout))


class HttpxAuth(Generic[C, A, R]):
    """The auth of either library, which a subclass names."""

    _library: Library[C, A, R]

    def __init__(
        self,
        request: TokenRequest | ClientCredentials,
        endpoint: str | Endpoint,
        *,
        client: C | A | None = None,
        store: TokenCache | Store | AsyncStore | None = None,
        origins: NonStringCollection[str] | None = None,
        options: Options = DEFAULTS,
    ) -> None:
        library = self._library
        context = source_context(request, endpoint, store, options)
        check_client(context.terms.request, client)
        self._context = context
        self._source: TokenSource | None = None
        self._async_source: AsyncTokenSource | None = None
        if not isinstance(client, library.async_client) and not is_async_store(context.cache.store):
            check_kind(client, library.client)
            blocking = client if isinstance(client, library.client) else None
            self._source = TokenSource(context, library.sender(blocking, options.timeout))
        if not isinstance(client, library.client):
            check_kind(client, library.async_client)
            awaited = client if isinstance(client, library.async_client) else None
            self._async_source = AsyncTokenSource(context, library.async_sender(awaited, options.timeout))
        self._origins = Origins(origins, context.terms.request.resources)
        # The origins that were admitted once, as the library has them: they are for ever.
        self._admitted: set[tuple[str, bytes, int | None]] = set()

    def __repr__(self) -> str:
        if not hasattr(self, "_context"):
            # A traceback shows one that was refused while it was made.
            return f"{type(self).__name__}()"
        return f"{type(self).__name__}({self._context.terms.request!r})"

    @property
    def source(self) -> TokenSource:
        """Where calls in threads get their tokens. Raises `InvalidInput` if the client or store is for async code."""
        if self._source is None:
            reason = f"is for async code: give one for threads ({self._library.name}.Client)"
            raise InvalidInput("client or store", reason)
        return self._source

    @property
    def async_source(self) -> AsyncTokenSource:
        """Where calls in async code get their tokens. Raises `InvalidInput` if the client is for threads."""
        if self._async_source is None:
            reason = f"is for threads: give one for async code ({self._library.name}.AsyncClient)"
            raise InvalidInput("client", reason)
        return self._async_source

    def with_scope(self, scope: Scope) -> Self:
        """Return an auth with tokens of *scope* instead, for a call that needs them; all else is shared."""
        source = self._source and self._source.with_scope(scope)
        return self._with(source, self._async_source and self._async_source.with_scope(scope), self._origins)

    def with_resource(self, uri: str) -> Self:
        """
        Return an auth with tokens for the resource *uri* instead (RFC 8707), and for its origin if none were given.
        """
        source = self._source and self._source.with_resource(uri)
        async_source = self._async_source and self._async_source.with_resource(uri)
        return self._with(source, async_source, self._origins.of_resource(uri))

    def sync_auth_flow(self, request: R) -> Generator[R, _Response, None]:
        """Yield *request* with a token, and once more with a new one if that is rejected: called by the client."""
        source = self.source
        if not self._admits(request.url):
            yield request
            return
        token = source.token()
        response = yield _authorized(request, token)
        # The everyday call ends here, having made no record of its response.
        if response.status_code not in NOTABLE or not self._is_answer(response):
            return
        head = _head(response)
        if token_rejected(head):
            source.discard(token)
            if self._library.is_repeatable(request):
                head = _head((yield _authorized(request, source.token())))
        scope = insufficient_scope(head)
        if scope is not None:
            source.context.tell_scope(scope)

    async def async_auth_flow(self, request: R) -> AsyncGenerator[R, _Response]:
        """Do what `sync_auth_flow` does, for async code."""
        source = self.async_source
        if not self._admits(request.url):
            yield request
            return
        token = await source.token()
        response = yield _authorized(request, token)
        if response.status_code not in NOTABLE or not self._is_answer(response):
            return
        head = _head(response)
        if token_rejected(head):
            await source.discard(token)
            if self._library.is_repeatable(request):
                head = _head((yield _authorized(request, await source.token())))
        scope = insufficient_scope(head)
        if scope is not None:
            source.context.tell_scope(scope)

    def _with(self, source: TokenSource | None, async_source: AsyncTokenSource | None, origins: Origins) -> Self:
        other = copy.copy(self)
        context = next(each.context for each in (source, async_source) if each is not None)
        vars(other).update(
            _context=context, _source=source, _async_source=async_source, _origins=origins, _admitted=set()
        )
        return other

    def _admits(self, url: _Url) -> bool:
        parts = (url.scheme, url.raw_host, url.port)
        if parts in self._admitted:
            return True
        called = _origin(*parts)
        admitted = self._origins.admit(called)
        if admitted:
            self._admitted.add(parts)
        else:
            self._context.tell_withheld(called)
        return admitted

    def _is_answer(self, response: _Response) -> bool:
        # Redirects were followed on the way: what another origin says of the token does not count.
        url = response.url
        return self._origins.admit(_origin(url.scheme, url.raw_host, url.port))


def _head(response: _Response) -> HttpResponse:
    return HttpResponse(response.status_code, response.headers.multi_items())


def _authorized(request: R, token: Token) -> R:
    request.headers["Authorization"] = authorization(token).reveal()
    return request


def _origin(scheme: str, raw_host: bytes, port: int | None) -> Origin:
    # Of the parts that the library connects to.
    host = raw_host.decode("ascii").lower()
    return Origin(scheme, f"[{host}]" if ":" in host else host, port or {"https": 443, "http": 80}.get(scheme, 0))


def _read(late: Callable[[float], Exception], response: _Response, timeout: float) -> bytes | None:
    if response.is_stream_consumed:
        # A transport that made the answer itself, for a test, gives it whole.
        return None
    ends_at = time.monotonic() + timeout
    content = bytearray()
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > MAX_SIZE:
            break
        if time.monotonic() > ends_at:
            raise late(timeout)
    return bytes(content)


async def _read_async(response: _Response) -> bytes | None:
    import anyio

    if response.is_stream_consumed:
        return None
    content = bytearray()
    # Cancelled, not left: so the generators of the library below end in order, which trio asks for.
    with anyio.CancelScope() as scope:
        async for chunk in response.aiter_raw():
            content += chunk
            if len(content) > MAX_SIZE:
                scope.cancel()
    return bytes(content)


def _received(response: _Response, content: bytes | None) -> Received | Failed:
    headers = response.headers.multi_items()
    if content is None:
        return Received(HttpResponse(response.status_code, headers, response.content), time.time())
    decoded = decode_content(content, response.headers.get_list("Content-Encoding"), max_size=MAX_SIZE)
    if isinstance(decoded, str):
        return Failed(InvalidResponse(response.status_code, f"the answer {decoded}"), retryable=False)
    return Received(HttpResponse(response.status_code, headers, decoded), time.time())
