"""
Redis stores with a real Redis: entries, expiry, locks, encryption and failures.
"""

import asyncio
import gc
import hashlib
import json
import sys
import threading
import time
import uuid
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NoReturn, Protocol, TypedDict, TypeVar, Unpack

import attrs
import pytest
import redis
import redis.asyncio
import redis.asyncio.lock
import redis.lock
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import ClientCredentials, Secret, Token
from oauth_cc._wire.json import MAX_SIZE
from oauth_cc.errors import InvalidInput, StoreUnavailable
from oauth_cc.httpx2 import AsyncTokenSource, TokenSource
from oauth_cc.stores._encryption import MAX_ENCRYPTED, Encryption, encryption
from oauth_cc.stores._redis_commands import CircuitBreaker, Commands
from oauth_cc.stores.redis import AsyncRedisStore, RedisStore
from oauth_cc.testing import AuthorizationServer
from tests.leaks import shown_by
from tests.redis_server import RedisServer
from tests.resting import at_rest

T = TypeVar("T")

KEY, OTHER = "0123456789abcdef" * 4, "f" * 64
ENTRY, LOCK, FREE = (f"oauth_cc:{{{KEY}}}:{name}" for name in ("token", "lock", "free"))


def token(value: str = "tok-1", received_at: float | None = None, lifetime: float = 3600.0) -> Token:
    """Return a token, received now by default."""
    received = time.time() if received_at is None else received_at
    return Token(Secret(value), "Bearer", received, received + lifetime)


class Options(TypedDict, total=False):
    """The arguments of a store besides its client."""

    prefix: str
    lock_lifetime: float
    keys: Sequence[Secret | str | bytes]


class Kind(Protocol):
    """A store for threads, or an `AsyncRedisStore` on a loop of its own."""

    def load(self, key: str) -> Token | None:
        """Return the token under *key*."""
        ...

    def save(self, key: str, token: Token) -> None:
        """Save *token*."""
        ...

    def discard(self, key: str, token: Token) -> None:
        """Delete *token*."""
        ...

    def lock(self, key: str, wait: float) -> AbstractContextManager[bool]:
        """Return the lock of *key*."""
        ...


class OnLoop:
    """An `AsyncRedisStore` with the methods of a store for threads, on an event loop in a thread."""

    def __init__(self, server: RedisServer, **options: Unpack[Options]) -> None:
        self.client = server.async_client()
        # It may be rejected.
        self.store = AsyncRedisStore(self.client, **options)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    def run(self, awaitable: Awaitable[T]) -> T:
        """Return the result of *awaitable*."""

        async def main() -> T:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(main(), self.loop).result(30)

    def load(self, key: str) -> Token | None:
        """Return the token under *key*."""
        return self.run(self.store.load(key))

    def save(self, key: str, token: Token) -> None:
        """Save *token*."""
        self.run(self.store.save(key, token))

    def discard(self, key: str, token: Token) -> None:
        """Delete *token*."""
        self.run(self.store.discard(key, token))

    @contextmanager
    def lock(self, key: str, wait: float) -> Iterator[bool]:
        """Return the lock of *key*."""
        lock = self.store.lock(key, wait)
        held = self.run(lock.__aenter__())
        try:
            yield held
        finally:
            self.run(lock.__aexit__(None, None, None))

    def close(self) -> None:
        """Stop the loop."""
        self.run(self.client.aclose())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class Make(Protocol):
    """A function that makes a store on the server of the test or another one."""

    def __call__(self, *, server: RedisServer = ..., **options: Unpack[Options]) -> Kind:
        """Return a store."""
        ...


def inner(store: Kind) -> AsyncRedisStore | RedisStore:
    """Return the store under test."""
    made = store.store if isinstance(store, OnLoop) else store
    assert isinstance(made, AsyncRedisStore | RedisStore)
    return made


@pytest.fixture(params=["threads", "async"])
def make(request: pytest.FixtureRequest, redis_server: RedisServer) -> Iterator[Make]:
    """Return a function that makes stores of one kind."""
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


def test_saved_token_is_loaded_by_another_store_object(make: Make) -> None:
    """It is found under its own key only."""
    store, kept = make(), token()
    assert store.load(KEY) is None
    store.save(KEY, kept)
    assert make().load(KEY) == kept
    assert store.load(OTHER) is None


def test_threads_and_async_code_share_entries(redis_server: RedisServer, make: Make) -> None:
    """The two kinds of stores have one format."""
    kept = token()
    with redis_server.client() as client:
        RedisStore(client).save(KEY, kept)
    assert make().load(KEY) == kept


def test_entry_expires_with_its_token(make: Make, redis_server: RedisServer) -> None:
    """An expired token is not written."""
    make().save(KEY, token(lifetime=60))
    make().save(OTHER, token(received_at=time.time() - 60, lifetime=60))
    with redis_server.client() as client:
        assert 58_000 < client.pttl(ENTRY) <= 60_000
        assert client.keys("*") == [ENTRY.encode()]


def test_older_token_does_not_overwrite_a_newer_one(make: Make) -> None:
    """A process may stall between response and save."""
    store, now = make(), time.time()
    store.save(KEY, token("tok-2", now - 1))
    store.save(KEY, token("tok-1", now - 2))
    kept = store.load(KEY)
    assert kept is not None
    assert kept.access_token == Secret("tok-2")
    store.save(KEY, token("tok-3", now))
    assert (store.load(KEY) or token()).access_token == Secret("tok-3")


def test_wrong_clock_of_a_machine_does_not_matter(make: Make, redis_server: RedisServer) -> None:
    """The fencing token is a time on the clock of the Redis server."""
    commands = Commands("oauth_cc:", 45.0, 0.5, 2.0, Encryption())
    with redis_server.client() as client:
        for value, wrong_by in (("ahead", 5000.0), ("behind", -5000.0), ("right", 0.0)):
            now = time.time() + wrong_by
            words = commands.save(KEY, token(value, now), client.time(), now)
            assert words is not None
            assert client.execute_command(*words.revealed()) == 1
    assert (make().load(KEY) or token()).access_token == Secret("right")


def test_fencing_token_from_the_future_does_not_block_a_save(make: Make, redis_server: RedisServer) -> None:
    """Another program wrote it."""
    with redis_server.client() as client:
        client.set(ENTRY, b"99999999999999999 junk")
    store, kept = make(), token()
    store.save(KEY, kept)
    assert store.load(KEY) == kept


@pytest.mark.parametrize(
    "content", [b"", b"junk", b"1 ", b"1 {}", b"1 " + b"x" * 100, b"\xff\xfe", b"1 " + b"x" * (MAX_ENCRYPTED + 100)]
)
def test_illegal_entry_counts_as_missing(make: Make, redis_server: RedisServer, content: bytes) -> None:
    """A save replaces it."""
    with redis_server.client() as client:
        client.set(ENTRY, content)
    store, kept = make(), token()
    assert store.load(KEY) is None
    store.save(KEY, kept)
    assert store.load(KEY) == kept


def test_entry_of_another_redis_type_is_an_error_on_load(make: Make, redis_server: RedisServer) -> None:
    """A save replaces it."""
    with redis_server.client() as client:
        client.lpush(ENTRY, "x")
    store, kept = make(), token()
    with pytest.raises(StoreUnavailable, match="rejected the command"):
        store.load(KEY)
    store.save(KEY, kept)
    assert store.load(KEY) == kept


def test_entry_of_another_key_counts_as_missing(make: Make, redis_server: RedisServer) -> None:
    """The key is part of the entry."""
    store = make()
    store.save(KEY, token())
    with redis_server.client() as client:
        client.copy(ENTRY, ENTRY.replace(KEY, OTHER))
    assert store.load(OTHER) is None


def test_discard_deletes_exactly_the_given_token(make: Make) -> None:
    """A newer token stays."""
    store, kept = make(), token("tok-2")
    store.save(KEY, kept)
    store.discard(KEY, token("tok-1"))
    assert store.load(KEY) == kept
    store.discard(KEY, kept)
    store.discard(KEY, kept)
    assert store.load(KEY) is None


def test_token_too_large_to_be_loaded_is_not_saved(make: Make) -> None:
    """It is cached in memory only."""
    store = make()
    store.save(KEY, token("x" * MAX_SIZE))
    assert store.load(KEY) is None


def test_each_key_has_its_own_lock(make: Make, redis_server: RedisServer) -> None:
    """A caller that finds it taken waits for as long as it says."""
    one, two = make(), make()
    with one.lock(KEY, 0.0) as held, redis_server.client() as client:
        assert held
        assert 44_000 < client.pttl(LOCK) <= 45_000
        with two.lock(KEY, 0.0) as again, two.lock(KEY, 0.05) as waited, two.lock(OTHER, 0.0) as other:
            assert (again, waited, other) == (False, False, True)
    with two.lock(KEY, 0.0) as held:
        assert held


def test_waiting_callers_are_woken_one_by_one(make: Make, redis_server: RedisServer) -> None:
    """Each is woken by the release of the lock, not by polling."""
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
    # Each of the four holders woke the next.
    assert after["cmdstat_rpush"]["calls"] - before.get("cmdstat_rpush", {"calls": 0})["calls"] == 4


def test_lock_of_a_dead_process_expires(redis_server: RedisServer, make: Make) -> None:
    """If the process returns, it does not release the lock of another."""
    dead = make(lock_lifetime=1.0).lock(KEY, 0.0)
    assert dead.__enter__()
    with make().lock(KEY, 30.0) as held:
        assert held
        # It returns, and releases a lock that another process holds by now.
        dead.__exit__(None, None, None)
        with make().lock(KEY, 0.0) as again:
            assert not again


def test_lock_granted_by_a_lost_reply_is_held(
    make: Make, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that repeats the command finds the lock taken by itself."""
    same = uuid.UUID(int=7)
    monkeypatch.setattr(uuid, "uuid4", lambda: same)
    with redis_server.client() as client:
        client.set(LOCK, same.hex)
        with make().lock(KEY, 0.0) as held:
            assert held
        assert client.get(LOCK) is None


def test_lock_granted_by_a_lost_reply_is_released_when_the_call_fails(
    make: Make, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not block other processes until it expires."""
    store = make()
    client = store.client if isinstance(store, OnLoop) else inner(store)._client
    execute, lost = client.execute_command, redis.exceptions.TimeoutError("lost")

    def lose(*words: Any, **options: Any) -> Any:
        reply = execute(*words, **options)
        if words[0] != "SET":
            return reply
        if not isinstance(reply, Awaitable):
            raise lost
        return losing(reply)

    async def losing(reply: Awaitable[object]) -> None:
        await reply
        raise lost

    monkeypatch.setattr(client, "execute_command", lose)
    with pytest.raises(StoreUnavailable), store.lock(KEY, 0.0):
        raise AssertionError
    with redis_server.client() as other:
        assert other.info("commandstats")["cmdstat_set"]["calls"] > 0
        assert other.get(LOCK) is None


def test_release_of_a_lock_leaves_a_note_for_the_next_waiting_caller(make: Make, redis_server: RedisServer) -> None:
    """One element wakes one caller, and expires if nobody waits."""
    with redis_server.client() as client:
        with make().lock(KEY, 0.0):
            assert not client.exists(FREE)
        assert [b"1"] == client.lrange(FREE, 0, -1)
        assert 0 < client.pttl(FREE) <= 5000


class TestEncryption:
    """Encryption with the user's keys."""

    @pytest.mark.parametrize("keys", [[], (), set()])
    def test_empty_keys_are_not_plain_text(self, make: Make, keys: Any) -> None:
        """A list that was filtered from unset settings would turn encryption off."""
        with pytest.raises(InvalidInput) as caught:
            make(keys=keys)
        assert caught.value.parameter == "keys"
        assert str(caught.value) == ("keys must not be empty (is a setting unset?); leave keys out to store plain text")

    def test_old_keys_decrypt_after_a_rotation(self, make: Make, redis_server: RedisServer) -> None:
        """The first key encrypts, and the entry does not contain the token."""
        old, new = Fernet.generate_key(), Fernet.generate_key()
        kept = token("very-secret-token")
        make(keys=[old]).save(KEY, kept)
        with redis_server.client() as client:
            content = client.get(ENTRY)
        assert content is not None
        assert b"very-secret-token" not in content
        assert make(keys=[Secret(new.decode()), old]).load(KEY) == kept

    def test_undecryptable_entries_count_as_missing_and_are_logged_once(
        self, make: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Each store object logs one warning with the remedy, whether it has other keys or none."""
        old, new = Fernet.generate_key(), Fernet.generate_key()
        before, kept = make(keys=[old]), token("very-secret-token")
        for key in (KEY, OTHER):
            before.save(key, kept)
        assert make(keys=[new, old]).load(KEY) == kept
        assert caplog.records == []
        for store in (make(keys=[new]), make()):
            caplog.clear()
            assert [store.load(key) for key in (KEY, OTHER, KEY)] == [None, None, None]
            store.discard(KEY, kept)
            (record,) = caplog.records
            assert (record.name, record.levelname) == ("oauth_cc", "WARNING")
            assert record.getMessage() == (
                f"stored token (cache key {KEY[:8]}) cannot be decrypted and is requested again; pass the same keys to "
                "every process, and keep an old key in second place until the tokens that it encrypted have expired"
            )
        assert before.load(KEY) == kept

    def test_illegal_plain_entry_is_not_logged_as_undecryptable(
        self, make: Make, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Without keys only an encrypted entry is."""
        with redis_server.client() as client:
            client.set(ENTRY, b"1 {}")
        assert make().load(KEY) is None
        assert caplog.records == []

    def test_encrypted_token_is_discarded(self, make: Make) -> None:
        """The comparison is of the decrypted tokens."""
        store, kept = make(keys=[Fernet.generate_key()]), token()
        store.save(KEY, kept)
        store.discard(KEY, kept)
        assert store.load(KEY) is None

    @pytest.mark.parametrize("keys", ["s3cret-key", b"s3cret-key", ["s3cret-key"], [b"s3cret-key" * 9], [5]])
    def test_illegal_keys_are_rejected_without_quoting_them(
        self, redis_server: RedisServer, keys: Sequence[str]
    ) -> None:
        """The error refers to Fernet.generate_key."""
        with redis_server.client() as client, pytest.raises(InvalidInput) as caught:
            RedisStore(client, keys=keys)
        assert caught.value.parameter == "keys"
        assert str(caught.value) == "keys must be a list of keys made by cryptography.fernet.Fernet.generate_key()"
        assert "s3cret-key" not in shown_by(caught.value)

    def test_encryption_without_cryptography_names_the_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Plain text does not need it."""
        monkeypatch.setitem(sys.modules, "cryptography.fernet", None)
        with redis.Redis(socket_timeout=1.0) as client:
            assert repr(RedisStore(client)) == "RedisStore(prefix='oauth_cc:')"
            with pytest.raises(ImportError) as caught:
                RedisStore(client, keys=["key"])
        assert str(caught.value) == "encryption requires cryptography; install oauth_cc[redis-encryption]"

    @given(content=st.binary(max_size=100))
    def test_any_bytes_are_not_a_token(self, content: bytes) -> None:
        """Nothing is raised."""
        encrypted = encryption([Fernet.generate_key()])
        assert isinstance(encrypted, Encryption)
        assert encrypted.decrypt(KEY, content) is None


LIFETIME = "lock lifetime must be from 1 to 3600 seconds"


class TestConstruction:
    """What cannot work is rejected by the constructor."""

    @pytest.mark.parametrize(
        ("options", "parameter", "reason"),
        [
            ({"prefix": b"a:"}, "prefix", "prefix must be a str such as 'oauth_cc:', not bytes"),
            ({"prefix": "{a}:"}, "prefix", "prefix must not contain '{', by which a cluster places keys"),
            ({"lock_lifetime": 0}, "lock lifetime", LIFETIME),
            ({"lock_lifetime": 0.9}, "lock lifetime", LIFETIME),
            ({"lock_lifetime": 3601}, "lock lifetime", LIFETIME),
            ({"lock_lifetime": float("nan")}, "lock lifetime", LIFETIME),
            ({"lock_lifetime": "45"}, "lock lifetime", LIFETIME),
        ],
    )
    def test_illegal_options_are_rejected(self, options: Any, parameter: str, reason: str) -> None:
        """The error states the legal values."""
        for make in (
            lambda: RedisStore(redis.Redis(socket_timeout=1.0), **options),
            lambda: AsyncRedisStore(redis.asyncio.Redis(socket_timeout=1.0), **options),
        ):
            with pytest.raises(InvalidInput) as caught:
                make()
            assert (caught.value.parameter, str(caught.value)) == (parameter, reason)

    @pytest.mark.parametrize("timeout", [None, 0, -1.0, float("inf"), float("nan"), "1"])
    def test_client_without_a_timeout_is_rejected(self, timeout: Any) -> None:
        """It could block callers forever."""
        for make in (
            lambda: RedisStore(redis.Redis(socket_timeout=timeout)),
            lambda: AsyncRedisStore(redis.asyncio.Redis(socket_timeout=timeout)),
        ):
            with pytest.raises(InvalidInput) as caught:
                make()
            assert caught.value.parameter == "client"
            assert str(caught.value) == (
                "client must have a timeout, as it could block callers forever; use socket_timeout=1.0"
            )

    @pytest.mark.parametrize(
        ("timeout", "pause", "deadline"), [(0.1, 0.05, 0.2), (1, 0.5, 2), (2.0, 1.0, 4.0), (10.0, 1.0, 20.0)]
    )
    def test_command_ends_after_twice_the_timeout_of_the_client(
        self, timeout: float, pause: float, deadline: float
    ) -> None:
        """A pause in one command is half of the timeout, so that it does not end in one, and a second at most."""
        for store in (
            RedisStore(redis.Redis(socket_timeout=timeout)),
            AsyncRedisStore(redis.asyncio.Redis(socket_timeout=timeout)),
        ):
            commands = store._commands
            assert (commands.longest_pause, commands.deadline) == (pause, deadline)
            assert (commands.prefix, commands.lock_lifetime) == ("oauth_cc:", 45.0)

    @pytest.mark.parametrize("lifetime", [1, 3600])
    def test_lock_lifetime_is_from_a_second_to_an_hour(self, lifetime: int) -> None:
        """The limits are legal."""
        store = RedisStore(redis.Redis(socket_timeout=1.0), lock_lifetime=lifetime)
        assert store._commands.lock_lifetime == lifetime

    def test_client_of_the_other_kind_is_rejected(self) -> None:
        """The error names the client of each store."""
        wrong: list[Any] = [redis.Redis(socket_timeout=1.0), redis.asyncio.Redis(socket_timeout=1.0)]
        for make in (lambda: AsyncRedisStore(wrong[0]), lambda: RedisStore(wrong[1])):
            with pytest.raises(InvalidInput) as caught:
                make()
            assert caught.value.parameter == "client"
            assert str(caught.value) == (
                "client must be a redis.Redis for a RedisStore, and a redis.asyncio.Redis for an AsyncRedisStore"
            )

    @pytest.mark.parametrize("key", ["", "}", "A" * 64])
    def test_illegal_key_is_rejected(self, make: Make, key: str) -> None:
        """Other text could be part of another name."""
        store = make()
        for method in (store.load, lambda text: store.save(text, token()), lambda text: store.discard(text, token())):
            with pytest.raises(InvalidInput) as caught:
                method(key)
            assert caught.value.parameter == "key"
            assert str(caught.value) == "key must be 64 hexadecimal digits, as returned by cache_key()"
        with pytest.raises(InvalidInput, match="key"), store.lock(key, 0):
            pass


CREDENTIALS_WRONG = "Redis rejected the client's user or password; correct them"
POOL = "the client's connection pool is exhausted; raise its max_connections"
SLOW = "Redis did not respond within the client's socket_timeout; check its load and the network"
LATE = (
    "Redis did not respond within twice the client's socket_timeout, retries included; check that it runs, its load "
    "and the network"
)
AWAY = "Redis cannot be reached; check that it runs, and the client's host, port and TLS"
ADVICE: list[tuple[Exception, str, bool]] = [
    (redis.AuthenticationError("WRONGPASS M4RKER"), CREDENTIALS_WRONG, True),
    (redis.ConnectionError("HELLO must be called with the client already authenticated"), CREDENTIALS_WRONG, True),
    (
        redis.exceptions.NoPermissionError("M4RKER"),
        "Redis denied the client's user a command or key; allow EVAL, EVALSHA, GETRANGE, SET, GET, BLPOP, TIME",
        False,
    ),
    (redis.BusyLoadingError("M4RKER"), "Redis is still loading its data; wait some seconds", True),
    (
        redis.ReadOnlyError("M4RKER"),
        "Redis is a read-only replica; connect the client to the primary, or wait for the end of a failover",
        False,
    ),
    (
        redis.OutOfMemoryError("M4RKER"),
        "Redis is out of memory; raise its maxmemory or set an eviction policy",
        False,
    ),
    (redis.ConnectionError("Too many connections"), POOL, True),
    (redis.ConnectionError("No connection available."), POOL, True),
    (
        TimeoutError(),
        LATE,
        True,
    ),
    (redis.TimeoutError("M4RKER"), SLOW, True),
    (redis.ConnectionError("Timeout connecting to M4RKER"), SLOW, True),
    (
        redis.ResponseError("WRONGTYPE Operation on M4RKER"),
        "Redis rejected the command (WRONGTYPE); see the log of Redis",
        False,
    ),
    (
        redis.ResponseError("ERR EVAL of M4RKER: NOSCRIPT"),
        "Redis rejected the command (NOSCRIPT); see the log of Redis",
        False,
    ),
    (redis.ResponseError("ERR m4rker"), "Redis rejected the command (ERR); see the log of Redis", False),
    (redis.ConnectionError("M4RKER"), AWAY, True),
    (OSError("M4RKER"), AWAY, True),
]


@pytest.mark.parametrize(("error", "advice", "pauses"), ADVICE, ids=[type(error).__name__ for error, _, _ in ADVICE])
def test_each_error_of_redis_has_its_advice(error: Exception, advice: str, pauses: bool) -> None:
    """The text of Redis is not shown. Redis is used at once after an error that it sent itself."""
    breaker = CircuitBreaker()
    fault = breaker.failed(error)
    assert (type(fault), str(fault)) == (StoreUnavailable, advice)
    if not pauses:
        breaker.check()
        return
    with pytest.raises(StoreUnavailable) as caught:
        breaker.check()
    assert str(caught.value) == ("Redis failed a moment ago and is not used for 5 seconds; the log has the cause")
    assert 4 < breaker._down_until - time.monotonic() <= 5


class TestCommands:
    """The commands that are sent, and what is read from replies."""

    COMMANDS = Commands("p:", 45.0, 1.0, 2.0, Encryption())

    def test_entry_is_read_up_to_the_longest_encrypted_token(self) -> None:
        """A number stands before it."""
        assert self.COMMANDS.fetch(KEY) == ("GETRANGE", f"p:{{{KEY}}}:token", 0, MAX_ENCRYPTED + 32)

    def test_claim_names_the_lock_its_list_and_a_new_owner(self) -> None:
        """All names of one key belong to one slot of a cluster."""
        one, other = self.COMMANDS.claim(KEY), self.COMMANDS.claim(KEY)
        assert (one.lock, one.free) == (f"p:{{{KEY}}}:lock", f"p:{{{KEY}}}:free")
        assert one.owner != other.owner
        assert len(one.owner) == 32

    @pytest.mark.parametrize(
        ("clock", "now", "number", "milliseconds"),
        [
            ((1700000100, 7), 1700000000.0, 1700000100000007, 3600000),
            ((1700000100, 7), 1700000010.5, 1700000089500007, 3589500),
            ((1700000100, 7), 1699999000.0, 1700000100000007, 3600000),
            ((1, 0), 1700000010.0, 0, 3590000),
            ("nonsense", 1700000000.0, 0, 3600000),
        ],
        ids=["now", "later", "clock that was set back", "Redis with another clock", "no time"],
    )
    def test_token_is_saved_under_the_time_of_its_receipt_until_it_ends(
        self, clock: object, now: float, number: int, milliseconds: int
    ) -> None:
        """The number is by the clock of Redis."""
        kept = token(received_at=1700000000.0)
        command = self.COMMANDS.save(KEY, kept, clock, now)
        assert command is not None
        assert (command.name, command.number, command.milliseconds) == (f"p:{{{KEY}}}:token", number, milliseconds)
        words = command.revealed()
        assert (words[0], words[2:]) == ("EVAL", (1, command.name, number, command.text.reveal(), milliseconds))
        reply = f"{number} {command.text.reveal()}".encode()
        assert self.COMMANDS.token(KEY, reply) == kept
        assert self.COMMANDS.digest(KEY, kept, reply) == hashlib.sha1(reply, usedforsecurity=False).hexdigest()
        assert self.COMMANDS.digest(KEY, token(), reply) is None
        assert self.COMMANDS.digest(KEY, kept, None) is None

    def test_token_is_kept_for_thirty_days_at_most(self) -> None:
        """A server may issue tokens that live for years."""
        command = self.COMMANDS.save(KEY, token(received_at=0.0, lifetime=1e9), (1, 0), 0.0)
        assert command is not None
        assert command.milliseconds == 30 * 24 * 3600 * 1000

    @pytest.mark.parametrize(("left", "is_saved"), [(0.002, True), (0.0, False), (-1.0, False)])
    def test_token_that_has_expired_is_not_saved(self, left: float, is_saved: bool) -> None:
        """Redis does not accept a lifetime of 0."""
        assert (self.COMMANDS.save(KEY, token(received_at=0.0), (1, 0), 3600.0 - left) is not None) is is_saved

    @pytest.mark.parametrize("reply", [None, "1 {}", b"", b"{}", b"-1 {}", b"1" * 18 + b" {}", 5])
    def test_another_reply_is_not_a_token(self, reply: object) -> None:
        """A number of up to 17 digits and a space stand before the token."""
        assert self.COMMANDS.token(KEY, reply) is None


class TestFailures:
    """A failing Redis is one error with advice and without a token."""

    def fault(self, store: Kind) -> str:
        """Return the text of the error of a save, which does not contain the token."""
        with pytest.raises(StoreUnavailable) as caught:
            store.save(KEY, token("very-secret-token"))
        assert "very-secret-token" not in shown_by(caught.value)
        return f"{caught.value}"

    def test_stopped_redis_is_not_tried_for_some_seconds(self, redis_program: Sequence[str], make: Make) -> None:
        """After that it is used again."""
        with RedisServer(redis_program) as server:
            store, kept = make(server=server), token()
            store.save(KEY, kept)
            server.stop()
            assert "cannot be reached" in self.fault(store)
            server.start()
            assert "is not used for 5 seconds" in self.fault(store)
            for method in (store.load, lambda key: store.lock(key, 0).__enter__()):
                with pytest.raises(StoreUnavailable, match="is not used"):
                    method(KEY)
            inner(store)._breaker._down_until = 0.0
            assert store.load(KEY) is None
            store.save(KEY, kept)
            assert store.load(KEY) == kept

    @pytest.mark.parametrize("how", ["hangs", "is down"])
    def test_cold_call_does_not_wait_for_the_retries_of_its_client(
        self, redis_program: Sequence[str], how: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A client as redis-py makes it would go on for more than ten seconds."""
        client = ClientCredentials("your_id", "s3cret")
        with RedisServer(redis_program) as redis_server, AuthorizationServer() as server:

            async def task() -> float:
                async with redis.asyncio.Redis(unix_socket_path=redis_server.path, socket_timeout=0.1) as connected:
                    store = AsyncRedisStore(connected)
                    source = AsyncTokenSource(client, server.token_endpoint, store=store)
                    began = time.monotonic()
                    await source.token()
                    return time.monotonic() - began

            if how == "hangs":
                redis_server.pause()
            else:
                redis_server.stop()
            with redis.Redis(unix_socket_path=redis_server.path, socket_timeout=0.1) as connected:
                source = TokenSource(client, server.token_endpoint, store=RedisStore(connected))
                began = time.monotonic()
                source.token()
                seconds = time.monotonic() - began, asyncio.run(task())
                at_rest(source)
        assert max(seconds) < 3, seconds
        # An older redis-py gives up by itself.
        assert caplog.text.count("token store unavailable") == 2
        assert len(server.token_requests) == 2

    def test_lock_that_a_command_gets_after_its_deadline_is_released(self, redis_server: RedisServer) -> None:
        """The caller of the command has left."""
        with redis_server.client() as client:
            store = RedisStore(client)
            claim = store._commands.claim(KEY)
            lock = client.lock(claim.lock, timeout=45.0, thread_local=False)
            assert store._acquired(lock, claim, time.monotonic() + 60)
            assert client.exists(claim.lock)
            store._release(lock, claim)
            assert not store._acquired(lock, claim, time.monotonic())
            assert not client.exists(claim.lock)

    def test_release_of_a_lock_ends_at_the_deadline(self, redis_program: Sequence[str]) -> None:
        """The lock expires by itself. Each command of a store for threads has a thread of its own."""
        with RedisServer(redis_program) as server:
            names: list[str] = []

            async def release() -> None:
                async with server.async_client(timeout=60.0) as client:
                    store = AsyncRedisStore(client)
                    async with store.lock(KEY, 0.0) as held:
                        assert held
                        store._commands = attrs.evolve(store._commands, deadline=0.05)
                        server.pause()

            asyncio.run(release())
            server.stop()
            server.start()
            with server.client(timeout=60.0) as client:
                store = RedisStore(client)
                execute = client.execute_command

                def note(*words: Any, **options: Any) -> object:
                    names.append(threading.current_thread().name)
                    return execute(*words, **options)

                client.execute_command = note
                with store.lock(KEY, 0.0) as held:
                    assert held
                    store._commands = attrs.evolve(store._commands, deadline=0.05)
                    server.pause()
            server.stop()
        assert set(names) == {"oauth_cc store"}

    def test_lock_whose_reply_is_lost_is_released(
        self, make: Make, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Redis granted it, but nobody holds it."""
        granted: list[object] = []

        def lose(lock: redis.lock.Lock, **options: Any) -> NoReturn:
            granted.append(acquire(lock, **options))
            raise redis.TimeoutError

        async def lose_async(lock: redis.asyncio.lock.Lock, **options: Any) -> NoReturn:
            granted.append(await acquire_async(lock, **options))
            raise redis.TimeoutError

        acquire, acquire_async = redis.lock.Lock.acquire, redis.asyncio.lock.Lock.acquire
        monkeypatch.setattr(redis.lock.Lock, "acquire", lose)
        monkeypatch.setattr(redis.asyncio.lock.Lock, "acquire", lose_async)
        with pytest.raises(StoreUnavailable), make().lock(KEY, 0.0):
            pass
        assert granted == [True]
        with redis_server.client() as client:
            assert not client.exists(LOCK)

    @pytest.mark.slow
    def test_hanging_redis_ends_in_the_timeout_of_the_client(self, redis_program: Sequence[str], make: Make) -> None:
        """A lock that it grants meanwhile does not stay."""
        with RedisServer(redis_program) as server:
            store = make(server=server)
            with server.client() as client:
                client.execute_command("CLIENT", "PAUSE", 2500, "ALL")
            with pytest.raises(StoreUnavailable, match="socket_timeout"), store.lock(KEY, 0.0):
                pass
            assert "is not used" in self.fault(store)

    def test_rejected_password_is_named(self, redis_program: Sequence[str], make: Make) -> None:
        """The advice is to correct it."""
        with RedisServer(redis_program, "--requirepass", "pw") as server:
            assert "rejected the client's user or password" in self.fault(make(server=server))

    def test_missing_permission_is_named(self, redis_program: Sequence[str], make: Make) -> None:
        """The advice is which commands to allow."""
        with RedisServer(redis_program, "--user", *"default on nopass ~* +time -eval".split()) as server:
            assert "allow EVAL" in self.fault(make(server=server))

    def test_read_only_replica_is_named(self, redis_program: Sequence[str], make: Make) -> None:
        """The advice is to connect to the primary."""
        with RedisServer(redis_program, "--replicaof", "127.0.0.1", "1", "--replica-serve-stale-data", "yes") as server:
            assert "read-only replica" in self.fault(make(server=server))

    def test_lack_of_memory_is_named(self, redis_program: Sequence[str], make: Make) -> None:
        """The advice is to raise the limit."""
        with RedisServer(redis_program, "--maxmemory", "1", "--maxmemory-policy", "noeviction") as server:
            assert "out of memory" in self.fault(make(server=server))

    def test_lack_of_memory_is_reported_once_for_many_renewals(
        self, redis_program: Sequence[str], make: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Tokens can be loaded, but no lock can be taken and no token saved."""
        client = ClientCredentials("your_id", "s3cret")
        with (
            RedisServer(redis_program, "--maxmemory", "1", "--maxmemory-policy", "noeviction") as redis_server,
            AuthorizationServer() as server,
        ):
            store = make(server=redis_server)
            if isinstance(store, OnLoop):
                tasks = AsyncTokenSource(client, server.token_endpoint, store=store.store)
                for number in range(3):
                    store.run(tasks.with_resource(f"https://api.example/{number}").token())
            else:
                threads = TokenSource(client, server.token_endpoint, store=store)
                for number in range(3):
                    threads.with_resource(f"https://api.example/{number}").token()
                at_rest(threads)
            assert len(server.token_requests) == 3
        reports = [record.getMessage() for record in caplog.records if "token store" in record.getMessage()]
        assert len(reports) == 1
        assert "Redis is out of memory" in reports[0]

    def test_flush_while_a_lock_is_held_harms_nothing(self, make: Make, redis_server: RedisServer) -> None:
        """The token is saved, and the lock can be taken again."""
        store, kept = make(), token()
        with store.lock(KEY, 0.0), redis_server.client() as client:
            client.flushall()
            store.save(KEY, kept)
        assert store.load(KEY) == kept
        with store.lock(KEY, 0.0) as held:
            assert held

    @pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
    def test_async_client_of_another_event_loop_is_an_error(self, redis_server: RedisServer) -> None:
        """A client of redis.asyncio belongs to one loop."""
        client = redis_server.async_client()
        store = AsyncRedisStore(client)

        async def use(store: AsyncRedisStore) -> None:
            await store.save(KEY, token())

        asyncio.run(use(store))
        with pytest.raises(StoreUnavailable) as caught:
            asyncio.run(use(store))
        assert str(caught.value) == (
            "the Redis client cannot be used in this event loop; create one client for each asyncio loop, and use "
            "RedisStore on trio"
        )
        del caught
        # A closed loop cannot close connections, so their warnings are triggered here, not in another test.
        del client, store
        gc.collect()


def test_client_that_decodes_responses_is_supported(redis_server: RedisServer) -> None:
    """The store reads bytes regardless."""
    with redis_server.client(decode_responses=True) as client:
        store, kept = RedisStore(client), token()
        store.save(KEY, kept)
        assert store.load(KEY) == kept
        with store.lock(KEY, 0) as held, RedisStore(client).lock(KEY, 0) as again:
            assert (held, again) == (True, False)


@pytest.mark.slow
def test_cluster_is_supported(redis_program: Sequence[str]) -> None:
    """All names of one key belong to one slot."""
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


def test_entry_is_a_number_and_json(redis_server: RedisServer) -> None:
    """The JSON contains the key."""
    with redis_server.client() as client:
        RedisStore(client, prefix="mine:").save(KEY, token())
        number, _, text = (client.get(f"mine:{{{KEY}}}:token") or b"").partition(b" ")
    assert abs(int(number) / 1e6 - time.time()) < 60
    assert json.loads(text)["key"] == KEY
