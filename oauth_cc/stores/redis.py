"""
Token stores in Redis or Valkey, for processes on any number of machines.
"""

import asyncio
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
from oauth_cc.stores._serialization import check_entry, check_wait
from oauth_cc.stores._threads import within
from oauth_cc.token import Token

try:
    import redis
    import redis.asyncio
    from redis.exceptions import RedisError
except ImportError as _error:
    raise ImportError("oauth_cc.stores.redis requires redis; install oauth_cc[redis]") from _error

__all__ = ["AsyncRedisClient", "AsyncRedisStore", "RedisClient", "RedisStore"]


def __dir__() -> list[str]:
    return __all__


T = TypeVar("T")

DEFAULT_LOCK_LIFETIME: Final = 45.0
"""
Seconds until a lock expires: longer than a token request with its default timeout and retries takes, and shorter than
callers wait for one.
"""

_OTHER_LOOP: Final = (
    "the Redis client cannot be used in this event loop; create one client for each asyncio loop, and use RedisStore "
    "on trio"
)


# Protocols, as the types of redis-py are incomplete.
class _Lock(Protocol):
    def acquire(self, *, blocking: bool, token: str) -> object: ...
    def do_release(self, expected_token: str) -> object: ...


class _AsyncLock(Protocol):
    def acquire(self, *, blocking: bool, token: str) -> Awaitable[object]: ...
    def do_release(self, expected_token: bytes) -> Awaitable[object]: ...


class RedisClient(Protocol):
    """
    The methods of a ``redis.Redis`` or ``redis.RedisCluster`` that are used.
    """

    def execute_command(self, *words: str | bytes | float, **options: object) -> object:
        """
        Return the reply to a command.

        Args:
            *words: The command and its arguments.
            **options: How redis-py reads the reply.
        """
        ...

    def lock(self, name: str, *, timeout: float, thread_local: bool) -> _Lock:
        """
        Return a lock of redis-py.

        Args:
            name: The Redis key of the lock.
            timeout: Seconds after which the lock expires.
            thread_local: Whether only the thread that took the lock can release it.
        """
        ...

    def get_connection_kwargs(self) -> Mapping[str, object]:
        """Return the settings of the client's connections."""
        ...

    def __enter__(self) -> Self: ...


class AsyncRedisClient(Protocol):
    """
    The methods of a ``redis.asyncio.Redis`` or ``redis.asyncio.RedisCluster`` that are used.
    """

    def execute_command(self, *words: str | bytes | float, **options: object) -> Awaitable[object]:
        """
        Return the reply to a command.

        Args:
            *words: The command and its arguments.
            **options: How redis-py reads the reply.
        """
        ...

    def lock(self, name: str, *, timeout: float, thread_local: bool) -> _AsyncLock:
        """
        Return a lock of redis-py.

        Args:
            name: The Redis key of the lock.
            timeout: Seconds after which the lock expires.
            thread_local: Whether only the thread that took the lock can release it.
        """
        ...

    def get_connection_kwargs(self) -> Mapping[str, object]:
        """Return the settings of the client's connections."""
        ...

    async def __aenter__(self) -> Self: ...


@final
class RedisStore:
    """
    A token store in Redis 6 or later, shared by processes on any number of machines. Safe to share between threads.

    An entry expires with its token, and an older token never replaces a newer one. An entry that cannot be decrypted
    counts as missing and is logged once. While Redis cannot be reached, calls raise `StoreUnavailable`, without trying
    for some seconds at a time.

    Args:
        client: A ``redis.Redis`` or ``redis.RedisCluster``. It must have a timeout. A command ends for its caller after
            at most twice this timeout, even if the client connects or retries for longer.
        prefix: The prefix of the names in Redis.
        lock_lifetime: Seconds until a lock expires that its holder did not release: longer than a token request takes
            with its retries.
        keys: Fernet keys. The first key encrypts, and all keys decrypt. Without keys tokens are stored as plain text.

    Raises:
        InvalidInput: The client has no timeout or is of another type, or another argument is illegal.

    Example:
        >>> RedisStore(redis.Redis(socket_timeout=1.0))
        RedisStore(prefix='oauth_cc:')
    """

    def __init__(
        self,
        client: RedisClient,
        *,
        prefix: str = "oauth_cc:",
        lock_lifetime: float = DEFAULT_LOCK_LIFETIME,
        keys: NonStringCollection[Secret | str | bytes] | None = None,
    ) -> None:
        # First, as a traceback with local variables shows the repr of the unfinished store.
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
        """Return the token under *key*, None if there is none or the entry cannot be read."""
        words = self._commands.fetch(key)
        return self._commands.token(key, self._call(lambda: self._client.execute_command(*words, **RAW)))

    def save(self, key: str, token: Token) -> None:
        """
        Save *token* under *key* until it expires, unless the entry has a newer token.

        Args:
            key: The cache key, 64 hexadecimal digits.
            token: The token. It is not saved if it has expired, or is too large to be loaded again.

        Raises:
            StoreUnavailable: Redis cannot be used, or failed a moment ago and is not tried again yet.
        """
        check_entry(key, token)
        clock = self._call(lambda: self._client.execute_command("TIME"))
        words = self._commands.save(key, token, clock, time.time())
        if words is not None:
            self._call(lambda: self._client.execute_command(*words.revealed(), **RAW))

    def discard(self, key: str, token: Token) -> None:
        """
        Delete the entry under *key* if it is *token*.

        Args:
            key: The cache key, 64 hexadecimal digits.
            token: The rejected token.

        Raises:
            StoreUnavailable: Redis cannot be used, or failed a moment ago and is not tried again yet.
        """
        check_entry(key, token)
        words = self._commands.fetch(key)
        digest = self._commands.digest(key, token, self._call(lambda: self._client.execute_command(*words, **RAW)))
        if digest is not None:
            self._call(lambda: self._client.execute_command("EVAL", DISCARD, 1, words[1], digest))

    @contextlib.contextmanager
    def lock(self, key: str, wait: float) -> Generator[bool]:
        """
        Wait for the lock of *key*, and yield whether it is held.

        Args:
            key: The cache key, 64 hexadecimal digits.
            wait: Seconds to wait for the lock.

        Raises:
            StoreUnavailable: Redis cannot be used, or failed a moment ago and is not tried again yet.
        """
        check_wait(wait)
        claim = self._commands.claim(key)
        self._breaker.check()
        lock = self._client.lock(claim.lock, timeout=self._commands.lock_lifetime, thread_local=False)
        try:
            held = self._take(lock, claim, wait)
        except BaseException:
            # Redis may have granted the lock although its reply was lost.
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
            if self._call(lambda: self._acquired(lock, claim, time.monotonic() + self._commands.deadline)):
                return True
            # A client that repeats a command after a lost reply may find the lock taken by itself.
            if self._call(lambda: self._client.execute_command("GET", claim.lock, **RAW)) == claim.owner.encode():
                return True
            pause = min(self._commands.longest_pause, ends_at - time.monotonic())
            if pause <= 0:
                return False
            self._call(partial(self._client.execute_command, "BLPOP", claim.free, max(0.01, pause)))

    def _acquired(self, lock: _Lock, claim: Claim, ends_at: float) -> bool:
        held = bool(lock.acquire(blocking=False, token=claim.owner))
        if time.monotonic() < ends_at:
            return held
        # The caller has left, so nobody else would release the lock.
        self._release(lock, claim)
        return False

    def _free(self, lock: _Lock, claim: Claim) -> None:
        # If this fails the lock expires. If it has expired, another process may hold it.
        with contextlib.suppress(RedisError, OSError):
            within(self._commands.deadline, "store", lambda: self._release(lock, claim))

    def _release(self, lock: _Lock, claim: Claim) -> None:
        lock.do_release(claim.owner)
        self._client.execute_command("EVAL", WAKE, 1, claim.free)

    def _call(self, command: Callable[[], T]) -> T:
        self._breaker.check()
        try:
            return within(self._commands.deadline, "store", command)
        except (RedisError, OSError) as error:
            fault = self._breaker.failed(error)
        # Raised here, without the frames of redis-py, which contain the command.
        raise fault


@final
class AsyncRedisStore:
    """
    A token store in Redis 6 or later for asyncio: `RedisStore` with a ``redis.asyncio.Redis``.

    The client belongs to one event loop, and so does the store. For several event loops, and on trio, use a
    `RedisStore`, whose calls then run in threads.

    Args:
        client: A ``redis.asyncio.Redis`` or ``redis.asyncio.RedisCluster``. It must have a timeout. A command takes at
            most twice this timeout, even if the client would connect or retry for longer.
        prefix: The prefix of the names in Redis.
        lock_lifetime: Seconds until a lock expires that its holder did not release.
        keys: Fernet keys. The first key encrypts, and all keys decrypt. Without keys tokens are stored as plain text.

    Raises:
        InvalidInput: The client has no timeout or is of another type, or another argument is illegal.

    Example:
        >>> AsyncRedisStore(redis.asyncio.Redis(socket_timeout=1.0))
        AsyncRedisStore(prefix='oauth_cc:')
    """

    def __init__(
        self,
        client: AsyncRedisClient,
        *,
        prefix: str = "oauth_cc:",
        lock_lifetime: float = DEFAULT_LOCK_LIFETIME,
        keys: NonStringCollection[Secret | str | bytes] | None = None,
    ) -> None:
        # First, as a traceback with local variables shows the repr of the unfinished store.
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
        """Return the token under *key*, None if there is none or the entry cannot be read."""
        words = self._commands.fetch(key)
        return self._commands.token(key, await self._call(lambda: self._client.execute_command(*words, **RAW)))

    async def save(self, key: str, token: Token) -> None:
        """Save *token* under *key* until it expires, as `RedisStore.save` does."""
        check_entry(key, token)
        clock = await self._call(lambda: self._client.execute_command("TIME"))
        words = self._commands.save(key, token, clock, time.time())
        if words is not None:
            await self._call(lambda: self._client.execute_command(*words.revealed(), **RAW))

    async def discard(self, key: str, token: Token) -> None:
        """Delete the entry under *key* if it is *token*, as `RedisStore.discard` does."""
        check_entry(key, token)
        words = self._commands.fetch(key)
        digest = self._commands.digest(
            key, token, await self._call(lambda: self._client.execute_command(*words, **RAW))
        )
        if digest is not None:
            await self._call(lambda: self._client.execute_command("EVAL", DISCARD, 1, words[1], digest))

    @contextlib.asynccontextmanager
    async def lock(self, key: str, wait: float) -> AsyncGenerator[bool]:
        """Wait for the lock of *key*, and yield whether it is held, as `RedisStore.lock` does."""
        check_wait(wait)
        claim = self._commands.claim(key)
        self._breaker.check()
        lock = self._client.lock(claim.lock, timeout=self._commands.lock_lifetime, thread_local=False)
        try:
            held = await self._take(lock, claim, wait)
        except BaseException:
            # Redis may have granted the lock although its reply was lost.
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
            if await self._call(lambda: lock.acquire(blocking=False, token=claim.owner)):
                return True
            # A client that repeats a command after a lost reply may find the lock taken by itself.
            owner = await self._call(lambda: self._client.execute_command("GET", claim.lock, **RAW))
            if owner == claim.owner.encode():
                return True
            pause = min(self._commands.longest_pause, ends_at - time.monotonic())
            if pause <= 0:
                return False
            await self._call(partial(self._client.execute_command, "BLPOP", claim.free, max(0.01, pause)))

    async def _free(self, lock: _AsyncLock, claim: Claim) -> None:
        # If this fails the lock expires. If it has expired, another process may hold it.
        with contextlib.suppress(RedisError, OSError, RuntimeError):
            async with asyncio.timeout(self._commands.deadline):
                await lock.do_release(claim.owner.encode())
                await self._client.execute_command("EVAL", WAKE, 1, claim.free)

    async def _call(self, command: Callable[[], Awaitable[T]]) -> T:
        self._breaker.check()
        try:
            async with asyncio.timeout(self._commands.deadline):
                return await command()
        except (RedisError, OSError) as error:
            fault = self._breaker.failed(error)
        except RuntimeError:
            fault = StoreUnavailable(_OTHER_LOOP)
        # Raised here, without the frames of redis-py, which contain the command.
        raise fault


def _check(client: object, *kinds: type[object]) -> None:
    if not isinstance(client, kinds):
        reason = "client must be a redis.Redis for a RedisStore, and a redis.asyncio.Redis for an AsyncRedisStore"
        raise InvalidInput("client", reason)
