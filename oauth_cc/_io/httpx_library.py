"""
Token requests on httpx2 and httpx.

The two libraries share names and behaviour, but not classes. `Library` holds the classes that are instantiated.
"""

import ssl
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, aclosing, closing, nullcontext
from importlib.util import find_spec
from typing import Generic, TypeVar, final

import attrs

from oauth_cc._io import driver
from oauth_cc._io.arguments import check_kind
from oauth_cc._io.deadline import Deadline, DeadlineExceeded
from oauth_cc._io.httpx_connection import Connection, TooMuchRead
from oauth_cc._io.httpx_messages import Body, Request, Response
from oauth_cc._io.httpx_reading import Reading, release, release_async
from oauth_cc._io.options import Options, check_options
from oauth_cc._io.tracebacks import chain, strip_tracebacks
from oauth_cc._io.user_agent import with_user_agent
from oauth_cc.flows.effects import Failed, Flow, Received
from oauth_cc.http import HttpRequest

T = TypeVar("T")


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
        open: Makes a default client for threads, for a request to a URL.
        open_async: Makes a default client for async code, in the same way.
        send: Sends one request through a client, without redirects, authentication or cookies. The third argument
            becomes the first response hook.
        send_async: Sends one request through an async client, in the same way.
        request: Makes a request from method, URL, headers, body and timeout in seconds.
        body: Makes a body of the library from bytes.
        timed_out: Makes the library's timeout error from a text.
        transport_error: The library's error for a missing response.
        transient: Its subclasses that are worth a retry.
        not_read: The library's error for a body that is not in memory.
    """

    name: str
    client: type[C]
    async_client: type[A]
    open: Callable[[str], AbstractContextManager[C]]
    open_async: Callable[[str], AbstractAsyncContextManager[A]]
    send: Callable[[C, R, Callable[[Response], None]], Response]
    send_async: Callable[[A, R, Callable[[Response], Awaitable[None]]], Awaitable[Response]]
    request: Callable[[str, str, Mapping[str, str], bytes, float], R]
    body: Callable[[bytes], Body]
    timed_out: Callable[[str], Exception]
    transport_error: type[Exception]
    transient: tuple[type[Exception], ...]
    not_read: type[Exception]

    def plain(self, request: HttpRequest, timeout: float, trace: object) -> R:
        """
        Return *request* as a request of the library, without the headers that a client would add.

        Args:
            request: The token request, or the request for metadata.
            timeout: Seconds for connecting, and for each read and write.
            trace: The function that receives the trace events of the request.
        """
        named = with_user_agent(request)
        headers = {**dict(named.headers), "Accept-Encoding": "identity"}
        plain = self.request(named.method, named.url, headers, named.body, timeout)
        plain.extensions["trace"] = trace
        return plain

    def is_repeatable(self, request: R) -> bool:
        """Return whether the body of *request* can be sent again: it is in memory or in seekable files."""
        try:
            return isinstance(request.content, bytes)
        except self.not_read:
            fields: Iterable[object] = getattr(request.stream, "fields", ())
            files = [getattr(field, "file", b"") for field in fields]
            return bool(files) and all([isinstance(file, str | bytes) or file.seekable() for file in files])

    def sender(self, client: C | None, options: Options) -> Callable[[HttpRequest], Received | Failed]:
        """
        Return the function that sends a token request for threads.

        Args:
            client: The client to send through. None for a default client.
            options: The timeout of one attempt, and how long to wait before another attempt while one still hangs.

        Raises:
            InvalidInput: *client* has the wrong type.
        """
        check_kind(client, self.client)
        deadline: Deadline[Received | Failed] = Deadline(options.timeout, options.wait_timeout, self.name)

        def perform(request: HttpRequest) -> Received | Failed:
            connection = Connection(is_own=client is None)

            def attempt() -> Received | Failed:
                reading = Reading(self.body)
                plain = self.plain(request, options.timeout, connection.trace)
                try:
                    with (
                        self.open(request.url) if client is None else nullcontext(client) as through,
                        closing(self.send(through, plain, reading.read)) as response,
                    ):
                        reading.read(response)
                        return reading.result(response)
                except Exception as error:  # which may be a response hook's
                    return self._outcome(error, reading, request, connection, options.timeout)
                finally:
                    connection.close()

            try:
                return deadline.perform(attempt, connection.cut if client is None else None)
            except DeadlineExceeded as error:
                return self._late(str(error), request, connection)

        return perform

    def async_sender(
        self, client: A | None, options: Options
    ) -> Callable[[HttpRequest], Coroutine[object, object, Received | Failed]]:
        """
        Return the function that sends a token request for async code.

        Args:
            client: The client to send through. None for a default client.
            options: The timeout of one attempt.

        Raises:
            InvalidInput: *client* has the wrong type.
        """
        check_kind(client, self.async_client)
        timeout = options.timeout

        async def perform(request: HttpRequest) -> Received | Failed:
            # Only async code loads anyio, and asyncio with it.
            import anyio

            connection, reading = Connection(is_own=client is None), Reading(self.body)
            plain = self.plain(request, timeout, connection.trace_async)
            try:
                with anyio.fail_after(timeout):
                    async with (
                        self.open_async(request.url) if client is None else nullcontext(client) as through,
                        aclosing(await self.send_async(through, plain, reading.read_async)) as response,
                    ):
                        await reading.read_async(response)
                        return reading.result(response)
            except TimeoutError:
                return self._late(f"no complete response within {timeout:g} seconds", request, connection)
            except Exception as error:  # which may be a response hook's
                return self._outcome(error, reading, request, connection, timeout)

        return perform

    def _outcome(
        self, error: Exception, reading: Reading, request: HttpRequest, connection: Connection, timeout: float
    ) -> Received | Failed:
        # Loaded late, as most requests succeed.
        from oauth_cc._io.httpx_errors import describe, raising_hook, say, socks_missing

        # A hook that raises for status must not hide what the server said.
        refusal = reading.refusal()
        if isinstance(refusal, Received):
            remark = f"{raising_hook(error, self.name)} raised {type(error).__name__} for this response"
            return attrs.evolve(refusal, remark=remark)
        if refusal is not None:
            return refusal
        if isinstance(error, ImportError) and connection.is_own and (text := socks_missing(request, self.name)):
            return Failed(strip_tracebacks(ImportError(text)), retryable=False)
        if isinstance(error, TooMuchRead):
            return self._failed(self.transport_error(say("the response is too large", request, connection)), request)
        if isinstance(error, OSError):
            # With TLS 1.3 a rejected client certificate is reported after the handshake; on asyncio it surfaces as a
            # bare OSError.
            broken = self.transport_error("")
            broken.__cause__ = error
            error = broken
        if not isinstance(error, self.transport_error):
            raise error
        tls = any(isinstance(link, ssl.SSLError) for link in chain(error))
        describe(error, request, connection, timeout)
        return self._failed(error, request, retryable=isinstance(error, self.transient) and not tls)

    def _late(self, text: str, request: HttpRequest, connection: Connection) -> Failed:
        from oauth_cc._io.httpx_errors import say

        return self._failed(self.timed_out(say(text, request, connection)), request)

    def _failed(self, error: Exception, request: HttpRequest, *, retryable: bool = False) -> Failed:
        # The request of the error holds the secret.
        bare = self.request(request.method, request.url, {}, b"", 0.0)
        error.request = bare  # type: ignore[attr-defined]  # every error of these libraries has one
        return Failed(error, retryable)

    def release(self, response: Response) -> None:
        """Release the connection of *response*, whose body nobody reads."""
        release(response, self.body)

    async def release_async(self, response: Response) -> None:
        """Release the connection of *response*, whose body nobody reads."""
        await release_async(response, self.body)

    def check_async(self) -> None:
        """Raise `ImportError`, which names the extra to install, if anyio is missing."""
        if find_spec("anyio") is None:
            advice = f"install oauth_cc[{self.name}]"
            raise ImportError(f"oauth_cc.{self.name} needs anyio for async code; {advice}")

    def perform(self, flow: Flow[T], client: C | None, options: Options) -> T:
        """
        Run *flow* in this thread and return its result.

        Args:
            flow: A generator that yields effects.
            client: The client that sends its requests. None for a default client.
            options: The timeout of one attempt.

        Raises:
            InvalidInput: *client* has the wrong type.
        """
        check_options(options)
        return driver.drive(flow, self.sender(client, options))

    async def perform_async(self, flow: Flow[T], client: A | None, options: Options) -> T:
        """Run *flow* in this task and return its result, as `perform` does."""
        self.check_async()
        check_options(options)
        from oauth_cc._io import async_driver

        return await async_driver.drive(flow, self.async_sender(client, options))
