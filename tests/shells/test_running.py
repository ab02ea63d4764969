"""
The running program over threads, asyncio and trio: callers that leave, hooks that call back, closing, and an outage.
"""

import asyncio
import gc
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from typing import Any

import anyio
import anyio.to_thread
import httpx2
import pytest
import trio
import trio.testing

from oauth_cc import ClientAssertion, ClientCredentials, Options, RenewalWindow, Token, TokenCache, errors
from oauth_cc.events import Event, TokenObtained
from oauth_cc.httpx2 import AsyncTokenSource, TokenSource
from oauth_cc.testing import AuthorizationServer
from tests.gates import AsyncGatedTransport, Gate, GatedTransport, arrival
from tests.resting import at_rest, at_rest_async
from tests.shells.scripted import elapsed_since
from tests.test_async_source import AsyncShared
from tests.test_source import Shared

CREDENTIALS = ClientCredentials("your_id", "s3cret")
AGEING_AT_ONCE = RenewalWindow(opens=1e-9, closes=1e-9)
LONG = 60.0
"""A timeout in seconds that no test waits for."""

each_backend = pytest.mark.parametrize("backend", ["asyncio", "trio"])


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """Run a server that records its requests."""
    with AuthorizationServer() as running:
        yield running


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Yield a gate that is opened at the end of the test."""
    made = Gate()
    yield made
    made.opened.set()


class Hanging(Shared):
    """A store whose first operation hangs until *released*."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()
        self.loads = 0

    def load(self, key: str) -> Token | None:
        """Hang at the first call."""
        self.loads += 1
        if self.loads == 1:
            assert self.released.wait(60)
        return super().load(key)


class AsyncHanging(AsyncShared):
    """The same for async code."""

    def __init__(self) -> None:
        super().__init__()
        self.loads = 0

    async def load(self, key: str) -> Token | None:
        """Hang at the first call."""
        self.loads += 1
        if self.loads == 1:
            await anyio.sleep(60)
        return await super().load(key)


@each_backend
def test_loop_that_ends_at_once_leaves_nothing_that_the_next_loop_waits_for(
    server: AuthorizationServer, gate: Gate, backend: str
) -> None:
    """The task of the renewal has hardly begun."""
    cache = TokenCache()

    async def leave() -> None:
        # It connects to nothing, as anyio leaves a coroutine of its own behind when it is cancelled meanwhile.
        client = httpx2.AsyncClient(transport=AsyncGatedTransport(gate))
        with anyio.move_on_after(0):
            await AsyncTokenSource(CREDENTIALS, server.token_endpoint, client=client, store=cache).token()

    async def ask() -> None:
        began = time.monotonic()
        source = AsyncTokenSource(CREDENTIALS, server.token_endpoint, store=cache)
        assert (await source.token()).token_type == "Bearer"
        assert elapsed_since(began) < 30

    for main in (leave, ask):
        anyio.run(main, backend=backend)


class CrashingClock(trio.abc.Clock):
    """A clock whose error crashes the loop of trio, as an exception of a signal handler within the scheduler does."""

    def __init__(self) -> None:
        self.is_crashing = False

    def start_clock(self) -> None:
        """Do nothing."""

    def current_time(self) -> float:
        """Return the seconds of a clock that nobody sets."""
        return time.monotonic()

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Return the seconds until *deadline*, or raise."""
        if self.is_crashing:
            raise ZeroDivisionError
        return deadline - time.monotonic()


# The tasks of such a loop never end.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
class TestEndedLoops:
    @pytest.fixture(autouse=True)
    def _collected(self) -> Iterator[None]:
        yield
        gc.collect()

    def test_next_caller_leads_after_the_loop_of_trio_crashed(self, server: AuthorizationServer, gate: Gate) -> None:
        """The crashed loop performed the renewal."""
        cache, clock = TokenCache(), CrashingClock()

        async def main() -> None:
            client = httpx2.AsyncClient(transport=AsyncGatedTransport(gate))
            source = AsyncTokenSource(CREDENTIALS, server.token_endpoint, client=client, store=cache)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(source.token)
                await arrival(gate)
                clock.is_crashing = True

        with pytest.raises(trio.TrioInternalError):
            trio.run(main, clock=clock)
        assert TokenSource(CREDENTIALS, server.token_endpoint, store=cache).token().token_type == "Bearer"

    def test_renewal_of_a_thread_ends_after_the_loop_of_a_waiting_task_crashed(
        self, server: AuthorizationServer, gate: Gate
    ) -> None:
        """A task in the crashed loop waited for it."""
        cache, clock, events = TokenCache(), CrashingClock(), list[Event]()
        with httpx2.Client(transport=GatedTransport(gate)) as client, ThreadPoolExecutor(1) as pool:
            options = Options(on_event=events.append)
            source = TokenSource(CREDENTIALS, server.token_endpoint, client=client, store=cache, options=options)
            calling = pool.submit(source.token)

            async def main() -> None:
                await arrival(gate)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(AsyncTokenSource(CREDENTIALS, server.token_endpoint, store=cache).token)
                    await trio.testing.wait_all_tasks_blocked()
                    clock.is_crashing = True

            with pytest.raises(trio.TrioInternalError):
                trio.run(main, clock=clock)
            gate.opened.set()
            assert calling.result(30).token_type == "Bearer"
            at_rest(source)
        assert [type(event) for event in events] == [TokenObtained]

    @pytest.mark.parametrize("how", ["before its first step", "closed", "crashed"])
    def test_close_does_not_wait_for_a_renewal_whose_loop_has_ended(
        self, server: AuthorizationServer, gate: Gate, how: str
    ) -> None:
        """Its task may have begun or not."""
        gate.opened.set()
        clock, backend = CrashingClock(), "trio" if how == "crashed" else "asyncio"
        client = httpx2.AsyncClient(transport=AsyncGatedTransport(gate))
        options = Options(renewal_window=AGEING_AT_ONCE, timeout=LONG)
        source = AsyncTokenSource(CREDENTIALS, server.token_endpoint, client=client, options=options)

        async def main() -> None:
            await source.token()
            gate.opened.clear()
            gate.arrived.clear()
            await source.token()
            if how != "before its first step":
                await arrival(gate)
            clock.is_crashing = True

        async def close() -> None:
            began = time.monotonic()
            await source.close()
            assert elapsed_since(began) < LONG / 2

        if how == "crashed":
            with pytest.raises(trio.TrioInternalError):
                trio.run(main, clock=clock)
        else:
            loop = asyncio.new_event_loop()
            loop.run_until_complete(main())
            loop.close()
        anyio.run(close, backend=backend)


@pytest.mark.parametrize("way", ["threads", "asyncio", "trio"])
def test_functions_of_the_user_see_the_context_variables_of_the_caller(server: AuthorizationServer, way: str) -> None:
    """A secret function may need the tenant, and a hook the trace."""
    seen: list[str] = []
    tenant = ContextVar("tenant", default="nobody")

    def secret() -> str:
        seen.append(tenant.get())
        return "s3cret"

    credentials = ClientCredentials("your_id", secret)
    options = Options(on_event=lambda _: seen.append(tenant.get()))

    async def main() -> None:
        tenant.set("caller")
        source = AsyncTokenSource(credentials, server.token_endpoint, options=options)
        await source.token()
        await at_rest_async(source)

    def ask() -> None:
        tenant.set("caller")
        source = TokenSource(credentials, server.token_endpoint, options=options)
        source.token()
        at_rest(source)

    copy_context().run(ask) if way == "threads" else anyio.run(main, backend=way)
    assert seen == ["caller", "caller"]


class HangingSecret:
    """A secret function whose second call hangs until *released*."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.released = threading.Event()
        self.calls = 0

    def __call__(self) -> str:
        """Return the secret."""
        self.calls += 1
        if self.calls == 2:
            self.arrived.set()
            assert self.released.wait(30)
        return "s3cret"


class TestHanging:
    @pytest.mark.parametrize("way", ["threads", "asyncio", "trio"])
    def test_second_renewal_does_not_begin_while_the_first_hangs_and_the_token_can_be_used(
        self, server: AuthorizationServer, way: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An honest server may need longer than one timeout. After `wait_timeout` another one begins."""
        clock, passed, secret = time.time, [0.0], HangingSecret()
        monkeypatch.setattr(time, "time", lambda: clock() + passed[0])
        options = Options(renewal_window=AGEING_AT_ONCE, timeout=5.0, wait_timeout=120.0)
        credentials = ClientCredentials("your_id", secret)

        async def main() -> None:
            source = AsyncTokenSource(credentials, server.token_endpoint, options=options)
            first = await source.token()
            assert await source.token() == first
            assert await anyio.to_thread.run_sync(secret.arrived.wait, 30)
            for passed[0] in (20.0, 60.0, 110.0):
                assert await source.token() == first
            passed[0] = 121.0
            assert await source.token() == first
            await at_rest_async(source)
            secret.released.set()

        def ask() -> None:
            source = TokenSource(credentials, server.token_endpoint, options=options)
            first = source.token()
            assert source.token() == first
            assert secret.arrived.wait(30)
            for passed[0] in (20.0, 60.0, 110.0):
                assert source.token() == first
            (hung,) = source._started.values()
            passed[0] = 121.0
            assert source.token() == first
            at_rest(source)
            secret.released.set()
            assert hung.ended.wait(30)

        ask() if way == "threads" else anyio.run(main, backend=way)
        assert secret.calls == 3

    def test_caller_leaves_a_hanging_store_and_the_next_one_leads(self, server: AuthorizationServer) -> None:
        """The thread of the first renewal goes on, and is not needed."""
        store = Hanging()
        source = TokenSource(CREDENTIALS, server.token_endpoint, store=store, options=Options(wait_timeout=0.2))
        with pytest.raises(errors.RenewalTimedOut):
            source.token()
        patient = TokenSource(CREDENTIALS, server.token_endpoint, store=source.context.cache)
        assert patient.token().token_type == "Bearer"
        store.released.set()
        at_rest(source)

    @each_backend
    @pytest.mark.parametrize("kind", [Hanging, AsyncHanging])
    def test_task_leaves_a_hanging_store_and_the_next_one_leads(
        self, server: AuthorizationServer, backend: str, kind: type[Hanging | AsyncHanging]
    ) -> None:
        """The store may be for threads or for async code."""
        store = kind()

        async def main() -> None:
            source = AsyncTokenSource(
                CREDENTIALS, server.token_endpoint, store=store, options=Options(wait_timeout=0.2)
            )
            with pytest.raises(errors.RenewalTimedOut):
                await source.token()
            patient = AsyncTokenSource(CREDENTIALS, server.token_endpoint, store=source.context.cache)
            assert (await patient.token()).token_type == "Bearer"
            if isinstance(store, Hanging):
                store.released.set()

        anyio.run(main, backend=backend)

    @each_backend
    def test_task_leaves_a_hanging_assertion_function_and_the_next_one_leads(
        self, server: AuthorizationServer, backend: str
    ) -> None:
        """The loop runs meanwhile."""
        release, calls = threading.Event(), list[int]()

        def fetch() -> str:
            calls.append(len(calls))
            if len(calls) == 1:
                release.wait(60)
            raise errors.InvalidInput("assertion", "assertion must be there")

        async def main() -> None:
            credentials = ClientCredentials("your_id", ClientAssertion(fetch))
            cache = TokenCache()
            source = AsyncTokenSource(
                credentials, server.token_endpoint, store=cache, options=Options(wait_timeout=0.2)
            )
            with pytest.raises(errors.RenewalTimedOut):
                await source.token()
            patient = AsyncTokenSource(credentials, server.token_endpoint, store=cache)
            with pytest.raises(errors.InvalidInput, match="must be there"):
                await patient.token()
            release.set()

        anyio.run(main, backend=backend)
        assert calls == [0, 1]


def test_caller_renews_itself_where_no_thread_can_be_started(
    server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shutdown of the interpreter is such a place."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread at interpreter shutdown")

    source = TokenSource(CREDENTIALS, server.token_endpoint, options=Options(renewal_window=AGEING_AT_ONCE))
    with monkeypatch.context() as patching:
        patching.setattr(threading.Thread, "start", refuse)
        # Neither has the server threads for its connections.
        patching.setattr("socketserver.ThreadingMixIn.process_request", _in_place)
        assert source.token() != source.token()


def _in_place(server: Any, request: Any, client_address: Any) -> None:
    server.process_request_thread(request, client_address)


class TestHooks:
    @each_backend
    def test_hook_finds_the_new_token_and_no_task_waits_for_it(self, server: AuthorizationServer, backend: str) -> None:
        """The outcome comes before its events."""
        found: list[Token | None] = []
        sources: list[AsyncTokenSource] = []

        def look(event: Event) -> None:
            if isinstance(event, TokenObtained):
                found.append(sources[0].peek())

        async def main() -> None:
            sources.append(AsyncTokenSource(CREDENTIALS, server.token_endpoint, options=Options(on_event=look)))
            token = await sources[0].token()
            await at_rest_async(sources[0])
            assert found == [token]

        anyio.run(main, backend=backend)

    @each_backend
    def test_hook_that_asks_a_blocking_source_of_the_same_cache_gets_the_new_token(
        self, server: AuthorizationServer, backend: str
    ) -> None:
        """One renewal makes one token request."""
        found: list[Token] = []
        cache = TokenCache()
        blocking = TokenSource(CREDENTIALS, server.token_endpoint, store=cache)
        options = Options(on_event=lambda _: found.append(blocking.token()))

        async def main() -> None:
            source = AsyncTokenSource(CREDENTIALS, server.token_endpoint, store=cache, options=options)
            token = await source.token()
            await at_rest_async(source)
            assert found == [token]

        anyio.run(main, backend=backend)
        assert len(server.token_requests) == 1


class TestClosing:
    def test_close_waits_for_a_renewal_in_the_background(self, server: AuthorizationServer, gate: Gate) -> None:
        """Its token is there then."""
        gate.opened.set()
        with httpx2.Client(transport=GatedTransport(gate)) as client:
            options = Options(renewal_window=AGEING_AT_ONCE, timeout=30)
            source = TokenSource(CREDENTIALS, server.token_endpoint, client=client, options=options)
            first = _token_under_way(source, gate)
            found: list[Token | None] = []

            def close() -> None:
                source.close()
                found.append(source.peek())

            closing = threading.Thread(target=close)
            closing.start()
            closing.join(0.05)
            gate.opened.set()
            closing.join(30)
        assert len(found) == 1
        assert found[0] not in (None, first)

    def test_close_waits_for_the_timeout_at_most(self, server: AuthorizationServer) -> None:
        """A function of the user hangs."""
        secret = HangingSecret()
        options = Options(renewal_window=AGEING_AT_ONCE, timeout=0.1)
        source = TokenSource(ClientCredentials("your_id", secret), server.token_endpoint, options=options)
        first = source.token()
        assert source.token() == first
        assert secret.arrived.wait(30)
        began = time.monotonic()
        source.close()
        assert elapsed_since(began) < 15
        secret.released.set()
        at_rest(source)

    @each_backend
    def test_close_waits_for_a_task_for_the_timeout_at_most(self, server: AuthorizationServer, backend: str) -> None:
        """A function of the user hangs, in a thread."""
        secret = HangingSecret()

        async def main() -> None:
            options = Options(renewal_window=AGEING_AT_ONCE, timeout=0.1)
            source = AsyncTokenSource(ClientCredentials("your_id", secret), server.token_endpoint, options=options)
            first = await source.token()
            assert await source.token() == first
            assert await anyio.to_thread.run_sync(secret.arrived.wait, 30)
            began = time.monotonic()
            await source.close()
            assert elapsed_since(began) < 15
            secret.released.set()
            await at_rest_async(source)

        anyio.run(main, backend=backend)

    @each_backend
    def test_close_waits_for_a_task_in_the_background(
        self, server: AuthorizationServer, gate: Gate, backend: str
    ) -> None:
        """Its token is there then."""
        gate.opened.set()

        async def main() -> None:
            async with httpx2.AsyncClient(transport=AsyncGatedTransport(gate)) as client:
                options = Options(renewal_window=AGEING_AT_ONCE, timeout=30)
                source = AsyncTokenSource(CREDENTIALS, server.token_endpoint, client=client, options=options)
                first = await source.token()
                gate.opened.clear()
                gate.arrived.clear()
                assert await source.token() == first
                await arrival(gate)
                async with anyio.create_task_group() as group:
                    group.start_soon(self._open_later, gate)
                    await source.close()
                    assert source.peek() != first

        anyio.run(main, backend=backend)

    async def _open_later(self, gate: Gate) -> None:
        await anyio.sleep(0.05)
        gate.opened.set()

    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    @pytest.mark.parametrize("how", ["fork", "freeze"])
    def test_close_does_not_wait_for_a_renewal_that_was_lost_or_is_older_than_the_timeout(
        self, server: AuthorizationServer, gate: Gate, how: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A child has no thread of its parent, and a process may be frozen for hours."""
        gate.opened.set()
        with httpx2.Client(transport=GatedTransport(gate)) as client:
            options = Options(renewal_window=AGEING_AT_ONCE, timeout=LONG)
            source = TokenSource(CREDENTIALS, server.token_endpoint, client=client, options=options)
            _token_under_way(source, gate)
            if how == "fork":
                child = os.fork()
                if child == 0:
                    os._exit(_closes_at_once(source))
                assert os.waitpid(child, 0)[1] == 0
            else:
                clock = time.time
                with monkeypatch.context() as patching:
                    patching.setattr(time, "time", lambda: clock() + 3600)
                    assert _closes_at_once(source) == 0
            gate.opened.set()
            at_rest(source)

    @each_backend
    def test_renewal_in_the_background_that_finds_its_client_closed_says_nothing(
        self, server: AuthorizationServer, backend: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The program has left its client."""

        async def main() -> None:
            client = httpx2.AsyncClient()
            options = Options(renewal_window=AGEING_AT_ONCE)
            source = AsyncTokenSource(CREDENTIALS, server.token_endpoint, client=client, options=options)
            first = await source.token()
            await client.aclose()
            assert await source.token() == first
            await at_rest_async(source)
            await source.close()

        anyio.run(main, backend=backend)
        assert caplog.records == []


def _closes_at_once(source: TokenSource) -> int:
    # The exit status of a child.
    began = time.monotonic()
    source.close()
    return int(elapsed_since(began) > LONG / 2)


def _token_under_way(source: TokenSource, gate: Gate) -> Token:
    # The current token, whose renewal is at the gate.
    first = source.token()
    gate.opened.clear()
    gate.arrived.clear()
    assert source.token() == first
    assert gate.arrived.wait(30)
    return first


class TestBlockingInALoop:
    @each_backend
    @pytest.mark.parametrize("is_shared", [True, False])
    def test_blocking_call_in_the_thread_of_the_leading_loop_asks_by_itself(
        self, server: AuthorizationServer, gate: Gate, backend: str, is_shared: bool
    ) -> None:
        """With a store too, whose lock the task holds."""
        cache = TokenCache(Shared() if is_shared else None)

        async def main() -> None:
            async with httpx2.AsyncClient(transport=AsyncGatedTransport(gate)) as client:
                source = AsyncTokenSource(CREDENTIALS, server.token_endpoint, client=client, store=cache)
                async with anyio.create_task_group() as group:
                    group.start_soon(source.token)
                    await arrival(gate)
                    began = time.monotonic()
                    assert TokenSource(CREDENTIALS, server.token_endpoint, store=cache).token().token_type == "Bearer"
                    assert elapsed_since(began) < 10
                    gate.opened.set()

        anyio.run(main, backend=backend)


class Outage:
    """
    A token endpoint that issues one token, hangs during each request of an outage, refuses it, and recovers.

    Attributes:
        is_down: Whether it hangs and refuses.
        sent: The statuses of its responses.
        alive: How many renewal threads were alive at each request.
        released: Released once for each request that is to be refused.
        arrived: Released by each request of the outage.
    """

    def __init__(self) -> None:
        self.is_down = False
        self.sent: list[int] = []
        self.alive: list[int] = []
        self.released = threading.Semaphore(0)
        self.arrived = threading.Semaphore(0)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a token request."""
        self.alive.append(len([thread for thread in threading.enumerate() if thread.name == "oauth_cc renewal"]))
        status = 503 if self.is_down else 200
        if self.is_down:
            self.arrived.release()
            assert self.released.acquire(timeout=60)
        self.sent.append(status)
        token = {"access_token": f"tok-{len(self.sent)}", "token_type": "Bearer", "expires_in": 3600}
        return httpx2.Response(status, json=token)


def test_outage_of_a_minute_costs_one_attempt_in_half_a_minute_and_no_call_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """50 threads call without a pause, and while each attempt hangs, too. After the recovery there is one request."""
    clock, passed, outage = time.time, [0.0], Outage()
    monkeypatch.setattr(time, "time", lambda: clock() + passed[0])
    # A call that waits would wait for longer than all of them may take.
    monkeypatch.setattr("oauth_cc._io.source.LOOK", 50.0)

    def call() -> list[Token]:
        return [source.token() for _ in range(20)]

    with httpx2.Client(transport=httpx2.MockTransport(outage.answer)) as client, ThreadPoolExecutor(50) as pool:
        options = Options(renewal_window=RenewalWindow(opens=0.5, closes=0.5, first_opens=0.5), timeout=60)
        source = TokenSource(CREDENTIALS, "https://as.example/token", client=client, options=options)
        first = source.token()

        def all_call() -> set[Token]:
            calling = [pool.submit(call) for _ in range(50)]
            return {token for each in calling for token in each.result(30)}

        outage.is_down = True
        passed[0] = 1800.0
        for _ in range(3):
            assert all_call() == {first}
            assert outage.arrived.acquire(timeout=30)
            assert all_call() == {first}
            outage.released.release()
            at_rest(source)
            assert all_call() == {first}
            passed[0] += 30.1
        outage.is_down = False
        all_call()
        at_rest(source)
        assert len(all_call() - {first}) == 1
    assert outage.sent == [200, 503, 503, 503, 200]
    assert set(outage.alive) == {1}
