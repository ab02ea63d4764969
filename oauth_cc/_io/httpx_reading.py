"""
Reading of responses on httpx2 and httpx, within limits.
"""

import time
from collections.abc import Callable
from typing import Final, final

from oauth_cc._io.httpx_messages import AsyncBody, Body, Response
from oauth_cc._wire.content_coding import decode_content
from oauth_cc._wire.json import MAX_SIZE
from oauth_cc.errors import InvalidResponse
from oauth_cc.flows.effects import Failed, Received
from oauth_cc.http import HttpResponse


@final
class Reading:
    """
    The response to one token request. It is read by the first response hook of the client.

    If a hook raises for status, the libraries close the response unread, and the server's words would be lost. A hook
    that comes after this one finds the body in memory.

    Args:
        in_memory: Returns a body of the library with these bytes.
    """

    def __init__(self, in_memory: Callable[[bytes], Body]) -> None:
        self._in_memory = in_memory
        self._response: Response | None = None
        self._raw: bytes | None = None

    def read(self, response: Response) -> None:
        """Read at most one chunk more than 1 MiB of the body of *response*, unless that was done before."""
        body = response.stream
        # A mock transport has the whole content at once.
        if self._response is None and not response.is_stream_consumed and isinstance(body, Body):
            raw = bytearray()
            for chunk in body:
                raw += chunk
                if len(raw) > MAX_SIZE:
                    break
            body.close()
            self._replace(response, bytes(raw))
        self._response = response

    async def read_async(self, response: Response) -> None:
        """Read *response* as `read` does."""
        import anyio

        body = response.stream
        if self._response is None and not response.is_stream_consumed and isinstance(body, AsyncBody):
            raw = bytearray()
            # Cancelled, not left early, so that the generators of the library end in order, as trio requires.
            with anyio.CancelScope() as scope:
                async for chunk in body:
                    raw += chunk
                    if len(raw) > MAX_SIZE:
                        scope.cancel()
            await body.aclose()
            self._replace(response, bytes(raw))
        self._response = response

    def result(self, response: Response) -> Received | Failed:
        """Return what was read of *response*."""
        status, headers = response.status_code, response.headers.multi_items()
        if self._raw is None:
            return Received(HttpResponse(status, headers, response.content), time.time())
        decoded = decode_content(self._raw, response.headers.get_list("Content-Encoding"), max_size=MAX_SIZE)
        if isinstance(decoded, str):
            return Failed(InvalidResponse(status, f"the response {decoded}"), retryable=False)
        return Received(HttpResponse(status, headers, decoded), time.time())

    def refusal(self) -> Received | Failed | None:
        """Return what was read if it is not a success. None also if nothing was read."""
        response = self._response
        return None if response is None or 200 <= response.status_code < 300 else self.result(response)

    def _replace(self, response: Response, raw: bytes) -> None:
        self._raw = raw
        response.stream = self._in_memory(raw)  # type: ignore[misc]  # an attribute in both libraries


# Reading the rest of a short response keeps its connection usable.
_MAX_REST: Final = 2**16
_REST_SECONDS: Final = 0.25


def release(response: Response, in_memory: Callable[[bytes], Body]) -> None:
    """
    Release the connection of *response*: close it, or return it to its pool if the rest of the response is short.

    Otherwise the libraries read and decode the whole response before the same call is sent again. The body is empty
    afterwards.

    Args:
        response: A response to a client for threads.
        in_memory: Returns a body of the library with these bytes.
    """
    body = response.stream
    if response.is_stream_consumed or not isinstance(body, Body):
        return
    extensions = response.request.extensions
    before = extensions.get("timeout", {})
    # The reads of the body have the timeout that stands here when they begin.
    extensions["timeout"] = {"read": _REST_SECONDS}
    size, ends_at = 0, time.monotonic() + _REST_SECONDS
    try:
        for chunk in body:
            size += len(chunk)
            if size > _MAX_REST or time.monotonic() > ends_at:
                break
    except Exception:  # noqa: S110  # the connection has ended
        pass
    finally:
        extensions["timeout"] = before
        body.close()
        _empty(response, in_memory)


async def release_async(response: Response, in_memory: Callable[[bytes], Body]) -> None:
    """Release the connection of *response* to an async client, as `release` does."""
    import anyio

    body = response.stream
    if response.is_stream_consumed or not isinstance(body, AsyncBody):
        return
    size = 0
    try:
        with anyio.move_on_after(_REST_SECONDS) as scope:
            async for chunk in body:
                size += len(chunk)
                if size > _MAX_REST:
                    scope.cancel()
    except Exception:  # noqa: S110  # as in `release`
        pass
    finally:
        await body.aclose()
        _empty(response, in_memory)


def _empty(response: Response, in_memory: Callable[[bytes], Body]) -> None:
    response.stream = in_memory(b"")  # type: ignore[misc]  # an attribute in both libraries
