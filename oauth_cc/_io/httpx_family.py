"""
What httpx2 and httpx have in common, which is all of it: one code for both.

The two have the same names and the same behaviour, but classes of their own: `Library` names those that are made here,
and protocols say what is used of the others.
"""

import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterable, Iterator, Mapping
from typing import Final, Generic, Protocol, TypeVar, assert_never, final

import anyio
import attrs

from oauth_cc._io.async_source import AsyncTokenSource
from oauth_cc._io.context import SourceContext, check_timeout
from oauth_cc._io.origins import Origins
from oauth_cc._io.source import TokenSource
from oauth_cc._io.tracebacks import chain, strip_tracebacks
from oauth_cc._wire.content_coding import decode_content
from oauth_cc._wire.json import MAX_SIZE
from oauth_cc.endpoint import Origin
from oauth_cc.errors import InvalidInput, MalformedResponse
from oauth_cc.flows.call import NOTABLE, Call, Forget, Obtain, TellScope, advance_call, answered
from oauth_cc.flows.effects import Failed, Received
from oauth_cc.http import HttpRequest, HttpResponse
from oauth_cc.request import TokenRequest
from oauth_cc.scope import Scope
from oauth_cc.token import Token, authorization

DEFAULT_TIMEOUT: Final = 10.0
"""Seconds that one token request may take."""


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


R = TypeVar("R", bound=_Request)
S = TypeVar("S", bound=_Response)


@final
@attrs.frozen
class Library(Generic[R]):
    """
    A library's own: *request* makes a request from method, URL, headers, body and seconds; *timed_out* makes its error
    from a text; *transport_error* is what it raises for want of an answer, *passing* are those of them that may not
    come again, and *not_read* is what it raises if a body is not in memory.
    """

    name: str
    request: Callable[[str, str, Mapping[str, str], bytes, float], R]
    timed_out: Callable[[str], Exception]
    transport_error: type[Exception]
    passing: tuple[type[Exception], ...]
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
        return Failed(strip_tracebacks(error), retryable=isinstance(error, self.passing) and not tls)


def sender(library: Library[R], send: Callable[[R], S], timeout: float) -> Callable[[HttpRequest], Received | Failed]:
    """
    Gives what sends a token request for threads: *send* is the client's, and *timeout* seconds are for connecting, for
    each read and write, and for the whole body. Raises `InvalidInput` if *timeout* can be none.
    """
    check_timeout(timeout)

    def perform(request: HttpRequest) -> Received | Failed:
        try:
            response = send(library.plain(request, timeout))
            try:
                return _received(response, _read(library, response, timeout))
            finally:
                response.close()
        except library.transport_error as error:
            return library.failed(error, request)

    return perform


def async_sender(
    library: Library[R], send: Callable[[R], Awaitable[S]], timeout: float
) -> Callable[[HttpRequest], Awaitable[Received | Failed]]:
    """
    Gives what sends a token request for async code; *timeout* seconds are for one whole attempt. Raises `InvalidInput`
    if they can be none.
    """
    check_timeout(timeout)

    async def perform(request: HttpRequest) -> Received | Failed:
        try:
            with anyio.fail_after(timeout):
                response = await send(library.plain(request, timeout))
                try:
                    return _received(response, await _read_async(response))
                finally:
                    await response.aclose()
        except TimeoutError:
            return library.failed(library.late(timeout), request)
        except library.transport_error as error:
            return library.failed(error, request)
        except OSError as error:
            # On asyncio the libraries let through what TLS 1.3 has against the client's certificate, as it comes late.
            return library.failed(library.broken(error), request)

    return perform


@final
@attrs.frozen(eq=False)
class Caller(Generic[R]):
    """
    Makes calls to *origins* with tokens of *source*, or of *async_source* in async code; one of the two may be missing.
    """

    library: Library[R]
    source: TokenSource | None
    async_source: AsyncTokenSource | None
    origins: Origins
    # Those that were admitted once, as the library has them: they are for ever.
    _admitted: set[tuple[str, bytes, int | None]] = attrs.field(
        factory=lambda: set[tuple[str, bytes, int | None]](), init=False
    )

    @property
    def request(self) -> TokenRequest | None:
        """What tokens are asked for with."""
        source = self.source or self.async_source
        return None if source is None else source.context.terms.request

    def with_scope(self, scope: Scope) -> "Caller[R]":
        """Gives a caller with tokens of *scope* instead."""
        return attrs.evolve(
            self,
            source=self.source and self.source.with_scope(scope),
            async_source=self.async_source and self.async_source.with_scope(scope),
        )

    def with_resource(self, uri: str) -> "Caller[R]":
        """Gives a caller with tokens for the resource *uri* instead."""
        return attrs.evolve(
            self,
            source=self.source and self.source.with_resource(uri),
            async_source=self.async_source and self.async_source.with_resource(uri),
            origins=self.origins.of_resource(uri),
        )

    def flow(self, request: R) -> Generator[R, _Response, None]:
        """Gives the library's flow for one call: yields requests, and is sent their responses."""
        source = self.source
        if source is None:
            raise InvalidInput(
                "client or store", f"is for async code: give one for threads ({self.library.name}.Client)"
            )
        if not self._admits(request.url, source.context):
            yield request
            return
        token = source.token()
        response = yield _authorized(request, token)
        # The everyday call ends here, having made no record of its answer.
        if response.status_code not in NOTABLE or not self._is_answer(response):
            return
        steps = answered(token, _head(response), repeatable=self.library.is_repeatable(request))
        step = advance_call(steps, None)
        while step is not None:
            answer: Token | HttpResponse | None = None
            match step:
                case Obtain():
                    answer = source.token()
                case Call(token):
                    answer = _head((yield _authorized(request, token)))
                case Forget(token):
                    source.discard(token)
                case TellScope(scope):
                    source.context.tell_scope(scope)
                case _:
                    assert_never(step)
            step = advance_call(steps, answer)

    async def async_flow(self, request: R) -> AsyncGenerator[R, _Response]:
        """Gives what `flow` gives, for async code."""
        source = self.async_source
        if source is None:
            raise InvalidInput("client", f"is for threads: give one for async code ({self.library.name}.AsyncClient)")
        if not self._admits(request.url, source.context):
            yield request
            return
        token = await source.token()
        response = yield _authorized(request, token)
        # The everyday call ends here, having made no record of its answer.
        if response.status_code not in NOTABLE or not self._is_answer(response):
            return
        steps = answered(token, _head(response), repeatable=self.library.is_repeatable(request))
        step = advance_call(steps, None)
        while step is not None:
            answer: Token | HttpResponse | None = None
            match step:
                case Obtain():
                    answer = await source.token()
                case Call(token):
                    answer = _head((yield _authorized(request, token)))
                case Forget(token):
                    await source.discard(token)
                case TellScope(scope):
                    source.context.tell_scope(scope)
                case _:
                    assert_never(step)
            step = advance_call(steps, answer)

    def _admits(self, url: _Url, context: SourceContext) -> bool:
        parts = (url.scheme, url.raw_host, url.port)
        if parts in self._admitted:
            return True
        called = _origin(*parts)
        admitted = self.origins.admit(called)
        if admitted:
            self._admitted.add(parts)
        else:
            context.tell_withheld(called)
        return admitted

    def _is_answer(self, response: _Response) -> bool:
        # Redirects were followed on the way: what another origin says of the token does not count.
        url = response.url
        return self.origins.admit(_origin(url.scheme, url.raw_host, url.port))


def _head(response: _Response) -> HttpResponse:
    return HttpResponse(response.status_code, response.headers.multi_items())


def _authorized(request: R, token: Token) -> R:
    request.headers["Authorization"] = authorization(token).reveal()
    return request


def _origin(scheme: str, raw_host: bytes, port: int | None) -> Origin:
    # Of the parts that the library connects to.
    host = raw_host.decode("ascii").lower()
    return Origin(scheme, f"[{host}]" if ":" in host else host, port or {"https": 443, "http": 80}.get(scheme, 0))


def _read(library: Library[R], response: _Response, timeout: float) -> bytes | None:
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
            raise library.late(timeout)
    return bytes(content)


async def _read_async(response: _Response) -> bytes | None:
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
        return Failed(MalformedResponse(response.status_code, f"the answer {decoded}"), retryable=False)
    return Received(HttpResponse(response.status_code, headers, decoded), time.time())
