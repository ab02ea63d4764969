"""
What happens to tokens, as values: for logs, metrics and traces. None of them holds a secret or a token.
"""

from collections.abc import Callable
from typing import TypeAlias, final

import attrs

from oauth_cc.scope import Scope

__all__ = [
    "Event",
    "EventHook",
    "RenewalFailed",
    "ScopeInsufficient",
    "StoreFailed",
    "StoreReturned",
    "TokenDiscarded",
    "TokenFound",
    "TokenObtained",
    "TokenWithheld",
]


def __dir__() -> list[str]:
    return __all__


@final
@attrs.frozen
class TokenObtained:
    """
    The server gave a token. *cache_key*: the beginning of the token's cache key; *lifetime*: seconds; *milliseconds*:
    how long it took, retries included; *renewed*: whether it replaces one that is still fresh enough to be used.
    """

    client_id: str
    cache_key: str
    lifetime: float
    milliseconds: float
    renewed: bool


@final
@attrs.frozen
class TokenFound:
    """A store had a token that another process, or an earlier one, obtained. *lifetime*: seconds that are left."""

    client_id: str
    cache_key: str
    lifetime: float


@final
@attrs.frozen
class TokenDiscarded:
    """The API did not accept a token (RFC 6750 section 3.1), so it is forgotten."""

    client_id: str
    cache_key: str


@final
@attrs.frozen
class RenewalFailed:
    """
    No token came: *error* says why. *seconds_left*: how long the token at hand goes on being used, None if there is
    none, and whoever asked for one got the error.
    """

    client_id: str
    cache_key: str
    error: Exception
    seconds_left: float | None


@final
@attrs.frozen
class ScopeInsufficient:
    """The API asks for more than the token's scope (RFC 6750 section 3.1): *scope*, empty if it does not say."""

    client_id: str
    cache_key: str
    scope: Scope


@final
@attrs.frozen
class TokenWithheld:
    """A request went out without the token, as *origin* is not one that the token is meant for."""

    client_id: str
    origin: str


@final
@attrs.frozen
class StoreFailed:
    """The store is away, which *error* explains; until it is back, tokens are kept in memory alone."""

    client_id: str
    cache_key: str
    error: Exception


@final
@attrs.frozen
class StoreReturned:
    """The store is back."""

    client_id: str
    cache_key: str


Event: TypeAlias = (
    TokenObtained
    | TokenFound
    | TokenDiscarded
    | RenewalFailed
    | ScopeInsufficient
    | TokenWithheld
    | StoreFailed
    | StoreReturned
)
"""Whatever may be reported."""

EventHook: TypeAlias = Callable[[Event], None]
"""
A function that is told of events as they happen, in the thread or task where they do. It takes every event, and gives
nothing: a coroutine function would not be awaited.
"""
