"""
Log lines of the logger ``oauth_cc``, and calls of the user's event hook.
"""

import logging
from typing import Final, assert_never

from oauth_cc.endpoint import Endpoint
from oauth_cc.events import (
    Event,
    EventHook,
    RenewalFailed,
    ResponseOdd,
    ScopeInsufficient,
    StoreFailed,
    StoreReturned,
    TokenDiscarded,
    TokenFound,
    TokenObtained,
    TokenWithheld,
)

LOGGER: Final = logging.getLogger("oauth_cc")
"""The one logger of the library."""


def emit(event: Event, hook: EventHook | None = None) -> None:
    """
    Log *event* and pass it to *hook*. An exception of the hook is logged and not raised.
    """
    level, text, *values = _line(event)
    LOGGER.log(level, text, *values)
    if hook is not None:
        try:
            hook(event)
        except Exception:  # an API call must not fail because of the user's hook
            LOGGER.exception("the on_event hook raised an exception on %s; the call continues", type(event).__name__)


def warn_of_plain_http(client_id: str, endpoint: Endpoint) -> None:
    """Log that the token requests of *client_id* go to *endpoint* unencrypted."""
    text = "token requests of client %s go to %s over plain http, readable by anyone on the network; use https"
    LOGGER.warning(text, client_id, endpoint.origin)


def _line(event: Event) -> tuple[int, str, *tuple[object, ...]]:
    match event:
        case TokenObtained(client_id, key, lifetime, milliseconds, renewed):
            verb = "renewed" if renewed else "obtained"
            text = "token %s for client %s (cache key %s): expires in %.0f s, took %.0f ms"
            return logging.INFO, text, verb, client_id, key, lifetime, milliseconds
        case TokenFound(client_id, key, lifetime):
            text = "token loaded from the store for client %s (cache key %s): expires in %.0f s"
            return logging.INFO, text, client_id, key, lifetime
        case TokenDiscarded(client_id, key):
            text = "token discarded for client %s (cache key %s): the API rejected it"
            return logging.INFO, text, client_id, key
        case RenewalFailed(client_id, key, error, None):
            return logging.WARNING, "no token for client %s (cache key %s): %s", client_id, key, _described(error)
        case RenewalFailed(client_id, key, error, seconds_left):
            text = "token not renewed for client %s (cache key %s): %s; using the cached token for up to %.0f s"
            return logging.WARNING, text, client_id, key, _described(error), seconds_left
        case ResponseOdd(client_id, key, oddities):
            text = "token response for client %s (cache key %s) departs from RFC 6749: %s"
            return logging.INFO, text, client_id, key, ", ".join(oddities)
        case ScopeInsufficient(client_id, key, scope):
            required = f"the API requires '{scope}'; request this scope" if scope else "the API does not name the scope"
            return logging.WARNING, "insufficient scope for client %s (cache key %s): %s", client_id, key, required
        case TokenWithheld(client_id, origin):
            text = "token of client %s not sent to %s; to send it there, add the origin to origins"
            return logging.WARNING, text, client_id, origin
        case StoreFailed() | StoreReturned():
            return _store_line(event)
        case _:
            assert_never(event)


def _store_line(event: StoreFailed | StoreReturned) -> tuple[int, str, *tuple[object, ...]]:
    match event:
        case StoreFailed(client_id, key, error):
            text = "token store unavailable for client %s (cache key %s): %s; using the in-memory cache only"
            return logging.WARNING, text, client_id, key, _described(error)
        case StoreReturned(client_id, key):
            return logging.INFO, "token store available again for client %s (cache key %s)", client_id, key
        case _:
            assert_never(event)


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
