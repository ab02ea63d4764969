"""
The commands of the Redis stores, and the parsing of replies, shared by threads and async code.

    PREFIX{KEY}:token   ``NUMBER TEXT``, expires with the token     PREFIX{KEY}:lock   the lock of redis-py
    PREFIX{KEY}:free    a list that wakes the waiting callers

The number is a fencing token: when the token was received, by the clock of the Redis server, in microseconds. An entry
with a higher number is not overwritten. So a process that stalls, even beyond the lifetime of its lock, cannot replace
a newer token by an older one, and the clocks of the machines need not agree.
"""

import hashlib
import inspect
import math
import re
import time
import uuid
from collections.abc import Mapping
from typing import Final, final

import attrs

from oauth_cc.errors import InvalidInput, StoreUnavailable
from oauth_cc.secret import Secret
from oauth_cc.stores._encryption import MAX_ENCRYPTED, Encryption
from oauth_cc.stores._serialization import check_key
from oauth_cc.token import Token

try:
    import redis
    from redis.client import NEVER_DECODE
    from redis.connection import AbstractConnection
    from redis.exceptions import (
        AuthenticationError,
        BusyLoadingError,
        NoPermissionError,
        OutOfMemoryError,
        ReadOnlyError,
        RedisError,
        ResponseError,
    )
except ImportError as _error:
    raise ImportError("oauth_cc.stores.redis requires redis; install oauth_cc[redis]") from _error

_COOLDOWN: Final = 5.0
_LONGEST_PAUSE: Final = 1.0
_LONGEST_KEPT: Final = 30 * 24 * 3600.0
_NUMBERED: Final = re.compile(rb"[0-9]{1,17} ")

# A number ahead of the server's clock was not written by this script.
_SAVE: Final = """
local time = redis.call('time')
local head = redis.pcall('getrange', KEYS[1], 0, 20)
local number = type(head) == 'string' and tonumber(string.match(head, '^(%d+) ')) or 0
if number > tonumber(ARGV[1]) and number <= time[1] * 1000000 + time[2] then return 0 end
redis.call('set', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
return 1
"""

DISCARD: Final = """
if redis.sha1hex(redis.call('get', KEYS[1]) or '') ~= ARGV[1] then return 0 end
return redis.call('del', KEYS[1])
"""

# At most one element, which expires: it wakes one process, which wakes the next when it releases the lock.
WAKE: Final = """
redis.call('del', KEYS[1])
redis.call('rpush', KEYS[1], '1')
return redis.call('pexpire', KEYS[1], 5000)
"""


RAW: Final[Mapping[str, bool]] = {NEVER_DECODE: True}
_DOWN: Final = f"Redis failed a moment ago and is not used for {_COOLDOWN:g} seconds; the log has the cause"


@final
@attrs.frozen
class Claim:
    """
    One claim to a lock.

    Args:
        lock: The Redis key of the lock.
        free: The Redis key of the list that wakes a waiting process.
        owner: A unique text that only this claim has.
    """

    lock: str
    free: str
    owner: str = attrs.field(factory=lambda: uuid.uuid4().hex)


@final
@attrs.frozen(eq=False)
class SaveCommand:
    """
    The command that saves a token.

    Args:
        name: The name of the entry.
        number: The fencing token.
        text: The serialized token.
        milliseconds: The lifetime of the entry.
    """

    name: str
    number: int
    text: Secret
    milliseconds: int

    def revealed(self) -> tuple[str | int, ...]:
        """Return the words of the command, with the token. Do not assign them to a local variable."""
        return ("EVAL", _SAVE, 1, self.name, self.number, self.text.reveal(), self.milliseconds)


@final
@attrs.frozen(eq=False)
class Commands:
    """
    The commands of one store.

    Args:
        prefix: The prefix of the names in Redis.
        lock_lifetime: Seconds until a lock expires.
        longest_pause: Maximum seconds to block in one command.
        deadline: Maximum seconds of one command, with its connection and the client's own retries.
        encryption: The encryption of the entries.
    """

    prefix: str
    lock_lifetime: float
    longest_pause: float
    deadline: float
    encryption: Encryption

    def fetch(self, key: str) -> tuple[str, str, int, int]:
        """Return the command that reads the entry of *key* up to the maximum size."""
        return ("GETRANGE", self._name(key, "token"), 0, MAX_ENCRYPTED + 32)

    def token(self, key: str, reply: object) -> Token | None:
        """
        Return the token in *reply*, or None if there is none that was saved under *key*.

        Args:
            key: The cache key.
            reply: The reply to `fetch`.
        """
        head = _NUMBERED.match(reply) if isinstance(reply, bytes) else None
        return None if head is None else self.encryption.decrypt(key, head.string[head.end() :])

    def save(self, key: str, token: Token, clock: object, now: float) -> SaveCommand | None:
        """
        Return the command that saves a token, None if the token has expired or is too large.

        Args:
            key: The cache key.
            token: The token.
            clock: The reply to TIME.
            now: POSIX seconds by the clock of *token*, read after that reply.
        """
        text = self.encryption.encrypt(key, token)
        # The lifetime is a limit too, as a clock that was set back would keep the entry for too long.
        left = min(token.expires_at - now, token.expires_at - token.received_at, _LONGEST_KEPT)
        if text is None or left < 0.001:
            return None
        # TIME was read first, so a process that stalls in between gets a lower number, never a higher one.
        number = _microseconds(clock) - math.ceil(max(0.0, now - token.received_at) * 1_000_000)
        return SaveCommand(self._name(key, "token"), max(0, number), text, int(left * 1000))

    def digest(self, key: str, token: Token, reply: object) -> str | None:
        """
        Return the hash of the entry in *reply*, or None if the entry is not *token*.

        Args:
            key: The cache key.
            token: The token.
            reply: The reply to `fetch`.
        """
        if not isinstance(reply, bytes) or self.token(key, reply) != token:
            return None
        return hashlib.sha1(reply, usedforsecurity=False).hexdigest()

    def claim(self, key: str) -> Claim:
        """Return a new claim to the lock of *key*."""
        return Claim(self._name(key, "lock"), self._name(key, "free"))

    def _name(self, key: str, name: str) -> str:
        check_key(key)
        # A cluster places keys by the part in braces.
        return f"{self.prefix}{{{key}}}:{name}"


def commands(
    settings: Mapping[str, object],
    prefix: str,
    lock_lifetime: float,
    encrypted: Encryption | InvalidInput | ImportError,
) -> Commands:
    """
    Return the commands of a store.

    Args:
        settings: The settings of the client's connections.
        prefix: The prefix of the names in Redis.
        lock_lifetime: Seconds until a lock expires.
        encrypted: The encryption of the entries, or the error of `encryption`.

    Raises:
        InvalidInput: An argument is out of its range, the client has no timeout, or *encrypted* is this error.
        ImportError: *encrypted* is this error.
    """
    if not isinstance(prefix, str):
        raise InvalidInput("prefix", f"prefix must be a str such as 'oauth_cc:', not {type(prefix).__name__}")
    if "{" in prefix:
        raise InvalidInput("prefix", "prefix must not contain '{', by which a cluster places keys")
    if not (type(lock_lifetime) is float or type(lock_lifetime) is int) or not 1 <= lock_lifetime <= 3600:
        raise InvalidInput("lock lifetime", "lock lifetime must be from 1 to 3600 seconds")
    if not isinstance(encrypted, Encryption):
        raise encrypted
    # Whether the default is None depends on the version of redis-py.
    default: object = inspect.signature(AbstractConnection).parameters["socket_timeout"].default
    timeout = settings.get("socket_timeout", default)
    if not isinstance(timeout, int | float) or not 0 < timeout < math.inf:
        reason = "client must have a timeout, as it could block callers forever; use socket_timeout=1.0"
        raise InvalidInput("client", reason)
    # A pause is well below the timeout, so that it does not end in one. A command may have to connect first.
    return Commands(prefix, lock_lifetime, min(_LONGEST_PAUSE, timeout / 2), 2 * timeout, encrypted)


def _microseconds(clock: object) -> int:
    match clock:
        case (int() as seconds, int() as microseconds):
            return seconds * 1_000_000 + microseconds
        case _:
            return 0


@final
@attrs.define(eq=False)
class CircuitBreaker:
    """A circuit breaker: after a failure Redis is not tried for some seconds, so that later renewals do not wait."""

    _down_until: float = -math.inf

    def check(self) -> None:
        """Raise `StoreUnavailable` while Redis is not tried."""
        if time.monotonic() < self._down_until:
            raise StoreUnavailable(_DOWN)

    def failed(self, error: Exception) -> StoreUnavailable:
        """Record *error* of redis-py, and return the error to raise."""
        if not isinstance(error, ResponseError):
            self._down_until = time.monotonic() + _COOLDOWN
        return StoreUnavailable(_advice(error))


def _advice(error: Exception) -> str:
    # At most a code of the error's text is shown, as the text may contain a URL or a command.
    match error:
        # A client for asyncio, which sends HELLO first, raises a connection error.
        case RedisError() if isinstance(error, AuthenticationError) or str(error).startswith("HELLO must be called"):
            return "Redis rejected the client's user or password; correct them"
        case NoPermissionError():
            return (
                "Redis denied the client's user a command or key; allow EVAL, EVALSHA, GETRANGE, SET, GET, BLPOP, TIME"
            )
        case BusyLoadingError():
            return "Redis is still loading its data; wait some seconds"
        case ReadOnlyError():
            return "Redis is a read-only replica; connect the client to the primary, or wait for the end of a failover"
        case OutOfMemoryError():
            return "Redis is out of memory; raise its maxmemory or set an eviction policy"
        case RedisError() if str(error) in ("Too many connections", "No connection available."):
            return "the client's connection pool is exhausted; raise its max_connections"
        case TimeoutError():
            return (
                "Redis did not respond within twice the client's socket_timeout, retries included; check that it runs, "
                "its load and the network"
            )
        # A client for asyncio raises a connection error here too.
        case RedisError() if isinstance(error, redis.TimeoutError) or str(error).startswith("Timeout "):
            return "Redis did not respond within the client's socket_timeout; check its load and the network"
        case ResponseError():
            code = re.search(r"\b(?!ERR\b|EVAL\b)[A-Z]{3,20}\b", str(error))
            return f"Redis rejected the command ({code[0] if code else 'ERR'}); see the log of Redis"
        case _:
            return "Redis cannot be reached; check that it runs, and the client's host, port and TLS"
