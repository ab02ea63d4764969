"""
Token requests with ``urllib.request``, each on its own connection.
"""

import ssl
import time
from collections.abc import Callable
from functools import cache, partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import TypedDict, Unpack, final
from urllib.error import URLError
from urllib.request import AbstractHTTPHandler, OpenerDirector, ProxyHandler, Request, getproxies, proxy_bypass

from oauth_cc._io.arguments import check_kind
from oauth_cc._io.connection import Connection
from oauth_cc._io.deadline import Deadline, DeadlineExceeded
from oauth_cc._io.network_errors import bare_proxy, is_cut_head, sentence, system_reason, tunnel_status
from oauth_cc._io.tracebacks import strip_tracebacks
from oauth_cc._io.user_agent import with_user_agent
from oauth_cc._wire.content_coding import decode_content
from oauth_cc._wire.json import MAX_SIZE
from oauth_cc.errors import InvalidResponse
from oauth_cc.flows.effects import Failed, Received
from oauth_cc.http import HttpRequest, HttpResponse


def sender(
    tls: ssl.SSLContext | None, timeout: float, wait_timeout: float
) -> Callable[[HttpRequest], Received | Failed]:
    """
    Return a function that sends a token request.

    Args:
        tls: The client's side of TLS. None for the authorities of the environment.
        timeout: The seconds that an attempt may take.
        wait_timeout: Unused while every connection can be cut.

    Raises:
        InvalidInput: *tls* has the wrong type.
    """
    check_kind(tls, ssl.SSLContext)
    deadline: Deadline[Received | Failed] = Deadline(timeout, wait_timeout, "urllib.request")

    def send(request: HttpRequest) -> Received | Failed:
        named, connection = with_user_agent(request), Connection()
        try:
            return deadline.perform(partial(_attempt, named, tls, timeout, connection), connection.cut)
        except DeadlineExceeded as late:
            return Failed(strip_tracebacks(TimeoutError(_sentence(str(late), request))), retryable=True)

    return send


def _attempt(
    request: HttpRequest, tls: ssl.SSLContext | None, timeout: float, connection: Connection
) -> Received | Failed:
    try:
        context = tls or (_tls() if request.url.startswith("https:") else None)
        opener = OpenerDirector()
        # No handler follows redirects, keeps cookies or reads a netrc file, and no status is an error.
        for handler in (ProxyHandler(), _Handler(connection, context)):
            opener.add_handler(handler)
        headers = {**dict(request.headers), "Accept-Encoding": "identity"}
        # The body is None for GET.
        sent = Request(request.url, request.body or None, headers, method=request.method)  # noqa: S310  # https, or loopback
        response = opener.open(sent, timeout=timeout)
        if not isinstance(response, HTTPResponse):
            raise URLError("no response")
        with response:
            return _read(response, time.monotonic() + timeout)
    except (OSError, HTTPException) as error:
        return _failed(error, request, timeout)


def _read(response: HTTPResponse, ends_at: float) -> Received | Failed:
    headers = response.getheaders()
    limit = MAX_SIZE - sum([len(name) + len(value) for name, value in headers])
    content = bytearray()
    while len(content) <= limit and (chunk := response.read1(65536)):
        content += chunk
        if time.monotonic() > ends_at:
            raise TimeoutError
    if response.length and len(content) <= limit:
        # http.client reports an early end for whole reads alone.
        raise IncompleteRead(b"", response.length)
    if not content and is_cut_head(response.status, response.version, headers):
        raise IncompleteRead(b"")
    codings = [value for name, value in headers if name.lower() == "content-encoding"]
    decoded = decode_content(bytes(content), codings, max_size=MAX_SIZE)
    if limit < len(content) <= MAX_SIZE:
        decoded = f"exceeds {MAX_SIZE} bytes with its headers"
    if isinstance(decoded, str):
        return Failed(InvalidResponse(response.status, f"the response {decoded}"), retryable=False)
    return Received(HttpResponse(response.status, headers, decoded), time.time())


def _failed(error: OSError | HTTPException, request: HttpRequest, timeout: float) -> Failed:
    # The texts of http.client quote what a server sent.
    reason = system_reason(error)
    late = isinstance(error, TimeoutError) or (isinstance(error, URLError) and isinstance(error.reason, TimeoutError))
    if late:
        text = _sentence(f"no complete response within {timeout:g} seconds", request)
        return Failed(strip_tracebacks(TimeoutError(text)), retryable=True)
    text, tunnel = "no connection, or it was closed early, or the response is not HTTP", tunnel_status(error)
    if tunnel is not None:
        text = f"the proxy did not connect (HTTP {tunnel})"
    elif reason is not None:
        text = f"{text} ({reason})"
    made = URLError(_sentence(text, request))
    return Failed(strip_tracebacks(made), retryable=not isinstance(reason, ssl.SSLError))


def _sentence(text: str, request: HttpRequest) -> str:
    # As the ProxyHandler chooses the proxy.
    called = Request(request.url)  # noqa: S310  # only parsed
    proxy = getproxies().get(called.type)
    if proxy is None or proxy_bypass(called.host):
        return sentence(text, request)
    return sentence(text, request, bare_proxy(proxy))


@cache
def _tls() -> ssl.SSLContext:
    # One for the process, because reading the authorities takes longer than a token request.
    return ssl.create_default_context()


class _Arguments(TypedDict, total=False):
    port: int | None
    timeout: float
    source_address: tuple[str, int] | None
    blocksize: int


@final
class _Handler(AbstractHTTPHandler):
    def __init__(self, connection: Connection, tls: ssl.SSLContext | None) -> None:
        super().__init__()
        self._connection = connection
        self._tls = tls

    http_request = https_request = AbstractHTTPHandler.do_request_

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(self._plain, req)

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(self._encrypted, req)

    def _plain(self, host: str, /, **given: Unpack[_Arguments]) -> HTTPConnection:
        return self._watched(_Watched(host, **given))

    def _encrypted(self, host: str, /, **given: Unpack[_Arguments]) -> HTTPConnection:
        return self._watched(_WatchedTls(host, context=self._tls, **given))

    def _watched(self, made: "_Watched") -> HTTPConnection:
        made.watcher = self._connection
        return made


class _Watched(HTTPConnection):
    watcher: Connection

    def connect(self) -> None:
        self.watcher.watch(self)
        super().connect()
        self.watcher.connected()


@final
class _WatchedTls(_Watched, HTTPSConnection): ...
