"""
A real proxy on loopback: it tunnels https and forwards http.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import attrs


@attrs.define(eq=False)
class Proxy:
    """A proxy: its URL, and the target of each request that it received."""

    url: str
    targets: list[str] = attrs.Factory(list)

    def serve(self, client: socket.socket) -> None:
        """Serve one connection."""
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(client.close)
            received = b""
            while b"\r\n\r\n" not in received:
                received += _received(client)
            method, target, _ = received.split(b" ", 2)
            self.targets.append(target.decode())
            is_tunnel = method == b"CONNECT"
            url = urlsplit(f"//{target.decode()}" if is_tunnel else target.decode())
            server = stack.enter_context(socket.create_connection((url.hostname or "", url.port or 80), 10))
            if is_tunnel:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                server.sendall(received.replace(target, url.path.encode(), 1))
            back = threading.Thread(target=_pump, args=(server, client))
            back.start()
            _pump(client, server)
            back.join(10)


def _received(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise ConnectionAbortedError
    return received


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while received := source.recv(65536):
            target.sendall(received)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def run_proxy() -> Iterator[Proxy]:
    """Run a proxy and yield it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = Proxy(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=proxy.serve, args=(client,), daemon=True).start()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
