"""
Events, told: to the log ``oauth_cc`` and to a function of the user's.
"""

import logging
from typing import Final, assert_never

from oauth_cc.endpoint import Endpoint
from oauth_cc.events import (
    Event,
    EventHook,
    RenewalFailed,
    ScopeInsufficient,
    StoreFailed,
    StoreReturned,
    TokenDiscarded,
    TokenFound,
    TokenObtained,
    TokenWithheld,
)

_log: Final = logging.getLogger("oauth_cc")


def emit(event: Event, hook: EventHook | None = None) -> None:
    """
    Tells the log, and *hook* if there is one, of *event*. What *hook* raises is logged, and reaches no caller.
    """
    level, text, *values = _line(event)
    _log.log(level, text, *values)
    if hook is not None:
        try:
            hook(event)
        except Exception:  # the hook is the user's, and no call of an API may fail for it
            _log.exception("the event hook raised an error on %s", type(event).__name__)


def warn_of_plain_http(client_id: str, endpoint: Endpoint) -> None:
    """Log that the token requests of *client_id* go to *endpoint* in the clear."""
    text = "token requests of client %s go to %s over plain http: everyone on the way can read the secret and the token"
    _log.warning(text, client_id, endpoint.origin)


def _line(event: Event) -> tuple[int, str, *tuple[object, ...]]:
    match event:
        case TokenObtained(client_id, key, lifetime, milliseconds, renewed):
            word = "renewed" if renewed else "obtained"
            text = "token %s for client %s, cache key %s: lives %.0f s, took %.0f ms"
            return logging.INFO, text, word, client_id, key, lifetime, milliseconds
        case TokenFound(client_id, key, lifetime):
            return logging.INFO, "token found for client %s, cache key %s: %.0f s left", client_id, key, lifetime
        case TokenDiscarded(client_id, key):
            return logging.INFO, "token discarded for client %s, cache key %s: not accepted", client_id, key
        case RenewalFailed(client_id, key, error, None):
            return logging.WARNING, "no token for client %s, cache key %s: %s", client_id, key, _said(error)
        case RenewalFailed(client_id, key, error, seconds_left):
            text = "token not renewed for client %s, cache key %s: %s; the one at hand serves %.0f s more"
            return logging.WARNING, text, client_id, key, _said(error), seconds_left
        case ScopeInsufficient(client_id, key, scope):
            text = "scope insufficient for client %s, cache key %s: the API asks for '%s'"
            return logging.WARNING, text, client_id, key, scope
        case TokenWithheld(client_id, origin):
            text = "token of client %s not sent to %s: to have it sent there, name it in origins"
            return logging.WARNING, text, client_id, origin
        case StoreFailed(client_id, key, error):
            text = "store of tokens away for client %s, cache key %s: %s; memory serves alone"
            return logging.WARNING, text, client_id, key, _said(error)
        case StoreReturned(client_id, key):
            return logging.INFO, "store of tokens back for client %s, cache key %s", client_id, key
        case _:
            assert_never(event)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
