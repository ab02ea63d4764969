"""
An adapter of requests to a test server, without sockets.
"""

import io
import time
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from typing import Final, final

try:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
except ImportError as _error:
    raise ImportError("oauth_cc.testing.requests needs requests; install oauth_cc[requests,testing]") from _error

from oauth_cc.testing import AuthorizationServer
from oauth_cc.testing._transport import FailureName, NotAnswered, answer

__all__ = ["Adapter"]


def __dir__() -> list[str]:
    return __all__


_ERRORS: Final[dict[FailureName, type[requests.RequestException]]] = {
    "unreachable": requests.ConnectionError,
    "timeout": requests.ReadTimeout,
}


@final
class Adapter(HTTPAdapter):
    """
    An adapter for ``session.mount`` that calls *server* in the process.

    A request to another server fails with a ``ConnectionError``: nothing is sent. A delay beyond the call's timeout
    raises a ``ReadTimeout`` at once. A response that is cut fails as over a socket, after the bytes
    that arrive.

        >>> with requests.Session() as session:
        ...     session.mount("https://", Adapter(AuthorizationServer(origin="https://auth.example.com")))
        ...     session.get("https://auth.example.com/resource").status_code
        401
    """

    def __init__(self, server: AuthorizationServer) -> None:
        super().__init__()
        self._server = server

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float | None, float | None] | None = None,
        verify: bool | str = True,
        cert: str | bytes | tuple[str | bytes, str | bytes] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Return the response of the server, as requests calls it."""
        # A body that is not in memory is not read.
        body = request.body.encode() if isinstance(request.body, str) else request.body
        content = body if isinstance(body, bytes) else b""
        given = request.headers.items()
        named = [(name, value if isinstance(value, str) else value.decode("latin-1")) for name, value in given]
        seconds = timeout[1] if isinstance(timeout, tuple) else timeout
        found = answer(self._server, request.method or "GET", request.url or "", named, content, seconds)
        if isinstance(found, NotAnswered):
            raise _ERRORS[found.failure](found.text, request=request)
        time.sleep(found.delay)
        # It reads no more of a socket than its file.
        read = HTTPResponse(_Sent(found.message), method=request.method)  # type: ignore[arg-type]  # not a socket
        try:
            read.begin()
        except HTTPException as error:
            raise requests.ConnectionError("the server of this test closed the connection", request=request) from error
        raw = urllib3.HTTPResponse(
            read,
            urllib3.HTTPHeaderDict(read.getheaders()),
            read.status,
            reason=read.reason,
            preload_content=False,
            original_response=read,
            request_method=request.method,
        )
        return self.build_response(request, raw)


@final
class _Sent:
    def __init__(self, message: bytes) -> None:
        self._message = message

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._message)
