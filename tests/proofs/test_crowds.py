"""
Cold crowds on threads, asyncio and trio over real sockets: one token request serves all callers.
"""

import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import anyio
import httpx2
import pytest

from oauth_cc import ClientCredentials, Token, TokenRequest, token_request
from oauth_cc.errors import TokenRequestRefused
from oauth_cc.httpx2 import AsyncTokenSource, TokenSource
from oauth_cc.stores import TokenCache
from oauth_cc.testing import AuthorizationServer
from tests.gates import AsyncGatedTransport, Gate, GatedTransport, arrival
from tests.shells.scripted import Answer, serve

CROWD = 200
REQUEST: TokenRequest = token_request(ClientCredentials("your_id", "s3cret"))
BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """Run a server that records its requests."""
    with AuthorizationServer() as running:
        yield running


def crowd(count: int, ask: Callable[[], Token]) -> list[Token]:
    """Return what *ask* returns to *count* threads that start at the same moment."""
    start = threading.Barrier(count)

    def one(_: int) -> Token:
        start.wait(30)
        return ask()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


async def tasks(count: int, ask: Callable[[], Awaitable[Token]]) -> list[Token]:
    """Return what *ask* returns to *count* tasks."""
    got: list[Token] = []

    async def one() -> None:
        got.append(await ask())

    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(one)
    return got


def test_two_hundred_cold_threads_share_one_request(server: AuthorizationServer) -> None:
    """All threads get the same token."""
    with TokenSource(REQUEST, server.token_endpoint) as source:
        got = crowd(CROWD, source.token)
    assert len(got) == CROWD
    assert len({token.access_token for token in got}) == 1
    assert len(server.token_requests) == 1


@BACKENDS
def test_two_hundred_cold_tasks_share_one_request(server: AuthorizationServer, backend: str) -> None:
    """All tasks get the same token."""

    async def main() -> list[Token]:
        async with AsyncTokenSource(REQUEST, server.token_endpoint) as source:
            return await tasks(CROWD, source.token)

    got = anyio.run(main, backend=backend)
    assert len(got) == CROWD
    assert len({token.access_token for token in got}) == 1
    assert len(server.token_requests) == 1


def test_threads_and_event_loops_of_one_cache_share_one_request(server: AuthorizationServer) -> None:
    """Two asyncio loops, a trio loop and 50 threads start together."""
    store = TokenCache()
    start = threading.Barrier(4)

    async def main() -> list[Token]:
        source = AsyncTokenSource(REQUEST, server.token_endpoint, store=store)
        start.wait(30)
        return await tasks(50, source.token)

    def threads() -> list[Token]:
        source = TokenSource(REQUEST, server.token_endpoint, store=store)
        start.wait(30)
        return crowd(50, source.token)

    with ThreadPoolExecutor(4) as pool:
        loops = [pool.submit(partial(anyio.run, main, backend=backend)) for backend in ("asyncio", "asyncio", "trio")]
        got = [*pool.submit(threads).result(), *(token for loop in loops for token in loop.result())]
    assert len(got) == 200
    assert len({token.access_token for token in got}) == 1
    assert len(server.token_requests) == 1


def test_crowds_for_two_resources_make_two_requests(server: AuthorizationServer) -> None:
    """Each crowd gets its own token."""
    with TokenSource(REQUEST, server.token_endpoint) as source:
        other = source.with_resource("https://api.example/")
        got = crowd(50, source.token)
        others = crowd(50, other.token)
    assert {token.access_token for token in got}.isdisjoint({token.access_token for token in others})
    assert len(server.token_requests) == 2


@BACKENDS
def test_the_request_survives_the_cancellation_of_its_leader(server: AuthorizationServer, backend: str) -> None:
    """The waiting tasks get the token of that request."""
    gate = Gate()

    async def main() -> list[Token]:
        got: list[Token] = []
        async with httpx2.AsyncClient(transport=AsyncGatedTransport(gate)) as client:
            source = AsyncTokenSource(REQUEST, server.token_endpoint, client=client)

            async def one() -> None:
                got.append(await source.token())

            async with anyio.create_task_group() as group:
                leader = anyio.CancelScope()

                async def lead() -> None:
                    with leader:
                        await source.token()
                    assert leader.cancelled_caught

                group.start_soon(lead)
                await arrival(gate)
                for _ in range(20):
                    group.start_soon(one)
                leader.cancel()
                await anyio.lowlevel.checkpoint()
                gate.opened.set()
        return got

    got = anyio.run(main, backend=backend)
    assert len(got) == 20
    assert len({token.access_token for token in got}) == 1
    assert len(server.token_requests) == 1


@BACKENDS
def test_the_cancellation_of_a_waiter_does_not_affect_the_others(server: AuthorizationServer, backend: str) -> None:
    """One request serves all remaining tasks."""
    gate = Gate()

    async def main() -> list[Token]:
        got: list[Token] = []
        async with httpx2.AsyncClient(transport=AsyncGatedTransport(gate)) as client:
            source = AsyncTokenSource(REQUEST, server.token_endpoint, client=client)

            async def one() -> None:
                got.append(await source.token())

            async with anyio.create_task_group() as group:
                group.start_soon(one)
                await arrival(gate)
                for _ in range(10):
                    group.start_soon(one)
                with anyio.move_on_after(0):
                    await source.token()
                gate.opened.set()
        return got

    got = anyio.run(main, backend=backend)
    assert len(got) == 11
    assert len(server.token_requests) == 1


@BACKENDS
def test_a_waiter_elsewhere_leads_after_the_loop_of_the_leader_ended(server: AuthorizationServer, backend: str) -> None:
    """The event loop ends before its request is sent."""
    store, gate = TokenCache(), Gate()
    waiting = threading.Event()

    async def main() -> None:
        client = httpx2.AsyncClient(transport=AsyncGatedTransport(gate))
        source = AsyncTokenSource(REQUEST, server.token_endpoint, client=client, store=store)
        async with anyio.create_task_group() as group:
            group.start_soon(source.token)
            await arrival(gate)
            await anyio.to_thread.run_sync(waiting.wait, 30)
            group.cancel_scope.cancel()

    def wait() -> Token:
        source = TokenSource(REQUEST, server.token_endpoint, store=store)
        assert gate.arrived.wait(30)
        waiting.set()
        return source.token()

    with ThreadPoolExecutor(2) as pool:
        other = pool.submit(wait)
        pool.submit(partial(anyio.run, main, backend=backend)).result(30)
        assert other.result(30).token_type == "Bearer"
    assert gate.sent == []
    assert len(server.token_requests) == 1


def test_a_pending_request_does_not_block_another_cache_key(server: AuthorizationServer) -> None:
    """The second source gets its token first."""
    gate = Gate()
    slow_client = httpx2.Client(transport=GatedTransport(gate))
    store = TokenCache()
    slow = TokenSource(REQUEST, server.token_endpoint, client=slow_client, store=store)
    quick = TokenSource(REQUEST.with_client_id_in_body(), server.token_endpoint, store=store)
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(slow.token)
        assert gate.arrived.wait(30)
        assert quick.token().token_type == "Bearer"
        assert not late.done()
        gate.opened.set()
        assert late.result(30).token_type == "Bearer"
    slow_client.close()


def test_a_failure_reaches_every_waiting_caller(server: AuthorizationServer) -> None:
    """The next caller makes a new attempt."""
    gate = Gate()

    class Failing(GatedTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            first = not self.gate.sent
            if first:
                self.gate.arrived.set()
                assert self.gate.opened.wait(30)
                self.gate.sent.append(request.url)
                raise httpx2.ReadTimeout("too slow")
            return super().handle_request(request)

    with httpx2.Client(transport=Failing(gate)) as client, ThreadPoolExecutor(20) as pool:
        source = TokenSource(REQUEST, server.token_endpoint, client=client)
        leader = pool.submit(source.token)
        assert gate.arrived.wait(30)
        joining = threading.Barrier(20)

        def join() -> Token:
            joining.wait(30)
            return source.token()

        others = [pool.submit(join) for _ in range(19)]
        joining.wait(30)
        gate.opened.set()
        outcomes = [future.exception(30) for future in (leader, *others)]
        # A caller that arrived after the failure may have made a new, successful attempt.
        assert isinstance(outcomes[0], httpx2.ReadTimeout)
        assert all(outcome is None or isinstance(outcome, httpx2.ReadTimeout) for outcome in outcomes)
        assert source.token().token_type == "Bearer"
    assert len(server.token_requests) == 1


def test_each_waiting_caller_raises_its_own_copy_of_the_error() -> None:
    """A shared error would collect the tracebacks of all callers."""
    gate = Gate()
    refused = Answer(status=401, chunks=(b'{"error": "invalid_client"}',))
    with (
        serve(refused) as script,
        httpx2.Client(transport=GatedTransport(gate)) as client,
        ThreadPoolExecutor(3) as pool,
    ):
        source = TokenSource(REQUEST, f"{script.url}/token", client=client)
        asking = [pool.submit(source.token) for _ in range(3)]
        assert gate.arrived.wait(30)
        gate.opened.set()
        errors = [future.exception(30) for future in asking]
        assert all(isinstance(error, TokenRequestRefused) for error in errors)
        assert len({id(error) for error in errors}) == 3
        assert len(script.asked) == 1


@BACKENDS
def test_a_renewal_completes_after_the_loop_of_a_waiter_ended(
    server: AuthorizationServer, backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is logged about the closed loop."""
    store, gate = TokenCache(), Gate()

    async def main() -> None:
        source = AsyncTokenSource(REQUEST, server.token_endpoint, store=store)
        with anyio.move_on_after(0.01):
            await source.token()

    with httpx2.Client(transport=GatedTransport(gate)) as client, ThreadPoolExecutor(1) as pool:
        source = TokenSource(REQUEST, server.token_endpoint, client=client, store=store)
        leader = pool.submit(source.token)
        assert gate.arrived.wait(30)
        anyio.run(main, backend=backend)
        gate.opened.set()
        assert leader.result(30).token_type == "Bearer"
    assert [record for record in caplog.records if record.name == "concurrent.futures"] == []
