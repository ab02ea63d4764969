"""
A token endpoint and an API in a process of their own, which cost next to nothing, so that the client is the limit.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, final

LIFETIME: Final = 2
"""Seconds that a token lives."""

DELAY: Final = 0.5
"""Seconds that the token endpoint takes."""


def _response(content: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(content) + content


_DONE: Final = _response(b"done")


@final
class _Answers(asyncio.Protocol):
    """One connection. A POST is a token request, and any other request is a call of the API."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        if not head.startswith(b"POST"):
            self._received = b""
            self._transport.write(_DONE)
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) >= length:
            self._received = b""
            asyncio.get_running_loop().call_later(DELAY, self._issue)

    def _issue(self) -> None:
        content = b'{"access_token": "%d", "token_type": "Bearer", "expires_in": %d}' % (time.time_ns(), LIFETIME)
        self._transport.write(_response(content))


@contextmanager
def serving() -> Generator[str]:
    """Run the token endpoint and the API in another process, and yield their URL."""
    command = [sys.executable, "-m", "tests.benchmarks.answering"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.kill()


async def main() -> None:
    """Print the port, and serve."""
    server = await asyncio.get_running_loop().create_server(_Answers, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
