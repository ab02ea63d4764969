"""
Transports that block each token request until a test releases it, so that tests wait for events, not for seconds.
"""

import threading

import anyio
import anyio.to_thread
import attrs
import httpx2


@attrs.frozen(eq=False)
class Gate:
    """A gate for requests. *arrived* is set by the first request, *opened* releases requests, *sent* lists them."""

    arrived: threading.Event = attrs.field(factory=threading.Event)
    opened: threading.Event = attrs.field(factory=threading.Event)
    sent: list[httpx2.URL] = attrs.field(factory=lambda: list[httpx2.URL]())


class GatedTransport(httpx2.HTTPTransport):
    """A transport over real sockets behind a *gate*."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.gate = gate

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Wait for the gate, then send *request*."""
        self.gate.arrived.set()
        assert self.gate.opened.wait(30)
        self.gate.sent.append(request.url)
        return super().handle_request(request)


class AsyncGatedTransport(httpx2.AsyncHTTPTransport):
    """An async transport over real sockets behind a *gate*."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.gate = gate

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Wait for the gate, then send *request*."""
        self.gate.arrived.set()
        with anyio.fail_after(30):
            await anyio.to_thread.run_sync(self.gate.opened.wait, 30, abandon_on_cancel=True)
        self.gate.sent.append(request.url)
        return await super().handle_async_request(request)


async def arrival(gate: Gate) -> None:
    """Wait until a request is at *gate*, without blocking the event loop."""
    assert await anyio.to_thread.run_sync(gate.arrived.wait, 30, abandon_on_cancel=True)
