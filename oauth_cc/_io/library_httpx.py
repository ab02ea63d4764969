"""
httpx as a `Library`.
"""

# A test holds the modules for httpx and its successor equal, except for the library's name. Edit both.

import copy
import ssl
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Final, TypeVar

import httpx

from oauth_cc._io.httpx_library import Library
from oauth_cc._io.httpx_messages import Response

_Client = TypeVar("_Client", httpx.Client, httpx.AsyncClient)


@cache
def tls() -> ssl.SSLContext:
    """Return the TLS context of the process, because making one takes longer than a token request."""
    return httpx.create_ssl_context()


def _tls_for(url: str) -> ssl.SSLContext:
    # Reading the authorities takes long, and plain http needs none. A context without any trusts no certificate.
    return tls() if url.lower().startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _apart(client: _Client, first: Callable[[Response], object]) -> _Client:
    # The cookies of the user's client stay as they are, and its response hooks come after the function *first*.
    apart = copy.copy(client)
    apart.cookies = httpx.Cookies()
    apart.event_hooks = {**client.event_hooks, "response": [first, *client.event_hooks["response"]]}
    return apart


def _send(client: httpx.Client, request: httpx.Request, read: Callable[[Response], None]) -> httpx.Response:
    return _apart(client, read).send(request, stream=True, auth=None, follow_redirects=False)


async def _send_async(
    client: httpx.AsyncClient, request: httpx.Request, read: Callable[[Response], Awaitable[None]]
) -> httpx.Response:
    return await _apart(client, read).send(request, stream=True, auth=None, follow_redirects=False)


def _request(method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> httpx.Request:
    extensions = {"timeout": httpx.Timeout(timeout).as_dict()}
    return httpx.Request(method, url, headers=headers, content=body, extensions=extensions)


LIBRARY: Final = Library(
    "httpx",
    httpx.Client,
    httpx.AsyncClient,
    lambda url: httpx.Client(verify=_tls_for(url)),
    lambda url: httpx.AsyncClient(verify=_tls_for(url)),
    _send,
    _send_async,
    _request,
    httpx.ByteStream,
    httpx.ReadTimeout,
    httpx.TransportError,
    (httpx.NetworkError, httpx.RemoteProtocolError, httpx.ConnectTimeout),
    httpx.RequestNotRead,
)
"""What `oauth_cc.httpx` sends with."""
