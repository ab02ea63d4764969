"""
The token source for async code on asyncio and trio, against servers on real sockets.
"""

import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from functools import partial

import anyio
import httpx2
import pytest

from oauth_cc import (
    ClientCredentials,
    HttpRequest,
    HttpResponse,
    Options,
    RenewalWindow,
    Retries,
    Scope,
    Token,
    token_request,
)
from oauth_cc._io.arguments import source_context
from oauth_cc._io.async_source import AsyncTokenSource as BaseSource
from oauth_cc.errors import (
    InsecureEndpoint,
    RenewalTimedOut,
    SourceClosed,
    TokenRequestRefused,
)
from oauth_cc.events import (
    Event,
    RenewalFailed,
    StoreFailed,
    StoreReturned,
    TokenDiscarded,
    TokenFound,
    TokenObtained,
)
from oauth_cc.flows import Failed, Load, Lock, Received, Save
from oauth_cc.httpx2 import AsyncTokenSource
from oauth_cc.stores import AsyncStore
from oauth_cc.stores._pending import Limits, PendingRenewal, StartRenewal
from oauth_cc.testing import AuthorizationServer
from tests.gates import AsyncGatedTransport, Gate, arrival
from tests.resting import at_rest_async
from tests.shells.scripted import TOKEN, Answer, Drop, elapsed_since, serve
from tests.test_source import Shared, Unreleasable
from tests.world import token_answer

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))
AGEING_AT_ONCE = RenewalWindow(opens=1e-9, closes=1e-9)
ONCE = Retries(attempts=1)
UNAVAILABLE = Answer(status=503)
REFUSED = Answer(status=401, chunks=(b'{"error": "invalid_client"}',))
STALE_AT_ONCE = Answer(chunks=(b'{"access_token": "tok-0", "token_type": "Bearer", "expires_in": 0}',))

Run = Callable[[Callable[[], Coroutine[object, object, None]]], None]


@pytest.fixture(params=["asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Run:
    """Return a function that runs an async function on an event loop."""
    return partial(anyio.run, backend=request.param)


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """Run a server that records its requests."""
    with AuthorizationServer() as running:
        yield running


def test_the_parts_of_the_cached_token_are_returned_alone(run: Run, server: AuthorizationServer) -> None:
    """One token request serves them all."""

    async def main() -> None:
        source = AsyncTokenSource(REQUEST, server.token_endpoint)
        assert source.peek() is None
        token = await source.token()
        assert await source.access_token() == token.access_token.reveal()
        assert await source.authorization() == f"Bearer {token.access_token.reveal()}"
        assert await source.expires_at() == token.expires_at
        assert source.peek() is token
        assert len(server.token_requests) == 1

    run(main)


def test_a_token_is_cached_until_it_is_discarded(run: Run, server: AuthorizationServer) -> None:
    """Discarding a token that is no longer cached changes nothing."""

    async def main() -> None:
        async with AsyncTokenSource(REQUEST, server.token_endpoint) as source:
            first = await source.token()
            assert await source.token() is first
            await source.discard(first)
            second = await source.token()
            await source.discard(first)
            assert await source.token() is second
            assert second.access_token != first.access_token

    run(main)
    assert len(server.token_requests) == 2


def test_each_scope_and_resource_has_its_own_cached_token(run: Run) -> None:
    """Sources derived from a source share its cache."""

    async def main(url: str) -> None:
        source = AsyncTokenSource(REQUEST, url)
        for _ in range(2):
            await source.token()
            await source.with_scope(Scope.of("a", "b")).token()
            await source.with_scope(Scope.of("b", "a")).token()
            await source.with_resource("https://a.example/").token()

    with serve(TOKEN) as script:
        run(partial(main, f"{script.url}/token"))
        assert len(script.asked) == 3


def test_a_closed_source_raises_source_closed(run: Run, server: AuthorizationServer) -> None:
    """So does a source derived from it."""

    async def main() -> None:
        async with AsyncTokenSource(REQUEST, server.token_endpoint) as source:
            await source.token()
        with pytest.raises(SourceClosed, match="create a new one"):
            await source.with_scope(Scope()).token()

    run(main)


def test_invalid_input_is_rejected_at_construction() -> None:
    """It is not rejected only at the first call."""
    with pytest.raises(InsecureEndpoint):
        AsyncTokenSource(REQUEST, "http://as.example/token")


def test_a_failed_renewal_reaches_callers_only_without_a_usable_token(run: Run) -> None:
    """Each of those callers gets an error of its own."""
    events: list[Event] = []

    async def main(url: str) -> None:
        source = AsyncTokenSource(
            REQUEST, url, options=Options(renewal_window=AGEING_AT_ONCE, retries=ONCE, on_event=events.append)
        )
        for _ in range(5):
            await source.token()
            await at_rest_async(source)
        await source.discard(await source.token())
        errors: list[TokenRequestRefused] = []
        for _ in range(2):
            with pytest.raises(TokenRequestRefused) as raised:
                await source.token()
            errors.append(raised.value)
        assert errors[0] is not errors[1]
        await at_rest_async(source)

    with serve(TOKEN, Drop, UNAVAILABLE) as script:
        run(partial(main, f"{script.url}/token"))
        assert len(script.asked) == 3
    left = [event.seconds_left for event in events if isinstance(event, RenewalFailed)]
    assert left[0] is not None
    assert left[1:] == [None]


def test_a_503_and_a_dropped_connection_are_retried(run: Run) -> None:
    """The third attempt returns the token."""

    async def main(url: str) -> None:
        quick = Retries(attempts=3, base=0.0, ceiling=0.0)
        source = AsyncTokenSource(REQUEST, url, options=Options(retries=quick))
        assert (await source.token()).token_type == "Bearer"

    with serve(UNAVAILABLE, Drop, TOKEN) as script:
        run(partial(main, f"{script.url}/token"))
        assert len(script.asked) == 3


def test_a_refusal_is_cached_for_a_while(run: Run) -> None:
    """Callers soon after a refusal get the same error without a request."""

    async def main(url: str) -> None:
        source = AsyncTokenSource(REQUEST, url)
        for _ in range(10):
            with pytest.raises(TokenRequestRefused):
                await source.token()

    with serve(REFUSED) as script:
        run(partial(main, f"{script.url}/token"))
        assert len(script.asked) == 1


def test_no_caller_waits_for_the_renewal_of_a_usable_token(
    run: Run, server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller that starts it does not wait either. A wait would take twenty seconds here."""
    monkeypatch.setattr("oauth_cc._io.async_source.LOOK", 20.0)
    gate = Gate()
    gate.opened.set()

    async def main() -> None:
        async with httpx2.AsyncClient(transport=AsyncGatedTransport(gate)) as client:
            source = AsyncTokenSource(
                REQUEST, server.token_endpoint, client=client, options=Options(renewal_window=AGEING_AT_ONCE)
            )
            first = await source.token()
            gate.opened.clear()
            gate.arrived.clear()
            began = time.monotonic()
            assert await source.token() == first
            assert elapsed_since(began) < 10
            await arrival(gate)
            assert [await source.token() for _ in range(3)] == [first] * 3
            gate.opened.set()
            await at_rest_async(source)
            assert await source.token() != first
            await at_rest_async(source)

    run(main)


def test_renewals_that_start_together_take_turns(run: Run) -> None:
    """Other tasks run between them, so that hundreds of first calls do not block the loop together."""
    turns, starts = 0, list[int]()

    class Transport(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            starts.append(turns)
            return httpx2.Response(200, json={"access_token": "tok-1", "token_type": "Bearer"})

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.sleep(0)

    async def main() -> None:
        async with httpx2.AsyncClient(transport=Transport()) as client, anyio.create_task_group() as group:
            group.start_soon(count)
            async with anyio.create_task_group() as callers:
                for number in range(40):
                    endpoint = f"https://as.example/{number}"
                    callers.start_soon(AsyncTokenSource(REQUEST, endpoint, client=client).token)
            group.cancel_scope.cancel()

    run(main)
    assert len(starts) == 40
    assert max(Counter(starts).values()) <= 10


def test_every_caller_gives_up_after_the_wait_timeout(run: Run, server: AuthorizationServer) -> None:
    """The first one too, because the request runs in a task of its own."""
    gate = Gate()

    async def main() -> None:
        async with httpx2.AsyncClient(transport=AsyncGatedTransport(gate)) as client:
            source = AsyncTokenSource(REQUEST, server.token_endpoint, client=client, options=Options(wait_timeout=0.01))
            with pytest.raises(RenewalTimedOut) as caught:
                await source.token()
            assert caught.value.seconds == 0.01
            gate.opened.set()
            await at_rest_async(source)
            assert (await source.token()).token_type == "Bearer"

    run(main)
    assert len(server.token_requests) == 1


class AsyncShared:
    """`Shared` for async code."""

    def __init__(self) -> None:
        self.below = Shared()

    async def load(self, key: str) -> Token | None:
        """Return the token under *key*, or None."""
        await anyio.lowlevel.checkpoint()
        return self.below.load(key)

    async def save(self, key: str, token: Token) -> None:
        """Keep *token* under *key*."""
        await anyio.lowlevel.checkpoint()
        self.below.save(key, token)

    async def discard(self, key: str, token: Token) -> None:
        """Remove *token*."""
        await anyio.lowlevel.checkpoint()
        self.below.discard(key, token)

    @asynccontextmanager
    async def lock(self, key: str, wait: float) -> AsyncGenerator[bool]:
        """Hold the lock."""
        await anyio.lowlevel.checkpoint()
        with self.below.lock(key, wait) as held:
            yield held


@pytest.mark.parametrize("kind", [Shared, AsyncShared])
def test_an_async_source_shares_tokens_through_either_kind_of_store(
    run: Run, server: AuthorizationServer, kind: type[Shared] | type[AsyncShared]
) -> None:
    """The store may be for threads or for async code."""
    events: list[Event] = []
    shared = kind()
    below = shared if isinstance(shared, Shared) else shared.below

    async def main() -> None:
        first = AsyncTokenSource(REQUEST, server.token_endpoint, store=shared)
        second = AsyncTokenSource(REQUEST, server.token_endpoint, store=shared, options=Options(on_event=events.append))
        token = await first.token()
        assert await second.token() == token
        await at_rest_async(second)
        assert [type(event) for event in events] == [TokenFound]
        await second.discard(token)
        assert below.tokens == {}
        below.fault = ConnectionError("no route")
        for name in "ab":
            await second.with_resource(f"https://{name}.example/").token()
            await at_rest_async(second)
        below.fault = None
        await second.with_resource("https://c.example/").token()
        await at_rest_async(second)

    run(main)
    assert not below.mutex.locked()
    store_events = [type(event) for event in events if isinstance(event, StoreFailed | StoreReturned)]
    assert store_events == [StoreFailed, StoreReturned]


def sourced(response: HttpResponse | Failed, options: Options, store: Shared | None = None) -> BaseSource:
    """Return a source that gets *response* to each request."""

    async def answer(_: HttpRequest) -> Received | Failed:
        return response if isinstance(response, Failed) else Received(response, time.time())

    return BaseSource(source_context(REQUEST, "https://as.example/token", store, options), answer)


def test_a_lock_that_cannot_be_released_is_a_failure_of_the_store(run: Run) -> None:
    """The token is used. The lock expires by itself."""
    events: list[Event] = []

    async def main() -> None:
        source = sourced(token_answer(), Options(on_event=events.append), Unreleasable())
        assert (await source.token()).access_token.reveal() == "tok-1"
        await at_rest_async(source)
        assert source.context.cache.note_store(Lock, failed=False)

    run(main)
    obtained, failed = events
    assert isinstance(obtained, TokenObtained)
    assert isinstance(failed, StoreFailed)
    assert str(failed.error) == "lost"


def test_a_store_that_cannot_discard_has_failed_to_save(run: Run) -> None:
    """It is available again when it can. The cache has dropped the token."""
    events: list[Event] = []

    async def main() -> None:
        store = Shared()
        source = sourced(token_answer(), Options(on_event=events.append), store)
        token = await source.token()
        await at_rest_async(source)
        store.fault = ConnectionError("no route")
        assert await source.discard(token)
        assert source.peek() is None
        assert not source.context.cache.note_store(Load, failed=False)
        assert source.context.cache.note_store(Save, failed=False)

    run(main)
    assert [type(event) for event in events] == [TokenObtained, TokenDiscarded, StoreFailed]


def test_a_renewal_that_ends_with_its_loop_is_led_by_the_next_caller(run: Run) -> None:
    """Nobody waits for it."""
    begun: list[PendingRenewal] = []

    async def hang(_: HttpRequest) -> Received | Failed:
        begun.extend(source._started.values())
        await anyio.sleep_forever()
        raise AssertionError

    source = BaseSource(source_context(REQUEST, "https://as.example/token", None, Options()), hang)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(source.token)
            while not begun:
                await anyio.sleep(0)
            group.cancel_scope.cancel()

    run(main)
    (pending,) = begun
    assert pending.outcome.value is None
    assert pending.ended.value
    again = source.context.ask()
    assert isinstance(again, StartRenewal)
    assert again.pending is not pending


def test_close_waits_for_a_renewal_for_the_timeout_at_most(run: Run) -> None:
    """A renewal that ends in time has ended after it."""

    async def main(timeout: float, ends: bool) -> None:
        source = sourced(token_answer(), Options(timeout=timeout))
        pending = PendingRenewal("key", None, (), time.time(), Limits())
        source._started["key"] = pending
        if ends:
            threading.Timer(0.01, pending.ended.settle, [True]).start()
        await source.close()
        assert pending.ended.is_settled is ends
        await source.close()

    run(partial(main, 0.01, False))
    run(partial(main, 30.0, True))


@pytest.mark.parametrize(
    ("response", "pauses"),
    [
        (token_answer(), [1.0, 30.0, 30.0]),
        (token_answer(lifetime=0), [1.0, 1.0, 1.0]),
        (Failed(OSError("down"), retryable=False), [1.0, 1.0, 1.0]),
    ],
    ids=["an hour", "no lifetime", "failed"],
)
def test_pauses_without_calls_are_from_a_second_to_half_a_minute(
    run: Run, response: HttpResponse | Failed, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock may be set, and a machine may sleep. An error is reported, and does not end the renewals."""
    slept: list[float] = []

    async def main() -> None:
        source, sleep = sourced(response, Options(retries=ONCE)), anyio.sleep

        async def record(seconds: float) -> None:
            await sleep(0)
            if seconds > 0:
                slept.append(seconds)
            if len(slept) == 3:
                source._closed.set()

        monkeypatch.setattr(anyio, "sleep", record)
        await source._stay_fresh(anyio.CancelScope())
        monkeypatch.undo()

    run(main)
    assert slept == pytest.approx(pauses, abs=0.5)


def test_a_block_begins_with_a_usable_token(run: Run) -> None:
    """An error of the first token is raised."""

    async def main() -> None:
        source = sourced(token_answer(), Options())
        async with source.keep_fresh():
            assert source.peek() is not None
        failing = sourced(Failed(OSError("down"), retryable=False), Options())
        with pytest.raises(OSError, match="down"):
            async with failing.keep_fresh():
                raise AssertionError

    run(main)


def test_an_async_store_needs_no_base_class() -> None:
    """`AsyncStore` is a protocol."""
    store: AsyncStore = AsyncShared()
    assert store is not None
