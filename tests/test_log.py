"""
Events in the log and at the user's hook.
"""

import logging
from typing import Any, get_args

import attrs
import pytest

from oauth_cc import Scope, errors
from oauth_cc._io.log import emit
from oauth_cc.events import (
    Event,
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

REFUSED = errors.TokenRequestRefused("invalid_client", status=401)
LINES: list[tuple[Event, str, str]] = [
    (
        TokenObtained("id", "0a", 3599.6, 12.4, False),
        "INFO",
        "token obtained for client id (cache key 0a): expires in 3600 s, took 12 ms",
    ),
    (
        TokenObtained("id", "0a", 60, 3, True),
        "INFO",
        "token renewed for client id (cache key 0a): expires in 60 s, took 3 ms",
    ),
    (TokenFound("id", "0a", 59.6), "INFO", "token loaded from the store for client id (cache key 0a): expires in 60 s"),
    (TokenDiscarded("id", "0a"), "INFO", "token discarded for client id (cache key 0a): the API rejected it"),
    (
        RenewalFailed("id", "0a", REFUSED, None),
        "WARNING",
        f"no token for client id (cache key 0a): TokenRequestRefused: {REFUSED}",
    ),
    (
        RenewalFailed("id", "0a", TimeoutError("slow"), 30.4),
        "WARNING",
        "token not renewed for client id (cache key 0a): TimeoutError: slow; using the cached token for up to 30 s",
    ),
    (
        ResponseOdd("id", "0a", ("token_type_missing", "white_space")),
        "INFO",
        "token response for client id (cache key 0a) departs from RFC 6749: token_type_missing, white_space",
    ),
    (
        ScopeInsufficient("id", "0a", Scope.of("a", "b")),
        "WARNING",
        "insufficient scope for client id (cache key 0a): the API requires 'a b'; request this scope",
    ),
    (
        ScopeInsufficient("id", "0a", Scope()),
        "WARNING",
        "insufficient scope for client id (cache key 0a): the API does not name the scope",
    ),
    (
        TokenWithheld("id", "https://b.example:443"),
        "WARNING",
        "token of client id not sent to https://b.example:443; to send it there, add the origin to origins",
    ),
    (
        StoreFailed("id", "0a", OSError("gone")),
        "WARNING",
        "token store unavailable for client id (cache key 0a): OSError: gone; using the in-memory cache only",
    ),
    (StoreReturned("id", "0a"), "INFO", "token store available again for client id (cache key 0a)"),
]


@pytest.mark.parametrize(("event", "level", "line"), LINES, ids=range(len(LINES)))
def test_each_event_is_one_log_line_and_one_call_of_the_hook(
    event: Event, level: str, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The line names the client, the cache key and the remedy. The hook receives the event itself."""
    seen: list[Event] = []
    with caplog.at_level(logging.INFO, "oauth_cc"):
        emit(event, seen.append)
        emit(event)
    assert [(record.name, record.levelname, record.getMessage()) for record in caplog.records] == [
        ("oauth_cc", level, line)
    ] * 2
    assert seen == [event]


def test_every_event_has_a_log_line() -> None:
    """`LINES` covers every event, and each event is a frozen final record."""
    assert {type(event) for event, _, _ in LINES} == set(get_args(Event))
    for kind in get_args(Event):
        assert attrs.has(kind)
        assert getattr(kind, "__final__", False)


@pytest.mark.parametrize("kind", [ValueError, RuntimeError, OSError])
def test_an_exception_of_the_hook_is_logged_and_not_raised(
    kind: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the exception with its traceback."""

    def hook(event: Event) -> None:
        raise kind("bad hook")

    emit(StoreReturned("id", "0a"), hook)
    (record,) = caplog.records
    assert record.getMessage() == "the on_event hook raised an exception on StoreReturned; the call continues"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], kind)


def test_keyboard_interrupt_passes_through_the_hook() -> None:
    """Only subclasses of `Exception` are caught."""

    def hook(event: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        emit(StoreReturned("id", "0a"), hook)


def test_emit_rejects_a_value_that_is_not_an_event() -> None:
    """The type checker catches it first."""
    nothing: Any = "x"
    with pytest.raises(AssertionError):
        emit(nothing)
