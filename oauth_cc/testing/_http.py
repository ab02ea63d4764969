"""
The HTTP side of the test server: sockets and threads.
"""

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, final

from oauth_cc.testing._certificates import ShownCertificate
from oauth_cc.testing._messages import Call, Reply, joined

_MAX_BODY: Final = 64 * 1024


@final
class Listener(ThreadingHTTPServer):
    """
    A listening socket, and a thread for each connection.

    Args:
        port: The port on 127.0.0.1, 0 for a free one.
        tls: The server's side of TLS. None for http.
        respond: Returns the response to a request.
        now: Returns the time of the server, in POSIX seconds.
    """

    daemon_threads = True
    block_on_close = False
    # Long enough for many clients that connect at once.
    request_queue_size = 512

    def __init__(
        self, port: int, tls: ssl.SSLContext | None, respond: Callable[[Call], Reply], now: Callable[[], float]
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.respond = respond
        self.now = now
        self.closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        if tls is not None:
            # Each connection's thread does its handshake, so that a silent client does not block any other.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        # Polled often, so that a test does not wait for its server to stop.
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    def begin(self) -> None:
        """Serve the connections that arrive."""
        self._thread.start()

    def server_bind(self) -> None:
        """Bind without looking up an unused host name, which can be slow."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Remember the connection and serve it, as http.server calls it."""
        if isinstance(request, socket.socket):
            with self._lock:
                self._open.add(request)
        super().process_request(request, client_address)

    def close_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Forget the connection, and close it."""
        if isinstance(request, socket.socket):
            with self._lock:
                self._open.discard(request)
        super().close_request(request)

    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Ignore a client that disconnects or rejects the certificate, as http.server calls it."""
        return

    def close(self) -> None:
        """Stop listening, and close all connections. Once."""
        self.closing.set()
        self.shutdown()
        self.server_close()
        self._thread.join()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    # Sends head and body together: separately, each response on a kept connection waits for an acknowledgement.
    wbufsize = -1

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _MAX_BODY:
            self.close_connection = True
            self._send(Reply(413 if length.isdecimal() else 411, {"error": "invalid_request"}))
            return
        self._respond(self.rfile.read(int(length)).decode("utf-8", "replace"))

    def do_GET(self) -> None:
        self._respond("")

    do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET  # noqa: N815  # the names that http.server calls

    def _respond(self, body: str) -> None:
        call = Call(self.command, self.path.partition("?")[0], joined(self.headers.items()), body, self._certificate())
        try:
            reply = self._listener.respond(call)
        except Exception:
            reply = Reply(500, {"error": "server_error"})
        self._send(reply)

    @property
    def _listener(self) -> Listener:
        if isinstance(self.server, Listener):
            return self.server
        raise TypeError("the handler is for a Listener")

    def _certificate(self) -> ShownCertificate | None:
        connection: object = self.connection
        return ShownCertificate.read(connection.getpeercert(True) if isinstance(connection, ssl.SSLSocket) else None)

    def _send(self, reply: Reply) -> None:
        if self._listener.closing.wait(reply.delay):
            self.close_connection = True
            return
        message = as_bytes(reply, self._listener.now(), is_last=self.close_connection)
        self.wfile.write(message if reply.drop_after is None else message[: reply.drop_after])
        self.wfile.flush()
        if reply.drop_after is not None:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name in http.server
        return None


def fields(reply: Reply, now: float) -> list[tuple[str, str]]:
    """
    Return all headers of *reply*.

    Args:
        reply: The response.
        now: The time of the server, in POSIX seconds.
    """
    usual = {
        "Date": formatdate(now, usegmt=True),
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "Content-Length": str(len(reply.content)),
    }
    given = {name.lower() for name, _ in reply.headers}
    return [*[(name, value) for name, value in usual.items() if name.lower() not in given], *reply.headers]


def as_bytes(reply: Reply, now: float, *, is_last: bool = False) -> bytes:
    """
    Return *reply* as sent.

    Args:
        reply: The response.
        now: The time of the server, in POSIX seconds.
        is_last: Whether the connection is closed after it.
    """
    phrase = HTTPStatus(reply.status).phrase if reply.status in set(HTTPStatus) else "Unknown"
    closing = [("Connection", "close")] if is_last else []
    lines = [f"{name}: {value}\r\n" for name, value in [*fields(reply, now), *closing]]
    return f"HTTP/1.1 {reply.status} {phrase}\r\n{''.join(lines)}\r\n".encode("latin-1") + reply.content
