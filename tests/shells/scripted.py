"""
A real HTTP server on loopback that responds by a script and records its requests.
"""

import contextlib
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

import attrs

Header: TypeAlias = tuple[str, str]


@attrs.frozen
class Asked:
    """A request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@attrs.frozen
class Answer:
    """A response: status, headers, and chunks of the body with *pause* seconds between them."""

    status: int = 200
    headers: tuple[Header, ...] = ()
    chunks: tuple[bytes, ...] = ()
    pause: float = 0.0


TOKEN = Answer(chunks=(b'{"access_token": "tok-1", "token_type": "Bearer", "expires_in": 3600}',))


class Drop:
    """Close the connection without a response."""


class Silence:
    """Send nothing until the server is closed."""


@attrs.frozen(eq=False)
class Held:
    """Send *answer* once *released* is set."""

    answer: Answer
    released: threading.Event = attrs.Factory(threading.Event)


Step: TypeAlias = Answer | Held | type[Drop] | type[Silence]
Script: TypeAlias = Step | Callable[[Asked], Step]
"""A step, or what chooses one for a request."""


@attrs.define
class ScriptedServer:
    """A server that performs *steps* in turn, and repeats the last one. Each request releases *arrived* once."""

    url: str
    steps: list[Script]
    asked: list[Asked] = attrs.Factory(list)
    sent_bytes: int = 0
    closing: threading.Event = attrs.Factory(threading.Event)
    arrived: threading.Semaphore = attrs.Factory(lambda: threading.Semaphore(0))
    _lock: threading.Lock = attrs.field(factory=threading.Lock, alias="lock")

    def next_step(self, asked: Asked) -> Step:
        """Record *asked* and return the step to perform."""
        with self._lock:
            step = self.steps[min(len(self.asked), len(self.steps) - 1)]
            self.asked.append(asked)
        self.arrived.release()
        return step if isinstance(step, Answer | Held | type) else step(asked)


@contextlib.contextmanager
def serve(
    *steps: Script, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", keep_alive: bool = False
) -> Iterator[ScriptedServer]:
    """Run a server and yield it. With *tls* it speaks https, with *keep_alive* connections outlive a response."""
    script = ScriptedServer("", list(steps))
    server = _Server((host, 0), _handler(script, keep_alive=keep_alive))
    server.daemon_threads = True
    server.block_on_close = False
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    scheme, name = ("https", "localhost") if tls is not None else ("http", host)
    script.url = f"{scheme}://{name}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.002})
    thread.start()
    try:
        yield script
    finally:
        script.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        # A client that disconnects or rejects the certificate is part of a test. To print the traceback would parse
        # source code on this thread, which on Python 3.11 can break a parser on another one (gh-106905).
        if not isinstance(sys.exception(), OSError):
            raise


def _handler(script: ScriptedServer, *, keep_alive: bool) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Without it each response on a connection kept alive takes 40 ms.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.close_connection = not keep_alive
            step = script.next_step(Asked(self.command, self.path, dict(self.headers.items()), body))
            if isinstance(step, Held):
                step.released.wait(30)
                step = step.answer
            if isinstance(step, Answer):
                self._answer(step)
            elif step is Silence:
                script.closing.wait(30)
            else:
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)

        do_GET = do_POST  # noqa: N815  # the name in http.server

        def _answer(self, answer: Answer) -> None:
            _start(self, answer)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.send_header(*_framing(answer, keep_alive=keep_alive))
            self.end_headers()
            with contextlib.suppress(OSError):
                for chunk in answer.chunks:
                    self.wfile.write(chunk)
                    script.sent_bytes += len(chunk)
                    if answer.pause and script.closing.wait(answer.pause):
                        return

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name in http.server
            pass

    return Handler


def _start(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    if "Date" in dict(answer.headers):
        handler.send_response_only(answer.status)
    else:
        handler.send_response(answer.status)


def _framing(answer: Answer, *, keep_alive: bool) -> Header:
    return ("Content-Length", f"{sum(map(len, answer.chunks))}") if keep_alive else ("Connection", "close")


def elapsed_since(started: float) -> float:
    """Return the seconds since *started*, a time of the monotonic clock."""
    return time.monotonic() - started
