"""
Stores in trouble, as callers see it: each has a token, and what is wrong is told of once.
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
from tests.shells.scripted import TOKEN, Answer, Held, serve

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))


@attrs.frozen
class Caller:
    """A source with memory of its own, as another process has it, and the events that it told of."""

    source: TokenSource
    events: list[Event]

    def told(self) -> list[type[Event]]:
        """Gives the kinds of events that concern the store."""
        return [type(event) for event in self.events if isinstance(event, StoreFailed | StoreReturned)]

    def found(self) -> bool:
        """Whether the last token came from the store."""
        return isinstance(self.events[-1], TokenFound)


def caller(store: Store, endpoint: str) -> Caller:
    """Gives a caller with cold memory."""
    events: list[Event] = []
    source = TokenSource(REQUEST, endpoint, store=store, options=Options(on_event=events.append))
    return Caller(source, events)


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """A server that counts."""
    with AuthorizationServer() as running:
        yield running


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asks a Redis that failed again at once."""
    monkeypatch.setattr(_redis_commands, "_LEFT_ALONE", 0.0)


@pytest.mark.usefixtures("impatient")
def test_redis_comes_and_goes(redis_program: Sequence[str], server: AuthorizationServer) -> None:
    """Without it a process goes on alone and says so once; when it is back the process shares again, and says that."""
    with RedisServer(redis_program) as redis, redis.client() as client:
        one = caller(RedisStore(client), server.token_endpoint)
        redis.stop()
        for count in (1, 2):
            one.source.discard(one.source.token())
            assert len(server.token_requests) == count
        assert one.told() == [StoreFailed]
        redis.start()
        token = one.source.token()
        assert one.told() == [StoreFailed, StoreReturned]
        other = caller(RedisStore(client), server.token_endpoint)
        assert (other.source.token(), other.found()) == (token, True)
        assert len(server.token_requests) == 3


@pytest.mark.usefixtures("impatient")
def test_redis_comes_and_goes_under_async_code(redis_program: Sequence[str], server: AuthorizationServer) -> None:
    """The same there."""
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
        await source.discard(await source.token())
        await source.discard(await source.token())
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


def test_a_redis_that_hangs(redis_program: Sequence[str], server: AuthorizationServer) -> None:
    """It costs one timeout of its client, once: no caller waits for it again and again."""
    with RedisServer(redis_program) as redis, redis.client(timeout=0.3) as client:
        with redis.client() as other:
            other.execute_command("CLIENT", "PAUSE", 5000, "ALL")
        one = caller(RedisStore(client), server.token_endpoint)
        first = one.source.token()
        one.source.discard(first)
        assert one.source.token() != first
        assert one.told() == [StoreFailed]
        failures = [event.error for event in one.events if isinstance(event, StoreFailed)]
        assert "socket_timeout" in f"{failures[0]}"


def test_redis_is_flushed_in_the_middle_of_a_renewal(redis_server: RedisServer) -> None:
    """The lock is gone, so another asks too: both have a token, and the store has the newer one."""
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
        assert one.told() == other.told() == []


def test_redis_fails_over_to_a_replica_that_lags(
    redis_program: Sequence[str], server: AuthorizationServer, impatient: None
) -> None:
    """
    An older token is back, which the API did not accept: whoever knows that does not take it, and puts a newer one in
    its place. While the replica is read-only, processes go on alone.
    """
    with RedisServer(redis_program, listens=True) as primary, primary.client() as client:
        one = caller(RedisStore(client), server.token_endpoint)
        old = one.source.token()
        with RedisServer(redis_program, "--replicaof", "127.0.0.1", f"{primary.port}") as replica:
            with replica.client() as there:
                while not there.keys("*"):
                    threading.Event().wait(0.01)
                # It hears of nothing from here on.
                there.replicaof("127.0.0.1", "1")
                one.source.discard(old)
                newer = one.source.token()
                primary.stop()
                Path(replica.path).replace(primary.path)
                # A process that is cold finds the old token, as it ends in an hour and nobody told it otherwise.
                cold = caller(RedisStore(client), server.token_endpoint)
                assert (cold.source.token(), cold.found()) == (old, True)
                assert one.source.token() == newer
                one.source.discard(newer)
                newest = one.source.token()
                assert newest not in (old, newer)
                assert one.told() == [StoreFailed]
                there.execute_command("REPLICAOF", "NO", "ONE")
                one.source.discard(newest)
                last = one.source.token()
                assert last not in (old, newer, newest)
                assert one.told() == [StoreFailed, StoreReturned]
            late = caller(RedisStore(client), server.token_endpoint)
            assert (late.source.token(), late.found()) == (last, True)
    assert len(server.token_requests) == 4


def truncated(file: Path) -> None:
    """Keeps the first half of *file*."""
    os.truncate(file, file.stat().st_size // 2)


def replaced_by_a_link(file: Path) -> None:
    """Puts a link to a copy in place of *file*."""
    copy = file.parent.parent / "copy.json"
    shutil.copy(file, copy)
    file.unlink()
    file.symlink_to(copy)


def readable_by_all(file: Path) -> None:
    """Lets everybody read *file*."""
    file.chmod(0o644)


def of_another_user(file: Path) -> None:
    """Gives *file* away."""
    try:
        os.chown(file, 12345, -1)
    except PermissionError:
        pytest.skip("only root can give files away: run as root, as containers do")


def garbage(file: Path) -> None:
    """Writes what is no token into *file*."""
    file.write_text('{"access_token": NaN')


@pytest.mark.parametrize("damage", [truncated, replaced_by_a_link, readable_by_all, of_another_user, garbage])
def test_whatever_is_done_to_a_file(
    damage: Callable[[Path], None], tmp_path: Path, server: AuthorizationServer
) -> None:
    """It counts as no token: the next process asks the server, and whoever comes after finds that token."""
    store = FileStore(tmp_path / "tokens")
    first = caller(store, server.token_endpoint).source.token()
    (file,) = (tmp_path / "tokens").glob("*.json")
    damage(file)
    one, other = [caller(store, server.token_endpoint) for _ in range(2)]
    second = one.source.token()
    assert second != first
    assert (other.source.token(), other.found()) == (second, True)
    assert one.told() == []
    assert len(server.token_requests) == 2
    # What a link points at is not written to.
    assert all(first.access_token.reveal() in copy.read_text() for copy in tmp_path.glob("copy.json"))
