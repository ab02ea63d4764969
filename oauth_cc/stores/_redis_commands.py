"""
What is said to Redis, and what is made of its replies: the same for threads and for async code.

    PREFIX{KEY}:token   ``NUMBER TEXT``, ends with the token     PREFIX{KEY}:lock   redis-py's lock
    PREFIX{KEY}:free    a list, on which whoever waits for the lock is woken

The number fences. It is the moment at which the token was received, by the clock of the Redis server, in microseconds;
an entry of a higher number is not overwritten. So a process that was held up, beyond its lock's lifetime too, cannot
put an older token over a newer one, and no two machines need the same time for it.
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
    raise ImportError("oauth_cc.stores.redis needs redis: install oauth_cc[redis]") from _error

_LEFT_ALONE: Final = 5.0
_LONGEST_PAUSE: Final = 1.0
_LONGEST_KEPT: Final = 30 * 24 * 3600.0
_NUMBERED: Final = re.compile(rb"[0-9]{1,17} ")

# A number ahead of the server's clock was not written by this.
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

# One element at the most, and none that outlives those who wait: each wakes one, who wakes the next.
WAKE: Final = """
redis.call('del', KEYS[1])
redis.call('rpush', KEYS[1], '1')
return redis.call('pexpire', KEYS[1], 5000)
"""


RAW: Final[Mapping[str, bool]] = {NEVER_DECODE: True}
_DOWN: Final = f"Redis did not answer just now: it is asked again after {_LEFT_ALONE:g} seconds"


@final
@attrs.frozen
class Claim:
    """One taking of a lock: the names of *lock* and of the list *free*, and the *owner*, which is this taking alone."""

    lock: str
    free: str
    owner: str = attrs.field(factory=lambda: uuid.uuid4().hex)


@final
@attrs.frozen(eq=False)
class SaveCommand:
    """A command whose last words are the *text* of a token and the *milliseconds* that it lives."""

    name: str
    number: int
    text: Secret
    milliseconds: int

    def revealed(self) -> tuple[str | int, ...]:
        """Gives the words; hold them in no local variable."""
        return ("EVAL", _SAVE, 1, self.name, self.number, self.text.reveal(), self.milliseconds)


@final
@attrs.frozen(eq=False)
class Commands:
    """What a store says to Redis and makes of its replies, the same for threads and async code."""

    prefix: str
    lock_lifetime: float
    longest_pause: float
    encryption: Encryption

    def fetch(self, key: str) -> tuple[str, str, int, int]:
        """Gives the words that ask for the entry of *key*, as much of it as is ever read."""
        return ("GETRANGE", self._name(key, "token"), 0, MAX_ENCRYPTED + 32)

    def token(self, key: str, reply: object) -> Token | None:
        """Gives the token of *key* in *reply*, that to `fetch`; None if it is anything else."""
        head = _NUMBERED.match(reply) if isinstance(reply, bytes) else None
        return None if head is None else self.encryption.decrypt(key, head.string[head.end() :])

    def save(self, key: str, token: Token, clock: object, now: float) -> SaveCommand | None:
        """
        Gives the words that keep *token* under *key*; None if it is over, or too large.

        *clock*: the reply to TIME; *now*: POSIX seconds by the clock that *token* is of, read after that reply.
        """
        text = self.encryption.encrypt(key, token)
        # A clock that was set back in between must not make an entry outlive its token.
        left = min(token.expires_at - now, token.expires_at - token.received_at, _LONGEST_KEPT)
        if text is None or left < 0.001:
            return None
        # The clock was read first: whoever is held up in between has an older token by it, never a newer one.
        number = _microseconds(clock) - math.ceil(max(0.0, now - token.received_at) * 1_000_000)
        return SaveCommand(self._name(key, "token"), max(0, number), text, int(left * 1000))

    def digest(self, key: str, token: Token, reply: object) -> str | None:
        """Gives what tells the entry in *reply* from every other, None if it is not that of *token*."""
        if not isinstance(reply, bytes) or self.token(key, reply) != token:
            return None
        return hashlib.sha1(reply, usedforsecurity=False).hexdigest()

    def claim(self, key: str) -> Claim:
        """Gives a new claim to the lock of *key*."""
        return Claim(self._name(key, "lock"), self._name(key, "free"))

    def _name(self, key: str, name: str) -> str:
        check_key(key)
        # In braces: what a cluster places keys by.
        return f"{self.prefix}{{{key}}}:{name}"


def commands(
    settings: Mapping[str, object],
    prefix: str,
    lock_lifetime: float,
    encrypted: Encryption | InvalidInput | ImportError,
) -> Commands:
    """Gives how a store talks, for a client of such *settings*. Raises `InvalidInput` for what cannot work."""
    if "{" in prefix:
        raise InvalidInput("prefix", "give text without '{', by which a cluster places keys")
    if not 1 <= lock_lifetime <= 3600:
        raise InvalidInput("lock lifetime", "give seconds from 1 to 3600")
    if not isinstance(encrypted, Encryption):
        raise encrypted
    # The default is None or not, as the version of redis-py has it.
    default: object = inspect.signature(AbstractConnection).parameters["socket_timeout"].default
    timeout = settings.get("socket_timeout", default)
    if not isinstance(timeout, int | float) or not 0 < timeout < math.inf:
        raise InvalidInput("client", "has no timeout and could hold callers up for ever: give it socket_timeout=1.0")
    # Well below the timeout, lest a pause pass for a Redis that does not answer.
    return Commands(prefix, lock_lifetime, min(_LONGEST_PAUSE, timeout / 2), encrypted)


def _microseconds(clock: object) -> int:
    match clock:
        case (int() as seconds, int() as microseconds):
            return seconds * 1_000_000 + microseconds
        case _:
            return 0


@final
@attrs.define(eq=False)
class CircuitBreaker:
    """The line to Redis: once it fails, it is left alone for a while, so that not every renewal waits for it."""

    _down_until: float = -math.inf

    def check(self) -> None:
        """Raises `StoreUnavailable` while Redis is left alone."""
        if time.monotonic() < self._down_until:
            raise StoreUnavailable(_DOWN)

    def failed(self, error: Exception) -> StoreUnavailable:
        """Gives what *error* of redis-py comes to."""
        if not isinstance(error, ResponseError):
            self._down_until = time.monotonic() + _LEFT_ALONE
        return StoreUnavailable(_advice(error))


def _advice(error: Exception) -> str:
    # Of the error's own words at most a code is shown: a URL or a command's words may stand in them.
    match error:
        # A client for asyncio, whose first word is HELLO, says so by a connection error.
        case RedisError() if isinstance(error, AuthenticationError) or str(error).startswith("HELLO must be called"):
            return "Redis refuses the client's user or password: correct them"
        case NoPermissionError():
            return (
                "Redis denies the client's user a command or key: allow EVAL, EVALSHA, GETRANGE, SET, GET, BLPOP, TIME"
            )
        case BusyLoadingError():
            return "Redis is still loading its data: it is asked again in some seconds"
        case ReadOnlyError():
            return "Redis is a read-only replica: point the client at the primary, unless a failover is under way"
        case OutOfMemoryError():
            return "Redis is out of memory: give it more, or an eviction policy"
        case RedisError() if str(error) in ("Too many connections", "No connection available."):
            return "no connection of the client's pool is free: give it a larger max_connections"
        # The same.
        case RedisError() if isinstance(error, redis.TimeoutError) or str(error).startswith("Timeout "):
            return "Redis did not answer within the client's socket_timeout: see whether it is overloaded or cut off"
        case ResponseError():
            code = re.search(r"\b(?!ERR\b|EVAL\b)[A-Z]{3,20}\b", str(error))
            return f"Redis refuses the command ({code[0] if code else 'ERR'}): its log says more"
        case _:
            return "Redis cannot be reached: see whether it runs, and the client's host, port and TLS"
