"""
Token requests, sent by aiohttp.

Whatever session is used, a token request goes out as composed and nothing else: no redirect is followed, and no
``.netrc``, cookie, default header, default authentication or middleware of it is added. The answer is read to a bound.
"""

import base64
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp
import anyio
import multidict
import yarl

from oauth_cc._io.async_driver import drive
from oauth_cc._io.context import check_client, check_kind, check_timeout
from oauth_cc._io.tracebacks import chain, strip_tracebacks
from oauth_cc._wire.content_coding import decode_content
from oauth_cc._wire.json import MAX_SIZE
from oauth_cc.errors import MalformedResponse
from oauth_cc.flows.effects import Failed, Received
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries, exchange
from oauth_cc.http import HttpRequest, HttpResponse
from oauth_cc.request import TokenRequest
from oauth_cc.token import Token

DEFAULT_TIMEOUT: Final = 10.0
"""Seconds that one token request may take, from looking up the host to the last byte of the answer."""

_AUTOMATIC: Final = ("Accept", "Content-Type", "User-Agent")


async def fetch_token(
    request: TokenRequest,
    endpoint: str,
    *,
    client: aiohttp.ClientSession | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    retries: Retries = DEFAULT_RETRIES,
    allow_http_loopback: bool = False,
) -> Token:
    """
    Gives the token that the token *endpoint* answers to *request* (RFC 6749 section 4.4).

    *client*: the session whose connector (TLS, resolver, limits) and proxy are used, or None for a connection of our
    own that ignores the environment; *timeout*: seconds for one whole attempt; *retries* and *allow_http_loopback* are
    those of `oauth_cc.flows.exchange`.

    Raises `oauth_cc.TokenRequestRefused`, `oauth_cc.InvalidResponse`, `oauth_cc.InvalidInput`, and
    `aiohttp.ClientError` if no answer came; `aiohttp.ServerTimeoutError` if it took too long.
    """
    check_client(request, client)
    flow = exchange(request, endpoint, retries=retries, allow_http_loopback=allow_http_loopback)
    return await drive(flow, sender(client, timeout))


def sender(
    client: aiohttp.ClientSession | None, timeout: float
) -> Callable[[HttpRequest], Awaitable[Received | Failed]]:
    """
    Gives the function that sends one request and says what came of it; *client*, *timeout*: as `fetch_token` has them.
    Raises `InvalidInput` if these can be none.
    """
    check_kind(client, aiohttp.ClientSession)
    check_timeout(timeout)

    async def send(request: HttpRequest) -> Received | Failed:
        try:
            with anyio.fail_after(timeout):
                return await _post(request, client)
        except TimeoutError:
            return Failed(aiohttp.ServerTimeoutError(f"no whole answer within {timeout:g} seconds"), retryable=False)
        except (aiohttp.ClientError, OSError) as error:
            return _failed(error, request)

    return send


async def _post(request: HttpRequest, client: aiohttp.ClientSession | None) -> Received | Failed:
    if client is not None and client.closed:
        raise RuntimeError("the session for token requests is closed: close it after the last call")
    proxy, proxy_headers = (None, None) if client is None else _proxy(client)
    async with (
        # A session for this one request: one of the user's adds what it has, and cannot be told not to.
        aiohttp.ClientSession(
            connector=None if client is None else client.connector,
            connector_owner=client is None,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(),
            auto_decompress=False,
        ) as session,
        session.request(
            request.method,
            yarl.URL(request.url, encoded=True),
            headers=(*request.headers, ("Accept-Encoding", "identity")),
            skip_auto_headers=_AUTOMATIC,
            data=request.body,
            allow_redirects=False,
            proxy=proxy,
            proxy_headers=proxy_headers,
        ) as response,
    ):
        content = bytearray()
        while len(content) <= MAX_SIZE and (chunk := await response.content.readany()):
            content += chunk
        return _received(response, bytes(content))


def _proxy(client: aiohttp.ClientSession) -> tuple[yarl.URL | None, dict[str, str] | None]:
    # There are no public names for these two.
    given: yarl.URL | str | None = getattr(client, "_default_proxy", None)
    auth: aiohttp.BasicAuth | None = getattr(client, "_default_proxy_auth", None)
    if given is None:
        return None, None
    url = yarl.URL(given)
    field = None if auth is None else auth.encode()
    if field is None and url.user is not None:
        pair = f"{url.user}:{url.password or ''}"
        field = f"Basic {base64.b64encode(pair.encode()).decode()}"
    # As a field: aiohttp's connection errors show the URL and the credentials of a proxy.
    return url.with_user(None), None if field is None else {"Proxy-Authorization": field}


def _received(response: aiohttp.ClientResponse, content: bytes) -> Received | Failed:
    decoded = decode_content(content, response.headers.getall("Content-Encoding", ()), max_size=MAX_SIZE)
    if isinstance(decoded, str):
        return Failed(MalformedResponse(response.status, f"the answer {decoded}"), retryable=False)
    return Received(HttpResponse(response.status, response.headers.items(), decoded), time.time())


def _failed(error: aiohttp.ClientError | OSError, request: HttpRequest) -> Failed:
    tls = any(isinstance(link, ssl.SSLError | aiohttp.ServerFingerprintMismatch) for link in chain(error))
    if isinstance(error, aiohttp.ClientHttpProxyError):
        url, no_headers = yarl.URL(request.url, encoded=True), multidict.CIMultiDictProxy(multidict.CIMultiDict[str]())
        info = aiohttp.RequestInfo(url, request.method, no_headers, url)
        return Failed(aiohttp.ClientHttpProxyError(info, (), status=error.status, message=error.message), False)
    if isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError):
        # Their text quotes what was read of the answer, and that may be a token.
        return Failed(aiohttp.ClientPayloadError("the answer broke off, or is no HTTP"), retryable=True)
    return Failed(strip_tracebacks(error), isinstance(error, aiohttp.ClientConnectionError | OSError) and not tls)
