"""
Events in the log and at the user's hook.
"""

import json
import logging
from types import SimpleNamespace
from typing import Any, get_args

import attrs
import pytest

from oauth_cc import Scope, errors
from oauth_cc._io.log import emit, warn_of_plain_http
from oauth_cc.endpoint import Endpoint
from oauth_cc.events import (
    Event,
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

AS = "https://as.example:443"
API = "https://api.example:443"
WHO = f"client id at token endpoint {AS} (cache key 0a)"
REFUSED = errors.TokenRequestRefused("invalid_client", status=401)
LINES: list[tuple[Event, str, str]] = [
    (
        TokenObtained("id", AS, "0a", 3599.6, 12.4, False),
        "INFO",
        f"token obtained for {WHO}: expires in 3600 s, took 12 ms",
    ),
    (
        TokenObtained("id", AS, "0a", 60, 3, True),
        "INFO",
        f"token renewed for {WHO}: expires in 60 s, took 3 ms",
    ),
    (
        TokenFound("id", AS, "0a", 59.6),
        "INFO",
        f"token loaded from the store for {WHO}: expires in 60 s",
    ),
    (
        TokenDiscarded("id", AS, "0a", API),
        "INFO",
        f"token discarded for {WHO}: the API {API} rejected it",
    ),
    (
        TokenDiscarded("id", AS, "0a"),
        "INFO",
        f"token discarded for {WHO}: the API rejected it",
    ),
    (
        RejectionRepeated("id", AS, "0a", 5.0, API),
        "WARNING",
        f"new tokens paused for 5 s for {WHO}: the API {API} rejects one after the other",
    ),
    (
        RenewalFailed("id", AS, "0a", REFUSED, None),
        "WARNING",
        f"no token for {WHO}: TokenRequestRefused: {REFUSED}",
    ),
    (
        RenewalFailed("id", AS, "0a", TimeoutError("slow"), 30.4),
        "WARNING",
        f"token not renewed for {WHO}: TimeoutError: slow; using the cached token for up to 30 s",
    ),
    (
        ResponseOdd("id", AS, "0a", ("token_type_missing", "white_space")),
        "INFO",
        f"token response for {WHO} departs from RFC 6749: token_type_missing, white_space",
    ),
    (
        ScopeInsufficient("id", AS, "0a", Scope.of("a", "b"), API),
        "WARNING",
        f"insufficient scope for {WHO}: the API {API} requires 'a b'; request this scope",
    ),
    (
        ScopeInsufficient("id", AS, "0a", Scope()),
        "WARNING",
        f"insufficient scope for {WHO}: the API does not name the scope",
    ),
    (
        ProofAlgorithmUnsupported("id", AS, "0a", "EdDSA", ("ES256", "PS256"), API),
        "WARNING",
        f"DPoP proofs by EdDSA for {WHO}: the API {API} accepts ES256, PS256 only; use a key for one of these",
    ),
    (
        TokenWithheld("id", AS, API),
        "WARNING",
        f"token of client id at token endpoint {AS} not sent to API {API}; to send it there, add the origin to origins",
    ),
    (
        StoreFailed("id", AS, "0a", OSError("gone")),
        "WARNING",
        f"token store unavailable for {WHO}: OSError: gone; using the in-memory cache only",
    ),
    (
        StoreReturned("id", AS, "0a"),
        "INFO",
        f"token store available again for {WHO}",
    ),
]


@pytest.mark.parametrize(("event", "level", "line"), LINES, ids=range(len(LINES)))
def test_each_event_is_one_log_line_and_one_call_of_the_hook(
    event: Event, level: str, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The line names the client, its server, the cache key and the remedy. The hook receives the event itself."""
    seen: list[Event] = []
    with caplog.at_level(logging.INFO, "oauth_cc"):
        emit(event, seen.append)
        emit(event)
    assert [(record.name, record.levelname, record.getMessage()) for record in caplog.records] == [
        ("oauth_cc", level, line)
    ] * 2
    assert seen == [event]


@pytest.mark.parametrize("event", [event for event, _, _ in LINES], ids=range(len(LINES)))
def test_a_record_has_the_fields_of_its_event(event: Event, caplog: pytest.LogCaptureFixture) -> None:
    """They are flat and serializable, and none is an attribute of a record already."""
    with caplog.at_level(logging.INFO, "oauth_cc"):
        emit(event)
    (record,) = caplog.records
    extra = extra_fields(record)
    given = {"event": type(event).__name__, **attrs.asdict(event, recurse=False)}
    assert extra == {f"oauth_cc_{name}": flat(value) for name, value in given.items() if value is not None}
    assert json.dumps(extra)


def extra_fields(record: logging.LogRecord) -> dict[str, object]:
    """Return the fields that the library adds to a record."""
    return {name: value for name, value in vars(record).items() if name.startswith("oauth_cc_")}


def flat(value: object) -> object:
    """Return the value of an extra field."""
    if isinstance(value, Exception):
        return f"{type(value).__name__}: {value}"
    return str(value) if isinstance(value, Scope) else value


def test_a_record_shows_a_bounded_part_of_an_api_s_scope(caplog: pytest.LogCaptureFixture) -> None:
    """An API may name 16 KiB of scope in each 403. The event has all of it."""
    seen: list[Event] = []
    event = ScopeInsufficient("id", AS, "0a", Scope.of("a" * 16000), API)
    emit(event, seen.append)
    (record,) = caplog.records
    assert record.getMessage().count("a" * 300) == 1
    assert "a" * 301 not in str(vars(record))
    assert seen == [event]
    caplog.clear()
    for length, shown in ((300, "a" * 300), (301, "a" * 300 + "…")):
        emit(ScopeInsufficient("id", AS, "0a", Scope.of("a" * length), API))
        record = caplog.records.pop()
        assert record.getMessage().endswith(f"the API {API} requires '{shown}'; request this scope")
        assert vars(record)["oauth_cc_scope"] == shown


def test_a_line_names_each_server_once(caplog: pytest.LogCaptureFixture) -> None:
    """The line of a discovered endpoint begins with the issuer, and the error's note has the token endpoint."""
    for server in (AS, "https://other.example:443"):
        error = errors.TokenRequestRefused("invalid_client", status=401)
        error.add_note(f"The token was requested from token endpoint {server}.")
        emit(RenewalFailed("id", AS, "0a", error, None))
    one, two = caplog.records
    assert one.getMessage() == f"no token for {WHO}: TokenRequestRefused: {REFUSED}"
    assert vars(one)["oauth_cc_error"] == f"TokenRequestRefused: {REFUSED}"
    assert two.getMessage().endswith(" (The token was requested from token endpoint https://other.example:443.)")


def test_a_line_shows_the_notes_of_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """A note says which function of the user raised the error. The record has the same text."""
    error = TimeoutError("slow")
    error.add_note("raised by the signer sign")
    error.add_note("raised by the hook watch")
    emit(StoreFailed("id", AS, "0a", error))
    (record,) = caplog.records
    shown = "TimeoutError: slow (raised by the signer sign) (raised by the hook watch)"
    assert record.getMessage() == f"token store unavailable for {WHO}: {shown}; using the in-memory cache only"
    assert vars(record)["oauth_cc_error"] == shown


def test_plain_http_is_a_warning_with_the_fields_of_its_line(caplog: pytest.LogCaptureFixture) -> None:
    """It names the client and the origin of the token endpoint."""
    warn_of_plain_http("id", Endpoint("http://keycloak:8080/token", allow_http=True))
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("oauth_cc", "WARNING")
    assert record.getMessage() == (
        "token requests of client id go to http://keycloak:8080 over plain http, readable by anyone on the network; "
        "use https"
    )
    assert extra_fields(record) == {
        "oauth_cc_event": "PlainHttp",
        "oauth_cc_client_id": "id",
        "oauth_cc_token_endpoint": "http://keycloak:8080",
    }


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

    emit(StoreReturned("id", AS, "0a"), hook)
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("oauth_cc", "ERROR")
    assert record.getMessage() == "the on_event hook raised an exception on StoreReturned; the call continues"
    assert extra_fields(record) == {
        "oauth_cc_event": "StoreReturned",
        "oauth_cc_client_id": "id",
        "oauth_cc_token_endpoint": AS,
        "oauth_cc_cache_key": "0a",
    }
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], kind)


def test_keyboard_interrupt_passes_through_the_hook() -> None:
    """Only subclasses of `Exception` are caught."""

    def hook(event: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        emit(StoreReturned("id", AS, "0a"), hook)


def test_emit_rejects_a_value_that_is_not_an_event() -> None:
    """The type checker catches it first."""
    nothing: Any = SimpleNamespace(client_id="id", token_endpoint=AS, cache_key="0a")
    with pytest.raises(AssertionError):
        emit(nothing)
