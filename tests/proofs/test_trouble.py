"""
Failing stores, as callers see them: each caller has a token, and each fault is reported once.
"""

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import attrs
import pytest

from oauth_cc import ClientCredentials, Options, token_request
from oauth_cc.events import Event, StoreFailed, StoreReturned, TokenFound
from oauth_cc.httpx2 import AsyncTokenSource, TokenSource
from oauth_cc.stores import Store, _redis_commands
from oauth_cc.stores.file import FileStore
from oauth_cc.stores.redis import AsyncRedisStore, RedisStore
from oauth_cc.testing import AuthorizationServer
from tests.redis_server import RedisServer
from tests.resting import at_rest
from tests.shells.scripted import TOKEN, Answer, Held, serve

pytestmark = pytest.mark.slow

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))


@attrs.frozen
class Caller:
    """A source with a cache of its own, as another process has, and its events."""

    source: TokenSource
    events: list[Event]

    def store_events(self) -> list[type[Event]]:
        """Return the classes of the events that concern the store, of every renewal that has been started."""
        at_rest(self.source)
        return [type(event) for event in self.events if isinstance(event, StoreFailed | StoreReturned)]

    def found(self) -> bool:
        """Return whether the last token came from the store."""
        at_rest(self.source)
        return isinstance(self.events[-1], TokenFound)


def caller(store: Store, endpoint: str) -> Caller:
    """Return a caller with an empty cache."""
    events: list[Event] = []
    source = TokenSource(REQUEST, endpoint, store=store, options=Options(on_event=events.append))
    return Caller(source, events)


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """Run a server that records its requests."""
    with AuthorizationServer() as running:
        yield running


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry a failed Redis without a pause."""
    monkeypatch.setattr(_redis_commands, "_COOLDOWN", 0.0)


@pytest.mark.usefixtures("impatient")
def test_a_redis_outage_and_its_end_are_each_reported_once(
    redis_program: Sequence[str], server: AuthorizationServer
) -> None:
    """The process works alone meanwhile, and shares tokens again afterwards."""
    with RedisServer(redis_program) as redis, redis.client() as client:
        one = caller(RedisStore(client), server.token_endpoint)
        redis.stop()
        for count in (1, 2):
            one.source.discard(one.source.token(), api=f"https://{count}.example")
            assert len(server.token_requests) == count
        assert one.store_events() == [StoreFailed]
        redis.start()
        token = one.source.token()
        assert one.store_events() == [StoreFailed, StoreReturned]
        other = caller(RedisStore(client), server.token_endpoint)
        assert (other.source.token(), other.found()) == (token, True)
        assert len(server.token_requests) == 3


@pytest.mark.usefixtures("impatient")
def test_a_redis_outage_and_its_end_are_each_reported_once_on_asyncio(
    redis_program: Sequence[str], server: AuthorizationServer
) -> None:
    """The process works alone meanwhile, and shares tokens again afterwards."""
    events: list[Event] = []

    async def main(redis: RedisServer) -> None:
        client = redis.async_client()
        source, other = [
            AsyncTokenSource(
                REQUEST, server.token_endpoint, store=AsyncRedisStore(client), options=Options(on_event=events.append)
            )
            for _ in range(2)
        ]
        redis.stop()
        for api in ("https://one.example", "https://two.example"):
            await source.discard(await source.token(), api=api)
        assert [type(event) for event in events if isinstance(event, StoreFailed | StoreReturned)] == [StoreFailed]
        redis.start()
        token = await source.token()
        assert [type(event) for event in events if isinstance(event, StoreFailed | StoreReturned)] == [
            StoreFailed,
            StoreReturned,
        ]
        assert await other.token() == token
        await client.aclose()

    with RedisServer(redis_program) as redis:
        anyio.run(main, redis)
    assert len(server.token_requests) == 3


def test_a_hanging_redis_costs_one_timeout(redis_program: Sequence[str], server: AuthorizationServer) -> None:
    """Later callers do not wait for it."""
    with RedisServer(redis_program) as redis, redis.client(timeout=0.3) as client:
        with redis.client() as other:
            other.execute_command("CLIENT", "PAUSE", 5000, "ALL")
        one = caller(RedisStore(client), server.token_endpoint)
        first = one.source.token()
        one.source.discard(first)
        assert one.source.token() != first
        assert one.store_events() == [StoreFailed]
        failures = [event.error for event in one.events if isinstance(event, StoreFailed)]
        assert "socket_timeout" in f"{failures[0]}"


def test_a_flush_during_a_renewal_leaves_the_newer_token_in_redis(redis_server: RedisServer) -> None:
    """The lock is lost with the flush, so two processes make a request."""
    held, newer = Held(TOKEN), Answer(chunks=(TOKEN.chunks[0].replace(b"tok-1", b"tok-2"),))
    with serve(held, newer) as script, redis_server.client() as client, ThreadPoolExecutor(1) as pool:
        one, other, late = [caller(RedisStore(client), f"{script.url}/token") for _ in range(3)]
        asked = pool.submit(one.source.token)
        script.arrived.acquire()
        client.flushall()
        second = other.source.token()
        held.released.set()
        assert (asked.result(30).access_token.reveal(), second.access_token.reveal()) == ("tok-1", "tok-2")
        assert late.source.token() == second
        assert len(script.asked) == 2
        assert one.store_events() == other.store_events() == []


def test_a_failover_to_a_lagging_replica_never_revives_a_rejected_token(
    redis_program: Sequence[str], server: AuthorizationServer, impatient: None
) -> None:
    """
    The process that saw the rejection ignores the old token and stores a newer one. While the replica
    is read-only, processes work alone.
    """
    with RedisServer(redis_program, listens=True) as primary, primary.client() as client:
        one = caller(RedisStore(client), server.token_endpoint)
        old = one.source.token()
        with RedisServer(redis_program, "--replicaof", "127.0.0.1", f"{primary.port}") as replica:
            with replica.client() as there:
                while not there.keys("*"):
                    threading.Event().wait(0.01)
                # The replica stops replicating here.
                there.replicaof("127.0.0.1", "1")
                one.source.discard(old, api="https://one.example")
                newer = one.source.token()
                primary.stop()
                Path(replica.path).replace(primary.path)
                # A cold process finds the old token, and does not know that the API rejected it.
                cold = caller(RedisStore(client), server.token_endpoint)
                assert (cold.source.token(), cold.found()) == (old, True)
                assert one.source.token() == newer
                one.source.discard(newer, api="https://two.example")
                newest = one.source.token()
                assert newest not in (old, newer)
                assert one.store_events() == [StoreFailed]
                there.execute_command("REPLICAOF", "NO", "ONE")
                one.source.discard(newest, api="https://three.example")
                last = one.source.token()
                assert last not in (old, newer, newest)
                assert one.store_events() == [StoreFailed, StoreReturned]
            late = caller(RedisStore(client), server.token_endpoint)
            assert (late.source.token(), late.found()) == (last, True)
    assert len(server.token_requests) == 4


def truncated(file: Path) -> None:
    """Keep the first half of *file*."""
    os.truncate(file, file.stat().st_size // 2)


def replaced_by_a_link(file: Path) -> None:
    """Replace *file* by a link to a copy."""
    copy = file.parent.parent / "copy.json"
    shutil.copy(file, copy)
    file.unlink()
    file.symlink_to(copy)


def readable_by_all(file: Path) -> None:
    """Make *file* readable by everyone."""
    file.chmod(0o644)


def of_another_user(file: Path) -> None:
    """Change the owner of *file*."""
    try:
        os.chown(file, 12345, -1)
    except PermissionError:
        pytest.skip("only root can change the owner of a file; run as root, as containers do")


def garbage(file: Path) -> None:
    """Overwrite *file* with invalid JSON."""
    file.write_text('{"access_token": NaN')


@pytest.mark.parametrize("damage", [truncated, replaced_by_a_link, readable_by_all, of_another_user, garbage])
def test_a_damaged_file_counts_as_no_token(
    damage: Callable[[Path], None], tmp_path: Path, server: AuthorizationServer
) -> None:
    """The next process requests a token, and a later process finds that token."""
    store = FileStore(tmp_path / "tokens")
    first = caller(store, server.token_endpoint).source.token()
    (file,) = (tmp_path / "tokens").glob("*.json")
    damage(file)
    one, other = [caller(store, server.token_endpoint) for _ in range(2)]
    second = one.source.token()
    assert second != first
    assert (other.source.token(), other.found()) == (second, True)
    assert one.store_events() == []
    assert len(server.token_requests) == 2
    # The store does not write to the target of a link.
    assert all(first.access_token.reveal() in copy.read_text() for copy in tmp_path.glob("copy.json"))
