"""
Token requests on aiohttp.
"""

import base64
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from urllib.request import getproxies, proxy_bypass

import aiohttp
import anyio
import multidict
import yarl

from oauth_cc._io.arguments import check_kind
from oauth_cc._io.network_errors import sentence, system_reason
from oauth_cc._io.tracebacks import chain, strip_tracebacks
from oauth_cc._io.user_agent import with_user_agent
from oauth_cc._wire.content_coding import decode_content
from oauth_cc._wire.json import MAX_SIZE
from oauth_cc.errors import InvalidResponse, TokenRequestRefused
from oauth_cc.flows.effects import Failed, Received
from oauth_cc.http import RETRYABLE, HttpRequest, HttpResponse

E = TypeVar("E", bound=Exception)

_AUTOMATIC: Final = ("Accept", "Content-Type", "User-Agent")
_FIRST_ERROR: Final = 400
_ADVICE: Final = "a trace config of the session raised an error for this status; remove it to see the server's error"


def sender(
    client: aiohttp.ClientSession | None, timeout: float
) -> Callable[[HttpRequest], Awaitable[Received | Failed]]:
    """
    Return a function that sends a token request.

    Args:
        client: The session whose connector, proxy, environment and trace configs are used. None for a new connection.
        timeout: Seconds for one whole attempt.

    Raises:
        InvalidInput: *client* has the wrong type.
    """
    check_kind(client, aiohttp.ClientSession)

    async def send(request: HttpRequest) -> Received | Failed:
        given, field = (None, None) if client is None else _proxy_of(client)
        heeds_environment = given is None and (client is None or client.trust_env)
        found = _environment_proxy(request.url) if heeds_environment else None
        try:
            with anyio.fail_after(timeout):
                return await _post(with_user_agent(request), client, *_split(given or found, field))
        except TimeoutError:
            late = aiohttp.ServerTimeoutError(f"no complete response within {timeout:g} seconds")
            return _failed(late, request, found)
        except (aiohttp.ClientError, OSError) as error:
            return _failed(error, request, found)

    return send


async def _post(
    request: HttpRequest,
    client: aiohttp.ClientSession | None,
    proxy: yarl.URL | None,
    proxy_headers: dict[str, str] | None,
) -> Received | Failed:
    if client is not None and client.closed:
        raise RuntimeError("the session for token requests is closed; close it after the last call")
    # aiohttp sends them with CONNECT only. A proxy that forwards plain http needs them in the request.
    forwarded = {} if proxy_headers is None or request.url.lower().startswith("https:") else proxy_headers
    async with (
        # A session for this request only, because the user's session would add headers and cookies. It does not read
        # the environment, because aiohttp would read .netrc too.
        aiohttp.ClientSession(
            connector=None if client is None else client.connector,
            connector_owner=client is None,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(),
            auto_decompress=False,
            trace_configs=None if client is None else client.trace_configs,
        ) as session,
        session.request(
            request.method,
            yarl.URL(request.url, encoded=True),
            headers=(*request.headers, ("Accept-Encoding", "identity"), *forwarded.items()),
            skip_auto_headers=_AUTOMATIC,
            # None without a body, because aiohttp sends the Content-Length of an empty body.
            data=request.body or None,
            allow_redirects=False,
            proxy=proxy,
            proxy_headers=proxy_headers,
        ) as response,
    ):
        content = bytearray()
        while len(content) <= MAX_SIZE and (chunk := await response.content.readany()):
            content += chunk
        return _received(response, bytes(content))


def _proxy_of(client: aiohttp.ClientSession) -> tuple[yarl.URL | None, str | None]:
    # aiohttp has no public names for these attributes.
    given: yarl.URL | str | None = getattr(client, "_default_proxy", None)
    auth: aiohttp.BasicAuth | None = getattr(client, "_default_proxy_auth", None)
    return None if given is None else yarl.URL(given), None if auth is None else auth.encode()


def _environment_proxy(text: str) -> yarl.URL | None:
    # As in aiohttp, which does not use TLS to a proxy.
    url = yarl.URL(text, encoded=True)
    found = getproxies().get(url.scheme)
    if found is None or (url.host is not None and proxy_bypass(url.host)):
        return None
    proxy = yarl.URL(found)
    return None if proxy.scheme == "https" else proxy


def _split(proxy: yarl.URL | None, field: str | None) -> tuple[yarl.URL | None, dict[str, str] | None]:
    if proxy is None:
        return None, None
    if field is None and proxy.user is not None:
        pair = f"{proxy.user}:{proxy.password or ''}"
        field = f"Basic {base64.b64encode(pair.encode()).decode()}"
    # As a header, because connection errors of aiohttp show the URL of a proxy with its credentials.
    return proxy.with_user(None), None if field is None else {"Proxy-Authorization": field}


def _received(response: aiohttp.ClientResponse, content: bytes) -> Received | Failed:
    decoded = decode_content(content, response.headers.getall("Content-Encoding", ()), max_size=MAX_SIZE)
    if isinstance(decoded, str):
        return Failed(InvalidResponse(response.status, f"the response {decoded}"), retryable=False)
    return Received(HttpResponse(response.status, response.headers.items(), decoded), time.time())


def _failed(error: aiohttp.ClientError | OSError, request: HttpRequest, proxy: yarl.URL | None) -> Failed:
    shown = None if proxy is None else proxy.host_port_subcomponent
    tls = any(isinstance(link, ssl.SSLError | aiohttp.ServerFingerprintMismatch) for link in chain(error))
    if isinstance(error, aiohttp.ClientHttpProxyError):
        url, no_headers = yarl.URL(request.url, encoded=True), multidict.CIMultiDictProxy(multidict.CIMultiDict[str]())
        info = aiohttp.RequestInfo(url, request.method, no_headers, url)
        text = sentence("the proxy did not connect", request, shown)
        return Failed(aiohttp.ClientHttpProxyError(info, (), status=error.status, message=text), False)
    if isinstance(error, aiohttp.ClientResponseError) and error.__cause__ is None and error.status >= _FIRST_ERROR:
        # Raised by a trace config, which leaves the body unread.
        refused = TokenRequestRefused(None, status=error.status, retryable=error.status in RETRYABLE, advice=_ADVICE)
        return Failed(refused, retryable=False)
    if isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError):
        # Their text quotes the response, which may hold a token.
        text = sentence("the response is incomplete or is not HTTP", request, shown)
        return Failed(aiohttp.ClientPayloadError(text), retryable=True)
    retryable = isinstance(error, aiohttp.ClientConnectionError | OSError) and not tls
    if isinstance(error, aiohttp.ServerTimeoutError):
        return Failed(aiohttp.ServerTimeoutError(sentence(str(error), request, shown)), retryable=False)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return Failed(aiohttp.ServerDisconnectedError(sentence("the connection was closed", request, shown)), retryable)
    return Failed(strip_tracebacks(_saying(error, sentence(_text(error), request, shown))), retryable)


def _text(error: aiohttp.ClientError | OSError) -> str:
    if isinstance(error, aiohttp.ServerFingerprintMismatch):
        return "no connection, as the certificate has another fingerprint"
    text = "no connection" if isinstance(error, aiohttp.ClientConnectorError) else "the connection broke"
    reason = system_reason(error)
    return text if reason is None else f"{text} ({reason})"


def _saying(error: E, text: str) -> E:
    # Some classes of aiohttp compose their text of attributes.
    error.args = (text,)
    if isinstance(error, OSError):
        error.strerror = text
    kind: type[Exception] = type(error)
    if kind.__module__.startswith("aiohttp"):
        error.__class__ = _said(kind)  # type: ignore[assignment]  # a subclass, so that handlers of the class catch it
    return error


class _Said:
    # Prints the text alone.
    args: tuple[object, ...]

    def __str__(self) -> str:
        return f"{self.args[0]}"


def _said(kind: type[Exception]) -> type[Exception]:
    # Of the same name, which log lines show.
    return type(kind.__name__, (_Said, kind), {"__module__": kind.__module__, "__qualname__": kind.__qualname__})
