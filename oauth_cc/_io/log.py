"""
Log lines of the logger ``oauth_cc``, and calls of the user's event hook.

A line names the client, its token endpoint and, if it concerns one, the API. Its record has the same values as extra
fields with the prefix ``oauth_cc_``, which no attribute of a `logging.LogRecord` begins with. The fields are flat and
hold str, numbers, bool and tuples of str, because formatters that write JSON keep such fields as they are.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias, assert_never

import attrs

from oauth_cc.endpoint import Endpoint
from oauth_cc.events import (
    Event,
    EventHook,
    ProofAlgorithmUnsupported,
    RejectionRepeated,
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
from oauth_cc.scope import Scope

LOGGER: Final = logging.getLogger("oauth_cc")
"""The one logger of the library."""

MAX_SCOPE: Final = 300
"""Characters of an API's scope that a log record shows."""

_Line: TypeAlias = tuple[int, str, *tuple[object, ...]]

# The part of every line about a token.
_SOURCE: Final = "client %s at token endpoint %s (cache key %s)"


def emit(event: Event, hook: EventHook | None = None) -> None:
    """
    Log *event* and pass it to *hook*.

    Args:
        event: The event.
        hook: The user's function, or None. If it raises an exception, the exception is logged.
    """
    level, text, *values = _line(event)
    fields = _fields(type(event).__name__, attrs.asdict(event, recurse=False))
    LOGGER.log(level, text, *values, extra=fields)
    if hook is not None:
        try:
            hook(event)
        except Exception:  # an API call must not fail because of the user's hook
            text = "the on_event hook raised an exception on %s; the call continues"
            LOGGER.exception(text, type(event).__name__, extra=fields)


def warn_of_plain_http(client_id: str, endpoint: Endpoint) -> None:
    """
    Log that token requests are sent unencrypted.

    Args:
        client_id: The client identifier.
        endpoint: The token endpoint, whose URL is http.
    """
    text = "token requests of client %s go to %s over plain http, readable by anyone on the network; use https"
    server = str(endpoint.origin)
    fields = _fields("PlainHttp", {"client_id": client_id, "token_endpoint": server})
    LOGGER.warning(text, client_id, server, extra=fields)


def _fields(name: str, values: Mapping[str, object]) -> dict[str, object]:
    named = {"event": name, **values}
    server = values.get("token_endpoint")
    return {f"oauth_cc_{field}": _plain(value, server) for field, value in named.items() if value is not None}


def _plain(value: object, server: object) -> object:
    match value:
        case Scope():
            return _cut(value)
        case Exception():
            return _described(value, server)
        case _:
            return value


def _line(event: Event) -> _Line:
    if isinstance(event, TokenWithheld):
        text = "token of client %s at token endpoint %s not sent to API %s; to send it there, add the origin to origins"
        return logging.WARNING, text, event.client_id, event.token_endpoint, event.api
    source = (event.client_id, event.token_endpoint, event.cache_key)
    match event:
        case TokenObtained(lifetime=lifetime, milliseconds=milliseconds, renewed=renewed):
            text = f"token %s for {_SOURCE}: expires in %.0f s, took %.0f ms"
            return logging.INFO, text, "renewed" if renewed else "obtained", *source, lifetime, milliseconds
        case TokenFound(lifetime=lifetime):
            text = f"token loaded from the store for {_SOURCE}: expires in %.0f s"
            return logging.INFO, text, *source, lifetime
        case RenewalFailed(error=error, seconds_left=None):
            return logging.WARNING, f"no token for {_SOURCE}: %s", *source, _described(error, event.token_endpoint)
        case RenewalFailed(error=error, seconds_left=seconds_left):
            text = f"token not renewed for {_SOURCE}: %s; using the cached token for up to %.0f s"
            return logging.WARNING, text, *source, _described(error, event.token_endpoint), seconds_left
        case ResponseOdd(oddities=oddities):
            text = f"token response for {_SOURCE} departs from RFC 6749: %s"
            return logging.INFO, text, *source, ", ".join(oddities)
        case StoreFailed(error=error):
            text = f"token store unavailable for {_SOURCE}: %s; using the in-memory cache only"
            return logging.WARNING, text, *source, _described(error, event.token_endpoint)
        case StoreReturned():
            return logging.INFO, f"token store available again for {_SOURCE}", *source
        case TokenDiscarded() | RejectionRepeated() | ScopeInsufficient() | ProofAlgorithmUnsupported():
            return _api_line(event, source)
        case _:
            assert_never(event)


_OfApi: TypeAlias = TokenDiscarded | RejectionRepeated | ScopeInsufficient | ProofAlgorithmUnsupported


def _api_line(event: _OfApi, source: tuple[str, str, str]) -> _Line:
    api = "the API" if event.api is None else f"the API {event.api}"
    match event:
        case TokenDiscarded():
            return logging.INFO, f"token discarded for {_SOURCE}: %s rejected it", *source, api
        case RejectionRepeated(pause=pause):
            text = f"new tokens paused for %.0f s for {_SOURCE}: %s rejects one after the other"
            return logging.WARNING, text, pause, *source, api
        case ScopeInsufficient(scope=scope):
            required = f"requires '{_cut(scope)}'; request this scope" if scope else "does not name the scope"
            return logging.WARNING, f"insufficient scope for {_SOURCE}: %s %s", *source, api, required
        case ProofAlgorithmUnsupported(algorithm=algorithm, accepted=accepted):
            text = f"DPoP proofs by %s for {_SOURCE}: %s accepts %s only; use a key for one of these"
            return logging.WARNING, text, algorithm, *source, api, ", ".join(accepted)
        case _:
            assert_never(event)


def _cut(scope: Scope) -> str:
    text = str(scope)
    return text if len(text) <= MAX_SCOPE else f"{text[:MAX_SCOPE]}…"


def _described(error: Exception, server: object) -> str:
    # A note says which function of the user raised the error, or which server it concerns, if not the one of the line.
    notes: Iterable[str] = getattr(error, "__notes__", ())
    shown = [f" ({note})" for note in notes if not note.endswith(f" token endpoint {server}.")]
    return f"{type(error).__name__}: {error}" + "".join(shown)
