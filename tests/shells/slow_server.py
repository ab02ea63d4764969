"""
A server on loopback that sends a response, byte by byte, for as long as it runs.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Final

import attrs

_CHUNKED: Final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

DRIPS: Final = {
    "status line": (b"HTTP/1.1 200 ", b"x"),
    "header": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    "chunk size": (_CHUNKED, b"0"),
    "trailer": (_CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-Trailer: x\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
    "1xx": (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
}
"""By what is sent slowly: the beginning of the response, and what follows again and again."""

TOKEN: Final = b'{"access_token": "tok-1", "token_type": "Bearer", "expires_in": 3600}'
_WHOLE: Final = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(TOKEN), TOKEN)


@attrs.define(eq=False)
class DrippingServer:
    """A server whose path says what it sends slowly; each connection has *whole* responses before that."""

    scheme: str
    port: int
    whole: int
    stopped: threading.Event = attrs.Factory(threading.Event)
    threads: list[threading.Thread] = attrs.Factory(list)

    def url(self, slow: str) -> str:
        """Return the URL at which *slow*, a key of `DRIPS`, is sent slowly."""
        return f"{self.scheme}://localhost:{self.port}/{slow.replace(' ', '-')}"

    def wait(self) -> None:
        """Wait for every connection to end."""
        for thread in list(self.threads):
            thread.join(10)
            assert not thread.is_alive()

    def answer(self, connection: socket.socket, tls: ssl.SSLContext | None) -> None:
        """Answer the requests of one connection."""
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(connection.close)
            if tls is not None:
                connection = tls.wrap_socket(connection, server_side=True)
                stack.callback(connection.close)
            for _ in range(self.whole):
                _path(connection)
                connection.sendall(_WHOLE)
            start, more = DRIPS[_path(connection)]
            connection.sendall(start)
            while not self.stopped.wait(0.01):
                connection.sendall(more)


def _path(connection: socket.socket) -> str:
    request = b""
    while b"\r\n\r\n" not in request:
        received = connection.recv(65536)
        if not received:
            raise ConnectionAbortedError
        request += received
    head, _, body = request.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head.split(b" ")[1].decode().strip("/").replace("-", " ")


@contextlib.contextmanager
def drip(*, tls: ssl.SSLContext | None = None, whole: int = 0) -> Iterator[DrippingServer]:
    """Run a server and yield it. With *tls* it speaks https, and each connection starts with *whole* good responses."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = DrippingServer("http" if tls is None else "https", listener.getsockname()[1], whole)

        def accept() -> None:
            while True:
                connection, _ = listener.accept()
                if server.stopped.is_set():
                    connection.close()
                    return
                thread = threading.Thread(target=server.answer, args=(connection, tls), daemon=True)
                server.threads.append(thread)
                thread.start()

        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        try:
            yield server
        finally:
            server.stopped.set()
            socket.create_connection(listener.getsockname()).close()
            acceptor.join(10)
            server.wait()
