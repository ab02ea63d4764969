"""
httpx2 as a `Library`.
"""

# A test holds the modules for httpx and its successor equal, except for the library's name. Edit both.

import copy
import ssl
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Final, TypeVar

import httpx2

from oauth_cc._io.httpx_library import Library
from oauth_cc._io.httpx_messages import Response

_Client = TypeVar("_Client", httpx2.Client, httpx2.AsyncClient)


@cache
def tls() -> ssl.SSLContext:
    """Return the TLS context of the process, because making one takes longer than a token request."""
    return httpx2.create_ssl_context()


def _tls_for(url: str) -> ssl.SSLContext:
    # Reading the authorities takes long, and plain http needs none. A context without any trusts no certificate.
    return tls() if url.lower().startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _apart(client: _Client, first: Callable[[Response], object]) -> _Client:
    # The cookies of the user's client stay as they are, and its response hooks come after the function *first*.
    apart = copy.copy(client)
    apart.cookies = httpx2.Cookies()
    apart.event_hooks = {**client.event_hooks, "response": [first, *client.event_hooks["response"]]}
    return apart


def _send(client: httpx2.Client, request: httpx2.Request, read: Callable[[Response], None]) -> httpx2.Response:
    return _apart(client, read).send(request, stream=True, auth=None, follow_redirects=False)


async def _send_async(
    client: httpx2.AsyncClient, request: httpx2.Request, read: Callable[[Response], Awaitable[None]]
) -> httpx2.Response:
    return await _apart(client, read).send(request, stream=True, auth=None, follow_redirects=False)


def _request(method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> httpx2.Request:
    extensions = {"timeout": httpx2.Timeout(timeout).as_dict()}
    return httpx2.Request(method, url, headers=headers, content=body, extensions=extensions)


LIBRARY: Final = Library(
    "httpx2",
    httpx2.Client,
    httpx2.AsyncClient,
    lambda url: httpx2.Client(verify=_tls_for(url)),
    lambda url: httpx2.AsyncClient(verify=_tls_for(url)),
    _send,
    _send_async,
    _request,
    httpx2.ByteStream,
    httpx2.ReadTimeout,
    httpx2.TransportError,
    (httpx2.NetworkError, httpx2.RemoteProtocolError, httpx2.ConnectTimeout),
    httpx2.RequestNotRead,
)
"""What `oauth_cc.httpx2` sends with."""
