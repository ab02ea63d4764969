"""
A transport of httpx to a test server, without sockets.
"""

import time
from collections.abc import AsyncIterator, Iterator
from typing import Final, final

try:
    import httpx
except ImportError as _error:
    raise ImportError("oauth_cc.testing.httpx needs httpx; install oauth_cc[httpx,testing]") from _error

from oauth_cc.testing import AuthorizationServer
from oauth_cc.testing._transport import Answered, FailureName, NotAnswered, answer

__all__ = ["Transport"]


def __dir__() -> list[str]:
    return __all__


_ERRORS: Final[dict[FailureName, type[httpx.TransportError]]] = {
    "unreachable": httpx.ConnectError,
    "timeout": httpx.ReadTimeout,
}


@final
class Transport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """
    A transport for ``httpx.Client`` and ``httpx.AsyncClient`` that calls *server* in the process.

    A request to another server fails with a ``ConnectError``: nothing is sent. A delay longer than the client's
    timeout raises its ``ReadTimeout`` immediately. A response that is cut raises a ``RemoteProtocolError``, after
    the bytes that arrive.

        >>> with httpx.Client(transport=Transport(AuthorizationServer(origin="https://auth.example.com"))) as client:
        ...     client.get("https://auth.example.com/resource").status_code
        401
    """

    def __init__(self, server: AuthorizationServer) -> None:
        self._server = server

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the response of the server."""
        found = self._answer(request, request.read())
        time.sleep(found.delay)
        return _response(found, request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the response of the server."""
        import anyio

        found = self._answer(request, await request.aread())
        await anyio.sleep(found.delay)
        return _response(found, request)

    def _answer(self, request: httpx.Request, body: bytes) -> Answered:
        timeout: object = request.extensions.get("timeout", {}).get("read")
        seconds = float(timeout) if isinstance(timeout, int | float) else None
        found = answer(self._server, request.method, str(request.url), request.headers.items(), body, seconds)
        if isinstance(found, NotAnswered):
            raise _ERRORS[found.failure](found.text, request=request)
        return found


def _response(found: Answered, request: httpx.Request) -> httpx.Response:
    content = found.content
    if content is None:
        raise httpx.RemoteProtocolError("the server of this test closed the connection", request=request)
    if found.is_whole:
        return httpx.Response(found.status, headers=found.headers, content=content, request=request)
    return httpx.Response(found.status, headers=found.headers, stream=_CutBody(content), request=request)


@final
class _CutBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content
        raise httpx.RemoteProtocolError(f"the server of this test sent {len(self._content)} bytes of the body")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk
