"""
The preparation of a call on requests for being repeated with a new token.
"""

import time
from contextlib import AbstractContextManager, nullcontext, suppress
from io import BytesIO
from typing import Final, Protocol, TypedDict, runtime_checkable

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.response import BaseHTTPResponse

from oauth_cc.stores._threads import on_this_thread

_MAX_SIZE: Final = 2**16
_SECONDS: Final = 0.25
_HOMES: Final = ("requests", "urllib3")


@runtime_checkable
class _Timed(Protocol):
    def settimeout(self, value: float | None, /) -> None: ...


class Sending(TypedDict, total=False):
    """How requests sends a call, as it passes it to the hooks of the call."""

    stream: bool
    timeout: float | tuple[float | None, float | None] | None
    verify: bool | str
    cert: str | tuple[str, str] | None
    proxies: dict[str, str] | None


def is_repeatable(request: requests.PreparedRequest) -> bool:
    """Return whether *request* can be sent again: it has no body, or one in memory or in a seekable file."""
    # requests records the position of a file before it reads the file, in order to follow redirects.
    return isinstance(request.body, str | bytes | None) or isinstance(getattr(request, "_body_position", None), int)


def beside_a_stand_in() -> AbstractContextManager[None]:
    """
    Return a context in which all work stays on this thread if a test tool stands in for the network.

    A stand-in may hold a lock meanwhile, as that of requests-mock does. It may also end before another thread sends,
    and the secret would go to the real server.
    """
    # Wrappers as tracing makes them have the module of what they wrap.
    places = (requests.Session.send, HTTPAdapter.send, HTTPConnectionPool.ConnectionCls)
    is_replaced = any([str(getattr(place, "__module__", None)).split(".")[0] not in _HOMES for place in places])
    return on_this_thread() if is_replaced else nullcontext()


def release(response: requests.Response) -> None:
    """
    Release the connection of *response*, and keep its body in memory: what arrives of 64 KiB in a quarter of a second.

    If all of it has arrived, the connection returns to its pool. Otherwise it is closed.
    """
    raw: object = response.raw
    if isinstance(raw, BaseHTTPResponse) and vars(response).get("_content", False) is False:
        content = _start_of(raw)
        response.close()
        # It is decoded when it is read, as before. The length in the headers may be that of a longer body.
        response.raw = urllib3.HTTPResponse(
            BytesIO(content),
            raw.headers,
            raw.status,
            raw.version,
            reason=raw.reason,
            preload_content=False,
            decode_content=raw.decode_content,
            original_response=getattr(raw, "_original_response", None),
            enforce_content_length=False,
        )
        return
    # A response made by a test tool or the user's adapter is read as requests reads it.
    with suppress(requests.RequestException):
        _ = response.content
    response.close()


def _start_of(raw: BaseHTTPResponse) -> bytes:
    content = bytearray()
    connected = _socket_of(raw)
    ends_at = time.monotonic() + _SECONDS
    with suppress(urllib3.exceptions.HTTPError, OSError):
        if connected is not None:
            # It is not reset, because the next request on the connection sets its own.
            connected.settimeout(_SECONDS)
        while len(content) <= _MAX_SIZE and time.monotonic() < ends_at:
            chunk = raw.read1(_MAX_SIZE, decode_content=False)
            if not chunk:
                # Nothing is left to read, and this returns the connection to its pool.
                raw.drain_conn()
                break
            content += chunk
    return bytes(content)


def _socket_of(raw: BaseHTTPResponse) -> _Timed | None:
    # A response without keep-alive holds the socket alone, and no longer has a connection.
    found: object = raw
    for name in ("_original_response", "fp", "raw", "_sock"):
        found = getattr(found, name, None)
    return found if isinstance(found, _Timed) else None
