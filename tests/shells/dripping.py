"""
Servers whose response never ends, because they send a few bytes again and again, or is not HTTP.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Final

import attrs

_CHUNKED: Final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

PLACES: Final[dict[str, tuple[bytes, bytes]]] = {
    "status line": (b"HTTP/1.1 200 O", b"K"),
    "header": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"a"),
    "chunk size": (_CHUNKED, b"0"),
    "chunk": (_CHUNKED, b"1\r\n \r\n"),
    "trailer": (_CHUNKED + b"0\r\nX-Long: ", b"a"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "),
    "1xx": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: <%s>\r\n\r\n" % (b"/" * 500)),
}
"""What is sent once, and what is sent again and again, by the part of the response that never ends."""

_BODY: Final = b'{"access_token": "tok-1", "token_type": "Bearer", "expires_in": 3600}'
_TOKEN: Final = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)


@attrs.define
class DrippingServer:
    """
    A server of one connection at a time.

    Args:
        url: Its URL.
        ended: Set when the client has ended the connection.
        accepted: How many connections were made.
    """

    url: str
    ended: threading.Event = attrs.field(factory=threading.Event)
    accepted: int = 0
    closing: threading.Event = attrs.field(factory=threading.Event)


@contextlib.contextmanager
def drip(
    place: str, *, tls: ssl.SSLContext | None = None, tokens: int = 0, pause: float = 0.01
) -> Iterator[DrippingServer]:
    """
    Run a server whose response never ends at *place*.

    Args:
        place: A key of `PLACES`.
        tls: The TLS context of the server. None for plain http.
        tokens: How many requests get a whole response first.
        pause: Seconds between the bytes. 0 to send them at full speed.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = DrippingServer(f"http://127.0.0.1:{port}" if tls is None else f"https://localhost:{port}")

    def run() -> None:
        left = tokens
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            server.accepted += 1
            with contextlib.suppress(OSError), _noting(server), raw:
                connection = raw if tls is None else tls.wrap_socket(raw, server_side=True)
                connection.settimeout(10)
                with connection:
                    while left and _read_request(connection):
                        left -= 1
                        connection.sendall(_TOKEN)
                    if _read_request(connection):
                        _drip(connection, server, *PLACES[place], pause)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@contextlib.contextmanager
def answer_with(raw: bytes) -> Iterator[str]:
    """Yield the URL of a server that answers each request with the bytes *raw*."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    if _read_request(connection):
                        connection.sendall(raw)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/token"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _read_request(connection: socket.socket) -> bool:
    received = b""
    while b"grant_type" not in received and b"token=" not in received:
        more = connection.recv(65536)
        if not more:
            return False
        received += more
    return True


@contextlib.contextmanager
def _noting(server: DrippingServer) -> Iterator[None]:
    try:
        yield
    finally:
        if not server.closing.is_set():
            server.ended.set()


def _drip(connection: socket.socket, server: DrippingServer, once: bytes, again: bytes, pause: float) -> None:
    connection.sendall(once)
    while not server.closing.wait(pause):
        connection.sendall(again if pause else again * 4096)
