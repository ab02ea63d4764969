"""
The shell over httpx2: sends token requests, for threads and for async code.

Whatever client is used, a token request goes out as composed and nothing else: no redirect is followed, and no
``.netrc``, cookie, default header or default authentication of the client is added. The answer is read up to a bound.
"""

import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Final

from oauth_cc import tasks, threads
from oauth_cc.content_coding import decode_content
from oauth_cc.effects import Failed, Received
from oauth_cc.errors import MalformedResponse
from oauth_cc.exchange import DEFAULT_RETRIES, Retries, exchange
from oauth_cc.http import HttpRequest, HttpResponse
from oauth_cc.jsontext import MAX_SIZE
from oauth_cc.request import TokenRequest
from oauth_cc.token import Token

try:
    import anyio
    import httpx2
except ImportError as _error:
    raise ImportError("oauth_cc.httpx2 needs httpx2: install oauth_cc[httpx2]") from _error

__all__ = ["DEFAULT_TIMEOUT", "fetch_token", "fetch_token_async"]

DEFAULT_TIMEOUT: Final = 10.0
"""Seconds that one token request may take."""


def fetch_token(
    request: TokenRequest,
    endpoint: str,
    *,
    client: httpx2.Client | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    retries: Retries = DEFAULT_RETRIES,
    allow_http_loopback: bool = False,
) -> Token:
    """
    Gives the token that the token *endpoint* answers to *request*.

    *client*: the httpx2 client to send it with (its proxies, certificates, transports), or None for one of our own that
    ignores the environment; *timeout*: seconds for connecting, for each read and write, and for the whole body;
    *retries* and *allow_http_loopback* are those of `oauth_cc.exchange.exchange`.

    Raises `oauth_cc.TokenRequestRefused`, `oauth_cc.InvalidResponse`, `oauth_cc.InvalidInput`, and
    `httpx2.TransportError` if no answer came.
    """
    flow = exchange(request, endpoint, retries=retries, allow_http_loopback=allow_http_loopback)
    if client is not None:
        return threads.drive(flow, _sender(client, timeout))
    with httpx2.Client(trust_env=False) as own:
        return threads.drive(flow, _sender(own, timeout))


async def fetch_token_async(
    request: TokenRequest,
    endpoint: str,
    *,
    client: httpx2.AsyncClient | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    retries: Retries = DEFAULT_RETRIES,
    allow_http_loopback: bool = False,
) -> Token:
    """
    Gives what `fetch_token` gives, on asyncio and trio; *timeout* is for one whole attempt.
    """
    flow = exchange(request, endpoint, retries=retries, allow_http_loopback=allow_http_loopback)
    if client is not None:
        return await tasks.drive(flow, _async_sender(client, timeout))
    async with httpx2.AsyncClient(trust_env=False) as own:
        return await tasks.drive(flow, _async_sender(own, timeout))


def _sender(client: httpx2.Client, timeout: float) -> Callable[[HttpRequest], Received | Failed]:
    def send(request: HttpRequest) -> Received | Failed:
        try:
            response = client.send(_plain(request, timeout), stream=True, auth=None, follow_redirects=False)
            try:
                return _received(response, _read(response, timeout))
            finally:
                response.close()
        except httpx2.TransportError as error:
            return _failed(error, request)

    return send


def _async_sender(client: httpx2.AsyncClient, timeout: float) -> Callable[[HttpRequest], Awaitable[Received | Failed]]:
    async def send(request: HttpRequest) -> Received | Failed:
        try:
            with anyio.fail_after(timeout):
                response = await client.send(_plain(request, timeout), stream=True, auth=None, follow_redirects=False)
                try:
                    return _received(response, await _read_async(response))
                finally:
                    await response.aclose()
        except TimeoutError:
            return _failed(httpx2.ReadTimeout(f"no whole answer within {timeout:g} seconds"), request)
        except httpx2.TransportError as error:
            return _failed(error, request)

    return send


def _plain(request: HttpRequest, timeout: float) -> httpx2.Request:
    # Made here and not by the client, which would add its own headers, cookies and parameters.
    headers = {**dict(request.headers), "Accept-Encoding": "identity"}
    extensions = {"timeout": httpx2.Timeout(timeout).as_dict()}
    return httpx2.Request(request.method, request.url, headers=headers, content=request.body, extensions=extensions)


def _read(response: httpx2.Response, timeout: float) -> bytes:
    ends_at = time.monotonic() + timeout
    content = bytearray()
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > MAX_SIZE:
            break
        if time.monotonic() > ends_at:
            raise httpx2.ReadTimeout(f"no whole answer within {timeout:g} seconds")
    return bytes(content)


async def _read_async(response: httpx2.Response) -> bytes:
    content = bytearray()
    # Cancelled, not left: so the generators of the library below end in order, which trio asks for.
    with anyio.CancelScope() as scope:
        async for chunk in response.aiter_raw():
            content += chunk
            if len(content) > MAX_SIZE:
                scope.cancel()
    return bytes(content)


def _received(response: httpx2.Response, content: bytes) -> Received | Failed:
    headers = response.headers.multi_items()
    decoded = decode_content(content, response.headers.get_list("Content-Encoding"), max_size=MAX_SIZE)
    if isinstance(decoded, str):
        return Failed(MalformedResponse(response.status_code, f"the answer {decoded}"), retryable=False)
    return Received(HttpResponse(response.status_code, headers, decoded), time.time())


def _failed(error: httpx2.TransportError, request: HttpRequest) -> Failed:
    # The frames of the library below, and its request, hold the secret: tracebacks that show locals would print it.
    error.request = httpx2.Request(request.method, request.url)
    tls = False
    link: BaseException | None = error
    while link is not None:
        tls = tls or isinstance(link, ssl.SSLError)
        link.__traceback__ = None
        link = link.__cause__ or link.__context__
    retryable = isinstance(error, httpx2.NetworkError | httpx2.RemoteProtocolError | httpx2.ConnectTimeout) and not tls
    return Failed(error, retryable)
