"""
Stores in a real Redis: what is kept and for how long, who holds a lock, and what is made of a Redis in trouble.
"""

import asyncio
import gc
import json
import threading
import time
import uuid
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypedDict, TypeVar, Unpack

import pytest
import redis
import redis.asyncio
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import Secret, Token
from oauth_cc._wire.json import MAX_SIZE
from oauth_cc.errors import InvalidInput, StoreUnavailable
from oauth_cc.stores._encryption import MAX_ENCRYPTED, Encryption, encryption
from oauth_cc.stores._redis_commands import Commands
from oauth_cc.stores.redis import AsyncRedisStore, RedisStore
from tests.leaks import shown_by
from tests.redis_server import RedisServer

T = TypeVar("T")

KEY, OTHER = "0123456789abcdef" * 4, "f" * 64
ENTRY, LOCK, FREE = (f"oauth_cc:{{{KEY}}}:{name}" for name in ("token", "lock", "free"))


def token(value: str = "tok-1", received_at: float | None = None, lifetime: float = 3600.0) -> Token:
    """Gives a token received just now, or as said."""
    received = time.time() if received_at is None else received_at
    return Token(Secret(value), "Bearer", received, received + lifetime)


class Options(TypedDict, total=False):
    """What a store is given beside its client."""

    prefix: str
    lock_lifetime: float
    keys: Sequence[Secret | str | bytes]


class Kind(Protocol):
    """A store for threads, whichever it is."""

    def load(self, key: str) -> Token | None:
        """The token under *key*."""
        ...

    def save(self, key: str, token: Token) -> None:
        """Keeps *token*."""
        ...

    def discard(self, key: str, token: Token) -> None:
        """Forgets *token*."""
        ...

    def lock(self, key: str, wait: float) -> AbstractContextManager[bool]:
        """The lock of *key*."""
        ...


class OnLoop:
    """An `AsyncRedisStore` as if it were one for threads: on an event loop of its own."""

    def __init__(self, server: RedisServer, **options: Unpack[Options]) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.client = server.async_client()
        self.store = AsyncRedisStore(self.client, **options)

    def run(self, awaitable: Awaitable[T]) -> T:
        """Gives what *awaitable* gives."""

        async def main() -> T:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(main(), self.loop).result(30)

    def load(self, key: str) -> Token | None:
        """The token under *key*."""
        return self.run(self.store.load(key))

    def save(self, key: str, token: Token) -> None:
        """Keeps *token*."""
        self.run(self.store.save(key, token))

    def discard(self, key: str, token: Token) -> None:
        """Forgets *token*."""
        self.run(self.store.discard(key, token))

    @contextmanager
    def lock(self, key: str, wait: float) -> Iterator[bool]:
        """The lock of *key*."""
        lock = self.store.lock(key, wait)
        held = self.run(lock.__aenter__())
        try:
            yield held
        finally:
            self.run(lock.__aexit__(None, None, None))

    def close(self) -> None:
        """Ends the loop."""
        self.run(self.client.aclose())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class Make(Protocol):
    """Makes a store over the server of the test, or another."""

    def __call__(self, *, server: RedisServer = ..., **options: Unpack[Options]) -> Kind:
        """The store."""
        ...


def inner(store: Kind) -> AsyncRedisStore | RedisStore:
    """Gives the store under test."""
    made = store.store if isinstance(store, OnLoop) else store
    assert isinstance(made, AsyncRedisStore | RedisStore)
    return made


@pytest.fixture(params=["threads", "async"])
def make(request: pytest.FixtureRequest, redis_server: RedisServer) -> Iterator[Make]:
    """Makes a store of either kind, over the server of the test or another."""
    loads: list[OnLoop | redis.Redis] = []

    def store(*, server: RedisServer = redis_server, **options: Unpack[Options]) -> Kind:
        if request.param == "async":
            on_loop = OnLoop(server, **options)
            loads.append(on_loop)
            return on_loop
        client = server.client()
        loads.append(client)
        return RedisStore(client, **options)

    yield store
    for one in loads:
        one.close()


def test_what_is_saved_is_loaded_by_another_process(make: Make) -> None:
    """The same token, under its own key alone."""
    store, kept = make(), token()
    assert store.load(KEY) is None
    store.save(KEY, kept)
    assert make().load(KEY) == kept
    assert store.load(OTHER) is None


def test_threads_and_async_code_share_entries(redis_server: RedisServer, make: Make) -> None:
    """What one keeps the other finds."""
    kept = token()
    with redis_server.client() as client:
        RedisStore(client).save(KEY, kept)
    assert make().load(KEY) == kept


def test_an_entry_ends_with_its_token(make: Make, redis_server: RedisServer) -> None:
    """So that Redis forgets by itself; one that is over is not written."""
    make().save(KEY, token(lifetime=60))
    make().save(OTHER, token(received_at=time.time() - 60, lifetime=60))
    with redis_server.client() as client:
        assert 58_000 < client.pttl(ENTRY) <= 60_000
        assert client.keys("*") == [ENTRY.encode()]


def test_whoever_comes_late_does_not_overwrite_what_is_newer(make: Make) -> None:
    """A process that was held up between answer and save."""
    store, now = make(), time.time()
    store.save(KEY, token("tok-2", now - 1))
    store.save(KEY, token("tok-1", now - 2))
    kept = store.load(KEY)
    assert kept is not None
    assert kept.access_token == Secret("tok-2")
    store.save(KEY, token("tok-3", now))
    assert (store.load(KEY) or token()).access_token == Secret("tok-3")


def test_no_two_machines_need_the_same_time(make: Make, redis_server: RedisServer) -> None:
    """A token's number is its age on the clock of the Redis server: a machine whose clock is wrong harms nobody."""
    commands = Commands("oauth_cc:", 45.0, 0.5, Encryption())
    with redis_server.client() as client:
        for value, wrong_by in (("ahead", 5000.0), ("behind", -5000.0), ("right", 0.0)):
            now = time.time() + wrong_by
            words = commands.save(KEY, token(value, now), client.time(), now)
            assert words is not None
            assert client.execute_command(*words.revealed()) == 1
    assert (make().load(KEY) or token()).access_token == Secret("right")


def test_a_number_from_the_future_does_not_block_the_key(make: Make, redis_server: RedisServer) -> None:
    """It was not written by a store: whoever can write to Redis cannot keep tokens out with it."""
    with redis_server.client() as client:
        client.set(ENTRY, b"99999999999999999 junk")
    store, kept = make(), token()
    store.save(KEY, kept)
    assert store.load(KEY) == kept


@pytest.mark.parametrize(
    "content", [b"", b"junk", b"1 ", b"1 {}", b"1 " + b"x" * 100, b"\xff\xfe", b"1 " + b"x" * (MAX_ENCRYPTED + 100)]
)
def test_what_is_no_entry_is_no_token(make: Make, redis_server: RedisServer, content: bytes) -> None:
    """And a new one takes its place."""
    with redis_server.client() as client:
        client.set(ENTRY, content)
    store, kept = make(), token()
    assert store.load(KEY) is None
    store.save(KEY, kept)
    assert store.load(KEY) == kept


def test_an_entry_of_another_type(make: Make, redis_server: RedisServer) -> None:
    """Redis refuses to read it, which is said; a token takes its place."""
    with redis_server.client() as client:
        client.lpush(ENTRY, "x")
    store, kept = make(), token()
    with pytest.raises(StoreUnavailable, match="refuses the command"):
        store.load(KEY)
    store.save(KEY, kept)
    assert store.load(KEY) == kept


def test_an_entry_of_another_key_is_no_token(make: Make, redis_server: RedisServer) -> None:
    """A token stands under the key that it was saved under, and no other."""
    store = make()
    store.save(KEY, token())
    with redis_server.client() as client:
        client.copy(ENTRY, ENTRY.replace(KEY, OTHER))
    assert store.load(OTHER) is None


def test_exactly_one_token_is_discarded(make: Make) -> None:
    """The token named, and no newer one."""
    store, kept = make(), token("tok-2")
    store.save(KEY, kept)
    store.discard(KEY, token("tok-1"))
    assert store.load(KEY) == kept
    store.discard(KEY, kept)
    store.discard(KEY, kept)
    assert store.load(KEY) is None


def test_a_token_too_large_to_be_read_is_not_kept(make: Make) -> None:
    """Memory serves it alone."""
    store = make()
    store.save(KEY, token("x" * MAX_SIZE))
    assert store.load(KEY) is None


def test_the_lock_is_one_for_each_key(make: Make, redis_server: RedisServer) -> None:
    """Who finds it taken waits for as long as said, and another key's holds nobody up."""
    one, two = make(), make()
    with one.lock(KEY, 0.0) as held, redis_server.client() as client:
        assert held
        assert 44_000 < client.pttl(LOCK) <= 45_000
        with two.lock(KEY, 0.0) as again, two.lock(KEY, 0.05) as waited, two.lock(OTHER, 0.0) as other:
            assert (again, waited, other) == (False, False, True)
    with two.lock(KEY, 0.0) as held:
        assert held


def test_whoever_waits_is_woken(make: Make, redis_server: RedisServer) -> None:
    """One after the other, each as the one before lets go, and without asking all the time."""
    stores = [make() for _ in range(4)]
    got: list[float] = []
    first = stores[0].lock(KEY, 0.0)
    first.__enter__()

    def wait(store: Kind) -> None:
        with store.lock(KEY, 30.0) as held:
            assert held
            got.append(time.monotonic())

    threads = [threading.Thread(target=wait, args=(store,)) for store in stores[1:]]
    with redis_server.client() as client:
        for thread in threads:
            thread.start()
        while client.info("clients")["blocked_clients"] < 3:
            time.sleep(0.005)
        before = client.info("commandstats")
        first.__exit__(None, None, None)
        for thread in threads:
            thread.join(30)
        after = client.info("commandstats")
    assert len(got) == 3
    tries = after["cmdstat_set"]["calls"] - before["cmdstat_set"]["calls"]
    assert 3 <= tries <= 6


def test_a_lock_of_a_holder_that_died_ends(redis_server: RedisServer, make: Make) -> None:
    """By its lifetime."""
    dead = make(lock_lifetime=1.0).lock(KEY, 0.0)
    assert dead.__enter__()
    with make().lock(KEY, 30.0) as held:
        assert held
        # It comes back and lets go of what is another's by now.
        dead.__exit__(None, None, None)
        with make().lock(KEY, 0.0) as again:
            assert not again


def test_a_lock_taken_by_an_answer_that_was_lost(
    make: Make, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that sends again what was not answered finds the lock taken by itself, and holds it."""
    same = uuid.UUID(int=7)
    monkeypatch.setattr(uuid, "uuid4", lambda: same)
    with redis_server.client() as client:
        client.set(LOCK, same.hex)
        with make().lock(KEY, 0.0) as held:
            assert held
        assert client.get(LOCK) is None


class TestEncryption:
    """Keys of the user's: what is kept is unreadable, and keys rotate."""

    def test_rotation(self, make: Make, redis_server: RedisServer) -> None:
        """A new key is put in front; an old one is dropped later."""
        old, new = Fernet.generate_key(), Fernet.generate_key()
        kept = token("very-secret-token")
        make(keys=[old]).save(KEY, kept)
        with redis_server.client() as client:
            content = client.get(ENTRY)
        assert content is not None
        assert b"very-secret-token" not in content
        assert make(keys=[Secret(new.decode()), old]).load(KEY) == kept
        assert make(keys=[new]).load(KEY) is None
        assert make().load(KEY) is None

    def test_discarded_and_bounded(self, make: Make) -> None:
        """As without keys."""
        store, kept = make(keys=[Fernet.generate_key()]), token()
        store.save(KEY, kept)
        store.discard(KEY, kept)
        assert store.load(KEY) is None

    @pytest.mark.parametrize("keys", ["s3cret-key", b"s3cret-key", ["s3cret-key"], [b"s3cret-key" * 9], [5]])
    def test_bad_keys(self, redis_server: RedisServer, keys: Sequence[str]) -> None:
        """A sentence that says what to give, and shows none."""
        with redis_server.client() as client, pytest.raises(InvalidInput, match=r"Fernet\.generate_key") as caught:
            RedisStore(client, keys=keys)
        assert "s3cret-key" not in shown_by(caught.value)

    @given(content=st.binary(max_size=100))
    def test_any_bytes(self, content: bytes) -> None:
        """No token."""
        encrypted = encryption([Fernet.generate_key()])
        assert isinstance(encrypted, Encryption)
        assert encrypted.decrypt(KEY, content) is None


class TestConstruction:
    """What cannot work is refused at once."""

    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            ({"prefix": "{a}:"}, "without '{'"),
            ({"lock_lifetime": 0}, "from 1 to 3600"),
            ({"lock_lifetime": 4000}, "from 1 to 3600"),
            ({"lock_lifetime": float("nan")}, "from 1 to 3600"),
        ],
    )
    def test_options(self, options: Options, reason: str, redis_server: RedisServer) -> None:
        """With what to give instead."""
        with redis_server.client() as client, pytest.raises(InvalidInput, match=reason):
            RedisStore(client, **options)
        with pytest.raises(InvalidInput, match=reason):
            AsyncRedisStore(redis.asyncio.Redis(socket_timeout=1.0), **options)

    def test_a_client_without_a_timeout(self) -> None:
        """It could hold callers up for ever."""
        with pytest.raises(InvalidInput, match=r"socket_timeout=1\.0"):
            RedisStore(redis.Redis(socket_timeout=None))
        with pytest.raises(InvalidInput, match=r"socket_timeout=1\.0"):
            AsyncRedisStore(redis.asyncio.Redis(socket_timeout=None))

    def test_a_client_of_the_other_kind(self) -> None:
        """Each store has its own."""
        with pytest.raises(InvalidInput, match=r"redis\.asyncio\.Redis to an AsyncRedisStore"):
            RedisStore(redis.asyncio.Redis(socket_timeout=1.0))  # type: ignore[arg-type]  # what is refused
        with pytest.raises(InvalidInput, match=r"a redis\.Redis to a RedisStore"):
            AsyncRedisStore(redis.Redis(socket_timeout=1.0))  # type: ignore[arg-type]  # what is refused

    @pytest.mark.parametrize("key", ["", "}", "A" * 64])
    def test_only_keys_become_names(self, make: Make, key: str) -> None:
        """Nothing else becomes part of a name."""
        store = make()
        for way in (store.load, lambda text: store.save(text, token()), lambda text: store.discard(text, token())):
            with pytest.raises(InvalidInput, match="key"):
                way(key)
        with pytest.raises(InvalidInput, match="key"), store.lock(key, 0):
            pass


class TestTrouble:
    """A Redis in trouble: one error that says what to do, soon, and without a token in it."""

    def fault(self, store: Kind) -> str:
        """Gives the sentence of what goes wrong with a save, and checks that nothing of it leaks."""
        with pytest.raises(StoreUnavailable) as caught:
            store.save(KEY, token("very-secret-token"))
        assert "very-secret-token" not in shown_by(caught.value)
        return f"{caught.value}"

    def test_stopped_and_started(self, redis_program: Sequence[str], make: Make) -> None:
        """It is left alone for some seconds, and then used again."""
        with RedisServer(redis_program) as server:
            store, kept = make(server=server), token()
            store.save(KEY, kept)
            server.stop()
            assert "cannot be reached" in self.fault(store)
            server.start()
            assert "asked again after 5 seconds" in self.fault(store)
            for way in (store.load, lambda key: store.lock(key, 0).__enter__()):
                with pytest.raises(StoreUnavailable, match="asked again"):
                    way(KEY)
            inner(store)._breaker._down_until = 0.0
            assert store.load(KEY) is None
            store.save(KEY, kept)
            assert store.load(KEY) == kept

    def test_hanging(self, redis_program: Sequence[str], make: Make) -> None:
        """The client's timeout ends the wait, and a lock that was taken meanwhile does not stay."""
        with RedisServer(redis_program) as server:
            store = make(server=server)
            with server.client() as client:
                client.execute_command("CLIENT", "PAUSE", 2500, "ALL")
            with pytest.raises(StoreUnavailable, match="socket_timeout"), store.lock(KEY, 0.0):
                pass
            assert "asked again" in self.fault(store)

    def test_password(self, redis_program: Sequence[str], make: Make) -> None:
        """Its own sentence."""
        with RedisServer(redis_program, "--requirepass", "pw") as server:
            assert "refuses the client's user or password" in self.fault(make(server=server))

    def test_no_permission(self, redis_program: Sequence[str], make: Make) -> None:
        """With what to allow."""
        with RedisServer(redis_program, "--user", *"default on nopass ~* +time -eval".split()) as server:
            assert "allow EVAL" in self.fault(make(server=server))

    def test_a_replica(self, redis_program: Sequence[str], make: Make) -> None:
        """It cannot be written to."""
        with RedisServer(redis_program, "--replicaof", "127.0.0.1", "1", "--replica-serve-stale-data", "yes") as server:
            assert "read-only replica" in self.fault(make(server=server))

    def test_out_of_memory(self, redis_program: Sequence[str], make: Make) -> None:
        """With what to do."""
        with RedisServer(redis_program, "--maxmemory", "1", "--maxmemory-policy", "noeviction") as server:
            assert "out of memory" in self.fault(make(server=server))

    def test_flushed_while_a_lock_is_held(self, make: Make, redis_server: RedisServer) -> None:
        """Whoever held it saves its token all the same, and nobody is left waiting."""
        store, kept = make(), token()
        with store.lock(KEY, 0.0), redis_server.client() as client:
            client.flushall()
            store.save(KEY, kept)
        assert store.load(KEY) == kept
        with store.lock(KEY, 0.0) as held:
            assert held

    @pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
    def test_another_event_loop(self, redis_server: RedisServer) -> None:
        """A client of redis.asyncio belongs to one."""
        client = redis_server.async_client()
        store = AsyncRedisStore(client)

        async def use(store: AsyncRedisStore) -> None:
            await store.save(KEY, token())

        asyncio.run(use(store))
        with pytest.raises(StoreUnavailable, match="give each asyncio loop a client of its own"):
            asyncio.run(use(store))
        # A loop that has ended closes no connection: what is left of them warns here, and not in another test.
        del client, store
        gc.collect()


def test_a_client_that_decodes(redis_server: RedisServer) -> None:
    """Replies are bytes to the store whatever the client makes of them for others."""
    with redis_server.client(decode_responses=True) as client:
        store, kept = RedisStore(client), token()
        store.save(KEY, kept)
        assert store.load(KEY) == kept
        with store.lock(KEY, 0) as held, RedisStore(client).lock(KEY, 0) as again:
            assert (held, again) == (True, False)


def test_a_cluster(redis_program: Sequence[str]) -> None:
    """What belongs to one key has its place in one slot."""
    with RedisServer(redis_program, "--cluster-enabled", "yes", listens=True) as server:
        with redis.Redis(port=server.port, socket_timeout=1.0) as node:
            node.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            while b"cluster_state:ok" not in node.execute_command("CLUSTER", "INFO", NEVER_DECODE=True):
                time.sleep(0.01)
        with redis.RedisCluster("127.0.0.1", server.port, socket_timeout=1.0) as cluster:
            store, kept = RedisStore(cluster), token()
            store.save(KEY, kept)
            assert store.load(KEY) == kept
            store.discard(KEY, kept)
            assert store.load(KEY) is None
            with store.lock(KEY, 0) as held, RedisStore(cluster).lock(KEY, 0.05) as again:
                assert (held, again) == (True, False)


def test_what_is_kept_is_text(redis_server: RedisServer) -> None:
    """A number, and the token with its key."""
    with redis_server.client() as client:
        RedisStore(client, prefix="mine:").save(KEY, token())
        number, _, text = (client.get(f"mine:{{{KEY}}}:token") or b"").partition(b" ")
    assert abs(int(number) / 1e6 - time.time()) < 60
    assert json.loads(text)["key"] == KEY
