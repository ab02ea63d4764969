"""
A connection of http.client for one attempt, which can be cut from another thread.
"""

import socket
import threading
from contextlib import suppress
from http.client import HTTPConnection
from typing import final


@final
class Connection:
    """
    The connection of one attempt.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._made: HTTPConnection | None = None
        self._socket: object = None
        self._is_cut = False

    def watch(self, made: HTTPConnection) -> None:
        """Keep *made*, which is about to connect."""
        self._made = made

    def connected(self) -> None:
        """Keep the socket of the connection, because http.client drops it before the response is read."""
        with self._mutex:
            self._socket = None if self._made is None else self._made.sock
            if self._is_cut:
                _shut_down(self._socket)

    def cut(self) -> None:
        """End the connection, or one that is made later, so that the thread that reads from it continues."""
        with self._mutex:
            self._is_cut = True
            # A proxy may hold a tunnel that is not complete. A TLS handshake has a time limit as a whole.
            _shut_down(self._socket if self._made is None or self._socket is not None else self._made.sock)

    def close(self) -> None:
        """Close the connection and forget it. Its pool would close it when the garbage collector runs."""
        with self._mutex:
            made, self._made, self._socket = self._made, None, None
        if made is not None:
            made.close()


def _shut_down(connected: object) -> None:
    # TLS to a proxy wraps TLS to the server: urllib3's SSLTransport has the socket as an attribute.
    while connected is not None and not isinstance(connected, socket.socket):
        connected = getattr(connected, "socket", None)
    if isinstance(connected, socket.socket):
        # The method of an SSLSocket would end TLS alone, for the thread that reads. The peer may have ended it all.
        with suppress(OSError):
            socket.socket.shutdown(connected, socket.SHUT_RDWR)
