"""
How a token request goes out over requests.

Whatever session is used, it goes out as composed and nothing else: no redirect is followed, and no ``.netrc``, cookie,
default header, parameter or hook of the session is added. The answer is read up to a bound.
"""

import contextlib
import time
from collections.abc import Callable
from typing import Final, TypeAlias

import requests
import urllib3.exceptions
from requests.structures import CaseInsensitiveDict

from oauth_cc._io import driver
from oauth_cc._io.context import check_client, check_kind, check_timeout
from oauth_cc._io.tracebacks import strip_tracebacks
from oauth_cc._wire.content_coding import decode_content
from oauth_cc._wire.json import MAX_SIZE
from oauth_cc.errors import MalformedResponse
from oauth_cc.flows.effects import Failed, Received
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries, exchange
from oauth_cc.http import HttpRequest, HttpResponse
from oauth_cc.request import TokenRequest
from oauth_cc.token import Token

DEFAULT_TIMEOUT: Final = 10.0
"""Seconds that one token request may take."""

Timeout: TypeAlias = float | tuple[float, float]
"""Seconds for connecting and for the rest, as requests has them: one number for both, or a pair."""


def fetch_token(
    request: TokenRequest,
    endpoint: str,
    *,
    client: requests.Session | None = None,
    timeout: Timeout = DEFAULT_TIMEOUT,
    retries: Retries = DEFAULT_RETRIES,
    allow_http_loopback: bool = False,
) -> Token:
    """
    Gives the token that the token *endpoint* answers to *request*.

    *client*: the session to send it with (its adapters, proxies, ``verify`` and ``cert``), or None for one of our own
    that ignores the environment; *timeout*: seconds for connecting, for each read, and for the whole body, or a pair of
    those for connecting and those for the rest; *retries* and *allow_http_loopback* are those of
    `oauth_cc.flows.exchange`.

    Raises `oauth_cc.TokenRequestRefused`, `oauth_cc.InvalidResponse`, `oauth_cc.InvalidInput`, and
    `requests.RequestException` if no answer came.
    """
    check_client(request, client)
    flow = exchange(request, endpoint, retries=retries, allow_http_loopback=allow_http_loopback)
    return driver.drive(flow, sender(client, timeout))


def sender(client: requests.Session | None, timeout: Timeout) -> Callable[[HttpRequest], Received | Failed]:
    """
    Gives what sends a token request through *client*, as `fetch_token` has it, within *timeout* seconds. Raises
    `InvalidInput` if these can be none.
    """
    check_kind(client, requests.Session)
    connecting, reading = timeout if isinstance(timeout, tuple) and len(timeout) == 2 else (timeout, timeout)
    check_timeout(connecting)
    check_timeout(reading)

    def send(request: HttpRequest) -> Received | Failed:
        with contextlib.nullcontext(client) if client is not None else _own() as session:
            try:
                response = session.get_adapter(request.url).send(
                    _plain(request),
                    stream=True,
                    timeout=(connecting, reading),
                    verify=session.verify,
                    cert=session.cert,
                    proxies=dict(session.proxies),
                )
                with contextlib.closing(response):
                    return _received(response, _read(response, reading))
            except requests.RequestException as error:
                return _failed(error, request)

    return send


def _own() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def _plain(request: HttpRequest) -> requests.PreparedRequest:
    # Made here and not by the session, which would add its own headers, cookies, parameters and credentials.
    plain = requests.PreparedRequest()
    plain.method, plain.url, plain.body = request.method, request.url, request.body
    length = {"Content-Length": str(len(request.body))} if request.body else {}
    plain.headers = CaseInsensitiveDict({**dict(request.headers), **length, "Accept-Encoding": "identity"})
    return plain


def _read(response: requests.Response, timeout: float) -> bytes:
    ends_at = time.monotonic() + timeout
    content = bytearray()
    try:
        for chunk in response.raw.stream(65536, decode_content=False):
            content += chunk
            if len(content) > MAX_SIZE:
                break
            if time.monotonic() > ends_at:
                raise requests.ReadTimeout(f"no whole answer within {timeout:g} seconds")
    # As requests itself names what urllib3 raises.
    except urllib3.exceptions.ReadTimeoutError as error:
        raise requests.ReadTimeout(str(error)) from error
    except urllib3.exceptions.SSLError as error:
        raise requests.exceptions.SSLError(str(error)) from error
    except urllib3.exceptions.HTTPError as error:
        raise requests.exceptions.ChunkedEncodingError(str(error)) from error
    return bytes(content)


def _received(response: requests.Response, content: bytes) -> Received | Failed:
    decoded = decode_content(content, response.raw.headers.getlist("Content-Encoding"), max_size=MAX_SIZE)
    if isinstance(decoded, str):
        return Failed(MalformedResponse(response.status_code, f"the answer {decoded}"), retryable=False)
    return Received(HttpResponse(response.status_code, list(response.raw.headers.items()), decoded), time.time())


_PASSING: Final = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
_LASTING: Final = (requests.exceptions.SSLError, requests.exceptions.ProxyError)


def _failed(error: requests.RequestException, request: HttpRequest) -> Failed:
    # Its request holds the secret.
    bare = requests.PreparedRequest()
    bare.method, bare.url = request.method, request.url
    error.request, error.response = bare, None
    return Failed(strip_tracebacks(error), retryable=isinstance(error, _PASSING) and not isinstance(error, _LASTING))
