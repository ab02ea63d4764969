"""
Token requests on httpx2 and httpx.

The two libraries share names and behaviour, but not classes. `Library` holds the classes that are instantiated, and
protocols describe their objects.
"""

import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, aclosing, closing, nullcontext
from importlib.util import find_spec
from typing import Generic, Protocol, TypeVar, final

import attrs

from oauth_cc._io import driver
from oauth_cc._io.context import check_kind
from oauth_cc._io.options import Options
from oauth_cc._io.tracebacks import chain, strip_tracebacks
from oauth_cc._wire.content_coding import decode_content
from oauth_cc._wire.json import MAX_SIZE
from oauth_cc.errors import InvalidResponse
from oauth_cc.flows.effects import Failed, Flow, Received
from oauth_cc.http import HttpRequest, HttpResponse

T = TypeVar("T")


class Headers(Protocol):
    """The headers of a request or response."""

    def multi_items(self) -> list[tuple[str, str]]: ...
    def get_list(self, key: str, split_commas: bool = False) -> list[str]: ...
    def __setitem__(self, key: str, value: str) -> None: ...


class Url(Protocol):
    """A URL of the library, in the parts that it connects to."""

    @property
    def scheme(self) -> str: ...
    @property
    def raw_host(self) -> bytes: ...
    @property
    def port(self) -> int | None: ...


class Request(Protocol):
    """A request of the library."""

    @property
    def url(self) -> Url: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def content(self) -> bytes: ...
    @property
    def stream(self) -> object: ...
    @property
    def extensions(self) -> MutableMapping[str, object]: ...


class Response(Protocol):
    """A response of the library."""

    @property
    def status_code(self) -> int: ...
    @property
    def url(self) -> Url: ...
    @property
    def headers(self) -> Headers: ...
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
R = TypeVar("R", bound=Request)


@final
@attrs.frozen
class Library(Generic[C, A, R]):
    """
    The classes and functions that differ between the two libraries.

    Args:
        name: The name of the library.
        client: Its class of clients for threads.
        async_client: Its class of clients for async code.
        open: Makes a default client for threads.
        open_async: Makes a default client for async code.
        send: Sends one request through a client, without redirects or authentication.
        send_async: Sends one request through an async client, in the same way.
        request: Makes a request from method, URL, headers, body and timeout in seconds.
        timed_out: Makes the library's timeout error from a text.
        transport_error: The library's error for a missing response.
        transient: Its subclasses that are worth a retry.
        not_read: The library's error for a body that is not in memory.
    """

    name: str
    client: type[C]
    async_client: type[A]
    open: Callable[[], AbstractContextManager[C]]
    open_async: Callable[[], AbstractAsyncContextManager[A]]
    send: Callable[[C, R], Response]
    send_async: Callable[[A, R], Awaitable[Response]]
    request: Callable[[str, str, Mapping[str, str], bytes, float], R]
    timed_out: Callable[[str], Exception]
    transport_error: type[Exception]
    transient: tuple[type[Exception], ...]
    not_read: type[Exception]

    def plain(self, request: HttpRequest, timeout: float) -> R:
        """Return *request* as a request of the library, without the headers that a client would add."""
        headers = {**dict(request.headers), "Accept-Encoding": "identity"}
        return self.request(request.method, request.url, headers, request.body, timeout)

    def is_repeatable(self, request: R) -> bool:
        """Return whether the body of *request* can be sent again: it is in memory or in seekable files."""
        try:
            return isinstance(request.content, bytes)
        except self.not_read:
            fields: Iterable[object] = getattr(request.stream, "fields", ())
            files = [getattr(field, "file", b"") for field in fields]
            return bool(files) and all([isinstance(file, str | bytes) or file.seekable() for file in files])

    def late(self, timeout: float) -> Exception:
        """Return the library's error for a response that took longer than *timeout* seconds."""
        return self.timed_out(f"no complete response within {timeout:g} seconds")

    def broken(self, error: OSError) -> Exception:
        """Return the library's error for a connection that ended with *error*."""
        named = self.transport_error(str(error))
        named.__cause__ = error
        return named

    def failed(self, error: Exception, request: HttpRequest) -> Failed:
        """Return *error* as a failure, without the secret of *request*."""
        bare = self.request(request.method, request.url, {}, b"", 0.0)
        error.request = bare  # type: ignore[attr-defined]  # every error of these libraries has one
        tls = any(isinstance(link, ssl.SSLError) for link in chain(error))
        return Failed(strip_tracebacks(error), retryable=isinstance(error, self.transient) and not tls)

    def sender(self, client: C | None, timeout: float) -> Callable[[HttpRequest], Received | Failed]:
        """
        Return the function that sends a token request for threads.

        Args:
            client: The client to send through. None for a default client.
            timeout: Seconds for connecting, for each read and write, and for the whole body.

        Raises:
            InvalidInput: *client* has the wrong type.
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
        """
        Return the function that sends a token request for async code.

        Args:
            client: The client to send through. None for a default client.
            timeout: Seconds for one whole attempt.

        Raises:
            InvalidInput: *client* has the wrong type.
        """
        check_kind(client, self.async_client)

        async def perform(request: HttpRequest) -> Received | Failed:
            # Only async code loads anyio, and asyncio with it.
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
        """Raise `ImportError`, which names the extra to install, if anyio is missing."""
        if find_spec("anyio") is None:
            advice = f"install oauth_cc[{self.name}]"
            raise ImportError(f"oauth_cc.{self.name} needs anyio for async code; {advice}")

    def perform(self, flow: Flow[T], client: C | None, options: Options) -> T:
        """Run *flow* in this thread and send its requests through *client*, or a default client."""
        return driver.drive(flow, self.sender(client, options.timeout))

    async def perform_async(self, flow: Flow[T], client: A | None, options: Options) -> T:
        """Run *flow* in this task and send its requests through *client*, or a default client."""
        self.check_async()
        from oauth_cc._io import async_driver

        return await async_driver.drive(flow, self.async_sender(client, options.timeout))


def _read(late: Callable[[float], Exception], response: Response, timeout: float) -> bytes | None:
    if response.is_stream_consumed:
        # A mock transport returns the whole content at once.
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


async def _read_async(response: Response) -> bytes | None:
    import anyio

    if response.is_stream_consumed:
        return None
    content = bytearray()
    # Cancelled, not left early, so that the generators of the library end in order, as trio requires.
    with anyio.CancelScope() as scope:
        async for chunk in response.aiter_raw():
            content += chunk
            if len(content) > MAX_SIZE:
                scope.cancel()
    return bytes(content)


def _received(response: Response, content: bytes | None) -> Received | Failed:
    headers = response.headers.multi_items()
    if content is None:
        return Received(HttpResponse(response.status_code, headers, response.content), time.time())
    decoded = decode_content(content, response.headers.get_list("Content-Encoding"), max_size=MAX_SIZE)
    if isinstance(decoded, str):
        return Failed(InvalidResponse(response.status_code, f"the response {decoded}"), retryable=False)
    return Received(HttpResponse(response.status_code, headers, decoded), time.time())
