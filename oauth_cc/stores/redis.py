"""
Stores in Redis (or Valkey), for processes on any number of machines.
"""

import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from functools import partial
from typing import Final, Protocol, Self, TypeVar, final

from oauth_cc._wire.typing import NonStringCollection
from oauth_cc.errors import InvalidInput, StoreUnavailable
from oauth_cc.secret import Secret
from oauth_cc.stores._encryption import encryption
from oauth_cc.stores._redis_commands import DISCARD, RAW, WAKE, CircuitBreaker, Claim, commands
from oauth_cc.token import Token

try:
    import redis
    import redis.asyncio
    from redis.exceptions import LockError, RedisError
except ImportError as _error:
    raise ImportError("oauth_cc.stores.redis needs redis: install oauth_cc[redis]") from _error

__all__ = ["AsyncRedisClient", "AsyncRedisStore", "RedisClient", "RedisStore"]


def __dir__() -> list[str]:
    return __all__


T = TypeVar("T")

DEFAULT_LOCK_LIFETIME: Final = 45.0
"""
Seconds that a lock lasts at the most: longer than a token request takes with its default timeout and retries, shorter
than callers wait for one.
"""

_OTHER_LOOP: Final = (
    "the Redis client cannot be used in this event loop: give each asyncio loop a client of its own, and trio a "
    "RedisStore"
)


# Protocols, as redis-py's own types leave much unknown.
class _Lock(Protocol):
    def acquire(self, *, blocking: bool, token: str) -> object: ...
    def do_release(self, expected_token: str) -> object: ...


class _AsyncLock(Protocol):
    def acquire(self, *, blocking: bool, token: str) -> Awaitable[object]: ...
    def do_release(self, expected_token: bytes) -> Awaitable[object]: ...


class RedisClient(Protocol):
    """
    What is used of a ``redis.Redis``, or ``redis.RedisCluster``.
    """

    def execute_command(self, *words: str | bytes | float, **options: object) -> object:
        """Gives the reply to a command."""
        ...

    def lock(self, name: str, timeout: float | None = None, *, thread_local: bool = True) -> _Lock:
        """Gives a lock that lasts *timeout* seconds."""
        ...

    def get_connection_kwargs(self) -> Mapping[str, object]:
        """Gives the settings of its connections."""
        ...

    def __enter__(self) -> Self: ...


class AsyncRedisClient(Protocol):
    """
    What is used of a ``redis.asyncio.Redis``, or ``redis.asyncio.RedisCluster``.
    """

    def execute_command(self, *words: str | bytes | float, **options: object) -> Awaitable[object]:
        """Gives the reply to a command."""
        ...

    def lock(self, name: str, timeout: float | None = None, *, thread_local: bool = True) -> _AsyncLock:
        """Gives a lock that lasts *timeout* seconds."""
        ...

    def get_connection_kwargs(self) -> Mapping[str, object]:
        """Gives the settings of its connections."""
        ...

    async def __aenter__(self) -> Self: ...


@final
class RedisStore:
    """
    Keeps tokens in Redis 6 or later, for threads: a store that processes on any number of machines share.

    *client*: a ``redis.Redis`` of yours, with its TLS, user and pool. It needs a timeout: a Redis that hangs holds a
    renewal up for as long as that times the attempts of the client's ``retry``, so give it few of both, as in
    ``redis.Redis(host, socket_timeout=1.0, retry=Retry(NoBackoff(), 1))``. *prefix*: what the names of Redis keys begin
    with. *lock_lifetime*: seconds after which a lock ends though its holder, which may have died, did not let go of it;
    longer than a token request takes with its retries. *keys*: Fernet keys, the first of which encrypts what is kept
    while each decrypts it; without any, whoever reads Redis reads tokens.

    Entries end with their tokens, and an older token is never put over a newer one. Whoever waits for the lock is woken
    as it is let go. While Redis cannot be reached, calls raise `StoreUnavailable`, and do so at once for some seconds.

    Raises `InvalidInput` if the client has no timeout, or something is not as said here.

        >>> RedisStore(redis.Redis(socket_timeout=1.0))
        RedisStore(prefix='oauth_cc:')
    """

    def __init__(
        self,
        client: RedisClient,
        *,
        prefix: str = "oauth_cc:",
        lock_lifetime: float = DEFAULT_LOCK_LIFETIME,
        keys: NonStringCollection[Secret | str | bytes] = (),
    ) -> None:
        # First, as a traceback that shows locals asks for the repr of what is half made.
        self._prefix: str = prefix
        encrypted = encryption(keys)
        del keys
        _check(client, redis.Redis, redis.RedisCluster)
        self._commands = commands(client.get_connection_kwargs(), prefix, lock_lifetime, encrypted)
        self._breaker = CircuitBreaker()
        self._client: RedisClient = client

    def __repr__(self) -> str:
        return f"RedisStore(prefix={self._prefix!r})"

    def load(self, key: str) -> Token | None:
        """Gives the token under *key*, or None; what cannot be read as one is None."""
        words = self._commands.fetch(key)
        return self._commands.token(key, self._asked(lambda: self._client.execute_command(*words, **RAW)))

    def save(self, key: str, token: Token) -> None:
        """Keeps *token* under *key* until it ends, unless a newer one is there."""
        clock = self._asked(lambda: self._client.execute_command("TIME"))
        words = self._commands.save(key, token, clock, time.time())
        if words is not None:
            self._asked(lambda: self._client.execute_command(*words.revealed(), **RAW))

    def discard(self, key: str, token: Token) -> None:
        """Forgets what is under *key* if it is *token*."""
        words = self._commands.fetch(key)
        digest = self._commands.digest(key, token, self._asked(lambda: self._client.execute_command(*words, **RAW)))
        if digest is not None:
            self._asked(lambda: self._client.execute_command("EVAL", DISCARD, 1, words[1], digest))

    @contextlib.contextmanager
    def lock(self, key: str, wait: float) -> Generator[bool]:
        """
        Gives the lock of *key*: entering takes it within *wait* seconds and says whether it is held, leaving frees it.
        """
        self._breaker.check()
        claim = self._commands.claim(key)
        lock = self._client.lock(claim.lock, timeout=self._commands.lock_lifetime, thread_local=False)
        try:
            held = self._take(lock, claim, wait)
        except BaseException:
            # Redis may have taken it before the answer was lost.
            self._free(lock, claim)
            raise
        try:
            yield held
        finally:
            if held:
                self._free(lock, claim)

    def _take(self, lock: _Lock, claim: Claim, wait: float) -> bool:
        ends_at = time.monotonic() + wait
        while True:
            if self._asked(lambda: lock.acquire(blocking=False, token=claim.owner)):
                return True
            # A client that sends again what was not answered may be told that the lock is taken: by itself.
            if self._asked(lambda: self._client.execute_command("GET", claim.lock, **RAW)) == claim.owner.encode():
                return True
            pause = min(self._commands.longest_pause, ends_at - time.monotonic())
            if pause <= 0:
                return False
            self._asked(partial(self._client.execute_command, "BLPOP", claim.free, max(0.01, pause)))

    def _free(self, lock: _Lock, claim: Claim) -> None:
        # Without an answer it ends by its lifetime; if it ended already, it is another's to let go of.
        with contextlib.suppress(RedisError, OSError, LockError):
            lock.do_release(claim.owner)
            self._client.execute_command("EVAL", WAKE, 1, claim.free)

    def _asked(self, ask: Callable[[], T]) -> T:
        self._breaker.check()
        try:
            return ask()
        except (RedisError, OSError) as error:
            fault = self._breaker.failed(error)
        # Not raised above: redis-py's frames hold what was said.
        raise fault


@final
class AsyncRedisStore:
    """
    Keeps tokens in Redis, for tasks on asyncio: `RedisStore` with a ``redis.asyncio.Redis`` as its *client*.

    Such a client belongs to one event loop, and so does this store. Give each loop its own, or all of them, and trio,
    one `RedisStore`, whose calls then have threads of their own.

        >>> AsyncRedisStore(redis.asyncio.Redis(socket_timeout=1.0))
        AsyncRedisStore(prefix='oauth_cc:')
    """

    def __init__(
        self,
        client: AsyncRedisClient,
        *,
        prefix: str = "oauth_cc:",
        lock_lifetime: float = DEFAULT_LOCK_LIFETIME,
        keys: NonStringCollection[Secret | str | bytes] = (),
    ) -> None:
        # First, as a traceback that shows locals asks for the repr of what is half made.
        self._prefix: str = prefix
        encrypted = encryption(keys)
        del keys
        _check(client, redis.asyncio.Redis, redis.asyncio.RedisCluster)
        self._commands = commands(client.get_connection_kwargs(), prefix, lock_lifetime, encrypted)
        self._breaker = CircuitBreaker()
        self._client: AsyncRedisClient = client

    def __repr__(self) -> str:
        return f"AsyncRedisStore(prefix={self._prefix!r})"

    async def load(self, key: str) -> Token | None:
        """Gives the token under *key*, or None; what cannot be read as one is None."""
        words = self._commands.fetch(key)
        return self._commands.token(key, await self._asked(lambda: self._client.execute_command(*words, **RAW)))

    async def save(self, key: str, token: Token) -> None:
        """Keeps *token* under *key* until it ends, unless a newer one is there."""
        clock = await self._asked(lambda: self._client.execute_command("TIME"))
        words = self._commands.save(key, token, clock, time.time())
        if words is not None:
            await self._asked(lambda: self._client.execute_command(*words.revealed(), **RAW))

    async def discard(self, key: str, token: Token) -> None:
        """Forgets what is under *key* if it is *token*."""
        words = self._commands.fetch(key)
        digest = self._commands.digest(
            key, token, await self._asked(lambda: self._client.execute_command(*words, **RAW))
        )
        if digest is not None:
            await self._asked(lambda: self._client.execute_command("EVAL", DISCARD, 1, words[1], digest))

    @contextlib.asynccontextmanager
    async def lock(self, key: str, wait: float) -> AsyncGenerator[bool]:
        """
        Gives the lock of *key*: entering takes it within *wait* seconds and says whether it is held, leaving frees it.
        """
        self._breaker.check()
        claim = self._commands.claim(key)
        lock = self._client.lock(claim.lock, timeout=self._commands.lock_lifetime, thread_local=False)
        try:
            held = await self._take(lock, claim, wait)
        except BaseException:
            # Redis may have taken it before the answer was lost.
            await self._free(lock, claim)
            raise
        try:
            yield held
        finally:
            if held:
                await self._free(lock, claim)

    async def _take(self, lock: _AsyncLock, claim: Claim, wait: float) -> bool:
        ends_at = time.monotonic() + wait
        while True:
            if await self._asked(lambda: lock.acquire(blocking=False, token=claim.owner)):
                return True
            # A client that sends again what was not answered may be told that the lock is taken: by itself.
            owner = await self._asked(lambda: self._client.execute_command("GET", claim.lock, **RAW))
            if owner == claim.owner.encode():
                return True
            pause = min(self._commands.longest_pause, ends_at - time.monotonic())
            if pause <= 0:
                return False
            await self._asked(partial(self._client.execute_command, "BLPOP", claim.free, max(0.01, pause)))

    async def _free(self, lock: _AsyncLock, claim: Claim) -> None:
        # Without an answer it ends by its lifetime; if it ended already, it is another's to let go of.
        with contextlib.suppress(RedisError, OSError, LockError, RuntimeError):
            await lock.do_release(claim.owner.encode())
            await self._client.execute_command("EVAL", WAKE, 1, claim.free)

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> T:
        self._breaker.check()
        try:
            return await ask()
        except (RedisError, OSError) as error:
            fault = self._breaker.failed(error)
        except RuntimeError:
            fault = StoreUnavailable(_OTHER_LOOP)
        # Not raised above: redis-py's frames hold what was said.
        raise fault


def _check(client: object, *kinds: type[object]) -> None:
    if not isinstance(client, kinds):
        raise InvalidInput("client", "give a redis.Redis to a RedisStore, a redis.asyncio.Redis to an AsyncRedisStore")
