"""
The source of tokens for async code, on asyncio and trio, over real sockets.
"""

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from functools import partial

import anyio
import httpx2
import pytest

from oauth_cc import ClientCredentials, Options, RenewalWindow, Retries, Scope, Token, token_request
from oauth_cc.errors import (
    InsecureEndpoint,
    RenewalTimedOut,
    SourceClosed,
    TokenRequestRefused,
)
from oauth_cc.events import Event, RenewalFailed, StoreFailed, StoreReturned, TokenFound
from oauth_cc.httpx2 import AsyncTokenSource
from oauth_cc.stores import AsyncStore
from oauth_cc.testing import AuthorizationServer
from tests.gates import AsyncGatedTransport, Gate, arrival
from tests.shells.scripted import TOKEN, Answer, Drop, serve
from tests.test_source import Shared

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))
AGEING_AT_ONCE = RenewalWindow(opens=1e-9, closes=1e-9)
ONCE = Retries(attempts=1)
GONE = Answer(status=503)
REFUSED = Answer(status=401, chunks=(b'{"error": "invalid_client"}',))
STALE_AT_ONCE = Answer(chunks=(b'{"access_token": "tok-0", "token_type": "Bearer", "expires_in": 0}',))

Run = Callable[[Callable[[], Coroutine[object, object, None]]], None]


@pytest.fixture(params=["asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs an async function on each of the event loops."""
    return partial(anyio.run, backend=request.param)


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """A server that counts."""
    with AuthorizationServer() as running:
        yield running


def test_a_token_is_kept_until_it_is_discarded(run: Run, server: AuthorizationServer) -> None:
    """And exactly that one is forgotten then."""

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


def test_another_scope_or_resource_is_another_token(run: Run) -> None:
    """Sources made from a source share its store."""

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


def test_closed(run: Run, server: AuthorizationServer) -> None:
    """A source that was closed says so."""

    async def main() -> None:
        async with AsyncTokenSource(REQUEST, server.token_endpoint) as source:
            await source.token()
        with pytest.raises(SourceClosed, match="make a new one"):
            await source.with_scope(Scope()).token()

    run(main)


def test_what_cannot_be_sent_fails_when_the_source_is_made() -> None:
    """Not at the first call."""
    with pytest.raises(InsecureEndpoint):
        AsyncTokenSource(REQUEST, "http://as.example/token")


def test_the_server_is_gone(run: Run) -> None:
    """While the token at hand serves, nobody hears of it; after that, each caller has an error of his own."""
    told: list[Event] = []

    async def main(url: str) -> None:
        source = AsyncTokenSource(
            REQUEST, url, options=Options(renewal_window=AGEING_AT_ONCE, retries=ONCE, on_event=told.append)
        )
        for _ in range(5):
            await source.token()
        await source.discard(await source.token())
        errors: list[TokenRequestRefused] = []
        for _ in range(2):
            with pytest.raises(TokenRequestRefused) as raised:
                await source.token()
            errors.append(raised.value)
        assert errors[0] is not errors[1]

    with serve(TOKEN, GONE) as script:
        run(partial(main, f"{script.url}/token"))
        assert len(script.asked) == 4
    left = [event.seconds_left for event in told if isinstance(event, RenewalFailed)]
    assert left[0] is not None
    assert left[1:] == [None, None]


def test_recovers(run: Run) -> None:
    """A 5xx and a connection that is dropped are tried again."""

    async def main(url: str) -> None:
        quick = Retries(attempts=3, base=0.0, ceiling=0.0)
        source = AsyncTokenSource(REQUEST, url, options=Options(retries=quick))
        assert (await source.token()).token_type == "Bearer"

    with serve(GONE, Drop, TOKEN) as script:
        run(partial(main, f"{script.url}/token"))
        assert len(script.asked) == 3


def test_refusals_are_remembered(run: Run) -> None:
    """Whoever asks right after a refusal gets the same one."""

    async def main(url: str) -> None:
        source = AsyncTokenSource(REQUEST, url)
        for _ in range(10):
            with pytest.raises(TokenRequestRefused):
                await source.token()

    with serve(REFUSED) as script:
        run(partial(main, f"{script.url}/token"))
        assert len(script.asked) == 1


def test_others_go_on_while_one_renews(run: Run, server: AuthorizationServer) -> None:
    """With the token at hand, and without waiting."""
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
            async with anyio.create_task_group() as group:
                group.start_soon(source.token)
                await arrival(gate)
                assert [await source.token() for _ in range(3)] == [first] * 3
                gate.opened.set()
            assert await source.token() != first

    run(main)


def test_patience_ends(run: Run, server: AuthorizationServer) -> None:
    """Whoever waits too long is told, leader or not, as the request is no one's own."""
    gate = Gate()

    async def main() -> None:
        async with httpx2.AsyncClient(transport=AsyncGatedTransport(gate)) as client:
            source = AsyncTokenSource(REQUEST, server.token_endpoint, client=client, options=Options(wait_timeout=0.01))
            with pytest.raises(RenewalTimedOut):
                await source.token()
            gate.opened.set()
            # The request went on: whoever asks now waits for it, or finds its token.
            with anyio.fail_after(30):
                while True:
                    try:
                        await source.token()
                    except RenewalTimedOut:
                        continue
                    break

    run(main)
    assert len(server.token_requests) == 1


class AwaitedShared:
    """`Shared`, awaited."""

    def __init__(self) -> None:
        self.below = Shared()

    async def load(self, key: str) -> Token | None:
        """Gives what is under *key*."""
        await anyio.lowlevel.checkpoint()
        return self.below.load(key)

    async def save(self, key: str, token: Token) -> None:
        """Keeps *token*."""
        await anyio.lowlevel.checkpoint()
        self.below.save(key, token)

    async def discard(self, key: str, token: Token) -> None:
        """Forgets *token*."""
        await anyio.lowlevel.checkpoint()
        self.below.discard(key, token)

    @asynccontextmanager
    async def lock(self, key: str, wait: float) -> AsyncGenerator[bool]:
        """Gives the lock."""
        await anyio.lowlevel.checkpoint()
        with self.below.lock(key, wait) as held:
            yield held


@pytest.mark.parametrize("kind", [Shared, AwaitedShared])
def test_a_shared_store(run: Run, server: AuthorizationServer, kind: type[Shared] | type[AwaitedShared]) -> None:
    """One for threads or for async code: what one process put there, the other finds."""
    told: list[Event] = []
    shared = kind()
    below = shared if isinstance(shared, Shared) else shared.below

    async def main() -> None:
        first = AsyncTokenSource(REQUEST, server.token_endpoint, store=shared)
        second = AsyncTokenSource(REQUEST, server.token_endpoint, store=shared, options=Options(on_event=told.append))
        token = await first.token()
        assert await second.token() == token
        assert [type(event) for event in told] == [TokenFound]
        await second.discard(token)
        assert below.tokens == {}
        below.fault = ConnectionError("no route")
        await second.discard(await second.token())
        await second.discard(await second.token())
        below.fault = None
        await second.token()

    run(main)
    assert not below.mutex.locked()
    news = [type(event) for event in told if isinstance(event, StoreFailed | StoreReturned)]
    assert news == [StoreFailed, StoreReturned]


def test_a_store_is_any_class_of_its_shape() -> None:
    """No base class is asked for."""
    store: AsyncStore = AwaitedShared()
    assert store is not None
