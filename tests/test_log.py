"""
Events, told to the log and to the user's function.
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
        "token obtained for client id, cache key 0a: lives 3600 s, took 12 ms",
    ),
    (
        TokenObtained("id", "0a", 60, 3, True),
        "INFO",
        "token renewed for client id, cache key 0a: lives 60 s, took 3 ms",
    ),
    (TokenFound("id", "0a", 59.6), "INFO", "token found for client id, cache key 0a: 60 s left"),
    (TokenDiscarded("id", "0a"), "INFO", "token discarded for client id, cache key 0a: not accepted"),
    (
        RenewalFailed("id", "0a", REFUSED, None),
        "WARNING",
        f"no token for client id, cache key 0a: TokenRequestRefused: {REFUSED}",
    ),
    (
        RenewalFailed("id", "0a", TimeoutError("slow"), 30.4),
        "WARNING",
        "token not renewed for client id, cache key 0a: TimeoutError: slow; the one at hand serves 30 s more",
    ),
    (
        ScopeInsufficient("id", "0a", Scope.of("a", "b")),
        "WARNING",
        "scope insufficient for client id, cache key 0a: the API asks for 'a b'",
    ),
    (
        TokenWithheld("id", "https://b.example:443"),
        "WARNING",
        "token of client id not sent to https://b.example:443: to have it sent there, name it in origins",
    ),
    (
        StoreFailed("id", "0a", OSError("gone")),
        "WARNING",
        "store of tokens away for client id, cache key 0a: OSError: gone; memory serves alone",
    ),
    (StoreReturned("id", "0a"), "INFO", "store of tokens back for client id, cache key 0a"),
]


@pytest.mark.parametrize(("event", "level", "line"), LINES, ids=range(len(LINES)))
def test_each_event_is_a_line_of_the_log_and_a_value_for_the_hook(
    event: Event, level: str, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Who, which token, and what to do about it, in one line; the hook gets the event itself."""
    told: list[Event] = []
    with caplog.at_level(logging.INFO, "oauth_cc"):
        emit(event, told.append)
        emit(event)
    assert [(record.name, record.levelname, record.getMessage()) for record in caplog.records] == [
        ("oauth_cc", level, line)
    ] * 2
    assert told == [event]


def test_every_event_has_a_line() -> None:
    """No event is left out here, and each is a frozen final record."""
    assert {type(event) for event, _, _ in LINES} == set(get_args(Event))
    for kind in get_args(Event):
        assert attrs.has(kind)
        assert getattr(kind, "__final__", False)


@pytest.mark.parametrize("kind", [ValueError, RuntimeError, OSError])
def test_what_a_hook_raises_reaches_no_caller(kind: type[Exception], caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, with its traceback."""

    def hook(event: Event) -> None:
        raise kind("bad hook")

    emit(StoreReturned("id", "0a"), hook)
    (record,) = caplog.records
    assert record.getMessage() == "the event hook raised an error on StoreReturned"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], kind)


def test_what_ends_the_program_passes_through_a_hook() -> None:
    """A hook is no place where Ctrl-C is lost."""

    def hook(event: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        emit(StoreReturned("id", "0a"), hook)


def test_what_is_no_event_is_a_fault_of_ours() -> None:
    """Nobody reports anything else."""
    nothing: Any = "x"
    with pytest.raises(AssertionError):
        emit(nothing)
