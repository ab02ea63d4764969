"""
Events of token sources, for logs, metrics and traces. No event contains a secret or a token.

Every event has these fields:

- ``client_id``: the client identifier;
- ``token_endpoint``: the origin of the token endpoint, or of the issuer that names the token endpoint, such as
  ``https://as.example:443``;
- ``cache_key``: the first characters of the token's cache key. `TokenWithheld` has none, as it concerns no token.

Events that concern an API have its origin as ``api``.
"""

from collections.abc import Callable
from typing import TypeAlias, final

import attrs

from oauth_cc.scope import Scope

__all__ = [
    "Event",
    "EventHook",
    "ProofAlgorithmUnsupported",
    "RejectionRepeated",
    "RenewalFailed",
    "ResponseOdd",
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
    The server issued a token.

    Attributes:
        lifetime: The token's lifetime in seconds.
        milliseconds: The duration of the token request, retries included.
        renewed: Whether the token replaces one that is still usable.
    """

    client_id: str
    token_endpoint: str
    cache_key: str
    lifetime: float
    milliseconds: float
    renewed: bool


@final
@attrs.frozen
class TokenFound:
    """
    The store had a token that another process, or an earlier run, has saved.

    Attributes:
        lifetime: The seconds until the token expires.
    """

    client_id: str
    token_endpoint: str
    cache_key: str
    lifetime: float


@final
@attrs.frozen
class TokenDiscarded:
    """
    An API rejected a token (RFC 6750 section 3.1), which is no longer cached.

    Attributes:
        api: The origin of the API. None if the caller of ``discard`` did not name it.
    """

    client_id: str
    token_endpoint: str
    cache_key: str
    api: str | None = None


@final
@attrs.frozen
class RejectionRepeated:
    """
    An API rejected a token, and then the token that replaced it. For a while, calls carry the rejected token.

    Reported once, not for each of the pauses that follow.

    Attributes:
        pause: The seconds until a rejected token is replaced again. Each further pause is longer.
        api: The origin of the API. None if the caller of ``discard`` did not name it.
    """

    client_id: str
    token_endpoint: str
    cache_key: str
    pause: float
    api: str | None = None


@final
@attrs.frozen
class RenewalFailed:
    """
    A token request failed.

    Attributes:
        error: Why the request failed.
        seconds_left: How long the cached token stays usable. None without a usable token: the caller gets *error*.
    """

    client_id: str
    token_endpoint: str
    cache_key: str
    error: Exception
    seconds_left: float | None


@final
@attrs.frozen
class ResponseOdd:
    """
    The server returned a good token in a response that departs from RFC 6749. A source reports each oddity once.

    Attributes:
        oddities: The departures, as `Token.oddities` names them.
    """

    client_id: str
    token_endpoint: str
    cache_key: str
    oddities: tuple[str, ...]


@final
@attrs.frozen
class ScopeInsufficient:
    """
    An API requires more than the token's scope (RFC 6750 section 3.1).

    Attributes:
        scope: The required scope, empty if the API does not name it.
        api: The origin of the API. None if it is not known.
    """

    client_id: str
    token_endpoint: str
    cache_key: str
    scope: Scope
    api: str | None = None


@final
@attrs.frozen
class ProofAlgorithmUnsupported:
    """
    An API does not accept the algorithm of the key that the token is bound to (RFC 9449 section 7.1).

    Attributes:
        algorithm: The algorithm of the key, and so of its proofs.
        accepted: The algorithms that the API accepts.
        api: The origin of the API.
    """

    client_id: str
    token_endpoint: str
    cache_key: str
    algorithm: str
    accepted: tuple[str, ...]
    api: str


@final
@attrs.frozen
class TokenWithheld:
    """
    A request was sent without the token, because the token is not meant for its origin.

    Attributes:
        api: The origin that the request was sent to.
    """

    client_id: str
    token_endpoint: str
    api: str


@final
@attrs.frozen
class StoreFailed:
    """
    The store is unavailable. Until it is available again, tokens are cached in memory only.

    Attributes:
        error: The reason.
    """

    client_id: str
    token_endpoint: str
    cache_key: str
    error: Exception


@final
@attrs.frozen
class StoreReturned:
    """
    The store is available again.

    Attributes:
        client_id: As for every event.
        token_endpoint: As for every event.
        cache_key: As for every event.
    """

    client_id: str
    token_endpoint: str
    cache_key: str


Event: TypeAlias = (
    TokenObtained
    | TokenFound
    | TokenDiscarded
    | RejectionRepeated
    | RenewalFailed
    | ResponseOdd
    | ScopeInsufficient
    | ProofAlgorithmUnsupported
    | TokenWithheld
    | StoreFailed
    | StoreReturned
)
"""Any event."""

EventHook: TypeAlias = Callable[[Event], None]
"""
A function that receives every event, in the thread or task where it happens: the events of a renewal on the thread that
performs it. It must not be a coroutine function, as nothing awaits it.
"""
