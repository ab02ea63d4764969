"""
The connection of one token request on httpx2 or httpx, as the ``trace`` extension of the request shows it.
"""

import contextlib
import socket
import threading
from collections.abc import Mapping
from typing import Final, Protocol, TypeGuard, final

from oauth_cc._wire.json import MAX_SIZE

# Bytes of a response with its headers, its chunk sizes and the 1xx responses before it.
_MAX_READ: Final = MAX_SIZE + 2**18
# The events that show a new connection. TLS wraps the stream of a connection by another one.
_MADE: Final = (".connect_tcp.complete", ".start_tls.complete")


@final
class TooMuchRead(Exception):
    """The server sends more than a response needs."""


class _Stream(Protocol):
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes: ...
    def get_extra_info(self, info: str) -> object: ...


class _AsyncStream(Protocol):
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes: ...


@final
class Connection:
    """
    The connection of one attempt.

    Args:
        is_own: Whether the connection belongs to a client of this library, which makes a new one for each attempt. Only
            such a connection is ended by `cut`, and only its reads are limited.
    """

    def __init__(self, *, is_own: bool) -> None:
        self.is_own = is_own
        self.connected_to: tuple[str, int] | None = None
        """The host and port that it was made to: the server's, or a proxy's. None if it came from a pool."""
        self._mutex = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_cut = False
        self._left = _MAX_READ

    def trace(self, event: str, info: Mapping[str, object]) -> None:
        """
        Record the connection that an event of a client for threads shows.

        Args:
            event: The name of the event, such as ``connection.connect_tcp.complete``.
            info: The arguments of the event, or its ``return_value``.
        """
        self._note_address(event, info)
        stream = info.get("return_value")
        if self.is_own and event.endswith(_MADE) and _is_stream(stream):
            self._bound(stream)
            if event.endswith(".connect_tcp.complete"):
                self._hold(stream)

    async def trace_async(self, event: str, info: Mapping[str, object]) -> None:
        """
        Record the connection that an event of an async client shows. Cancellation ends such a connection.

        Args:
            event: The name of the event, as for `trace`.
            info: The arguments of the event, or its ``return_value``.
        """
        self._note_address(event, info)
        stream = info.get("return_value")
        if self.is_own and event.endswith(_MADE) and _is_async_stream(stream):
            self._bound_async(stream)

    def cut(self) -> None:
        """End the connection, or one that is made later, so that the thread that reads from it continues."""
        with self._mutex:
            self._is_cut = True
            if self._socket is not None:
                _shut_down(self._socket)

    def close(self) -> None:
        """Forget the connection. The client closes it."""
        with self._mutex:
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def _note_address(self, event: str, info: Mapping[str, object]) -> None:
        if event.endswith(".connect_tcp.started"):
            host, port = info.get("host"), info.get("port")
            if isinstance(host, str) and isinstance(port, int):
                self.connected_to = host, port

    def _hold(self, stream: _Stream) -> None:
        made = stream.get_extra_info("socket")
        if isinstance(made, socket.socket):
            # A duplicate, because TLS detaches the socket, and so that its state is left alone.
            duplicate = made.dup()
            with self._mutex:
                self._socket = duplicate
                if self._is_cut:
                    _shut_down(duplicate)

    def _bound(self, stream: _Stream) -> None:
        read = stream.read

        def bounded(max_bytes: int, timeout: float | None = None) -> bytes:
            return self._counted(read(max_bytes, timeout))

        stream.read = bounded  # type: ignore[method-assign]  # of a stream that no other client has

    def _bound_async(self, stream: _AsyncStream) -> None:
        read = stream.read

        async def bounded(max_bytes: int, timeout: float | None = None) -> bytes:
            return self._counted(await read(max_bytes, timeout))

        stream.read = bounded  # type: ignore[method-assign]  # as above

    def _counted(self, found: bytes) -> bytes:
        self._left -= len(found)
        if self._left < 0:
            raise TooMuchRead
        return found


def _is_stream(stream: object) -> TypeGuard[_Stream]:
    return hasattr(stream, "read") and hasattr(stream, "get_extra_info")


def _is_async_stream(stream: object) -> TypeGuard[_AsyncStream]:
    return hasattr(stream, "read")


def _shut_down(connected: socket.socket) -> None:
    # The peer may have ended it.
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
