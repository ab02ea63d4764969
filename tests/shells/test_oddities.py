"""
Departures from RFC 6749 in a good token response, which each source reports once.
"""

import logging

import pytest

from oauth_cc import ClientCredentials, Options, token_request
from oauth_cc.events import Event, ResponseOdd
from tests.shells.calling import CALLS, Call, name
from tests.shells.scripted import TOKEN, Answer, serve

REQUEST = token_request(ClientCredentials("id", "s3cret-of-client"))
UNTYPED = Answer(chunks=(b'{"access_token": "tok-1", "expires_in": 3600}',))
WORSE = Answer(chunks=(b'{"access_token": "tok-2", "expires_in": "never-M4RKER", "scope": 5, "error": null}',))

each_call = pytest.mark.parametrize("call", CALLS, ids=name)


@each_call
def test_a_source_reports_each_oddity_once_by_event_and_log_line(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    """A server returns the same oddity at every renewal."""
    caplog.set_level(logging.INFO, "oauth_cc")
    events: list[Event] = []
    with serve(UNTYPED, UNTYPED, WORSE, WORSE, TOKEN) as script:
        options = Options(on_event=events.append)
        tokens = call.tokens(REQUEST, f"{script.url}/token", 5, options=options)
    assert tokens == ["tok-1", "tok-1", "tok-2", "tok-2", "tok-1"]
    odd = [event.oddities for event in events if isinstance(event, ResponseOdd)]
    assert odd == [("token_type_missing",), ("error_beside_token", "expires_in_unreadable", "scope_unreadable")]
    lines = [record for record in caplog.records if "departs from RFC 6749" in record.getMessage()]
    assert [line.levelno for line in lines] == [logging.INFO] * 2
    assert [line.getMessage().rpartition(": ")[2] for line in lines] == [", ".join(each) for each in odd]
    assert "M4RKER" not in caplog.text


@each_call
def test_a_response_by_the_rfc_is_not_reported(call: Call) -> None:
    """Nor is a lifetime or scope that the server leaves out."""
    events: list[Event] = []
    plain = Answer(chunks=(b'{"access_token": "tok-1", "token_type": "bearer"}',))
    with serve(TOKEN, plain) as script:
        call.tokens(REQUEST, f"{script.url}/token", 2, options=Options(on_event=events.append))
    assert [event for event in events if isinstance(event, ResponseOdd)] == []
