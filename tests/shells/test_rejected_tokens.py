"""
What an API says of a rejected token, in words that servers really use, on each HTTP library.
"""

import pytest

from oauth_cc import ClientCredentials, Dialect, Options, token_request
from oauth_cc.events import Event, RejectionRepeated, ScopeInsufficient, TokenDiscarded
from tests.shells.calling import CALLS, Call, name
from tests.shells.scripted import TOKEN, Answer, serve

REQUEST = token_request(ClientCredentials("id", "s3cret-of-client"))
SECOND = Answer(chunks=(b'{"access_token": "tok-2", "token_type": "Bearer", "expires_in": 3600}',))
THIRD = Answer(chunks=(b'{"access_token": "tok-3", "token_type": "Bearer", "expires_in": 3600}',))
DONE = Answer(chunks=(b"done",))
BARE_403 = Answer(403, chunks=(b"no",))
BY_STATUS = Dialect(rejection_statuses=(401, 403))
BY_WORD = Dialect(rejection_words=("session_over",))


def challenged(status: int, *challenges: str) -> Answer:
    """Return a response with *challenges*."""
    return Answer(status, tuple([("WWW-Authenticate", challenge) for challenge in challenges]), (b"no",))


REJECTIONS = {
    "401 with token_expired": (challenged(401, 'Bearer error="token_expired"'), Dialect()),
    "401 with Basic": (challenged(401, 'Basic realm="api"'), Dialect()),
    "401 with Token": (challenged(401, "Token"), Dialect()),
    "401 without a challenge": (challenged(401), Dialect()),
    "403 with invalid_token": (challenged(403, 'Bearer error="invalid_token"'), Dialect()),
    "403 by the dialect": (BARE_403, BY_STATUS),
    "403 with a word of the dialect": (challenged(403, 'Bearer error="session_over"'), BY_WORD),
}

OTHERS = {
    "403 without a challenge": (BARE_403, Dialect()),
    "403 with an unknown word": (challenged(403, 'Bearer error="session_over"'), Dialect()),
    "403 with insufficient_scope": (challenged(403, 'Bearer error="insufficient_scope"'), BY_STATUS),
    "401 with insufficient_scope": (challenged(401, 'Bearer error="insufficient_scope"'), Dialect()),
    "404 of the dialect of 403": (Answer(404, chunks=(b"no",)), BY_STATUS),
}

each_call = pytest.mark.parametrize("call", CALLS, ids=name)


@each_call
def test_a_rejection_in_any_words_causes_one_new_token_and_one_repeated_call(call: Call) -> None:
    """The second response is the caller's, and the next call has the new token."""
    for words, (rejection, dialect) in REJECTIONS.items():
        with serve(TOKEN, SECOND, THIRD) as script, serve(rejection, DONE) as api:
            auth = call.auth(REQUEST.with_dialect(dialect), f"{script.url}/token")
            assert call.get(auth, api.url, api.url) == [200, 200], words
            sent = [asked.headers["Authorization"] for asked in api.asked]
            assert sent == ["Bearer tok-1", "Bearer tok-2", "Bearer tok-2"], words
            assert len(script.asked) == 2, words


@each_call
def test_events_about_an_api_name_its_origin(call: Call) -> None:
    """All of them name the token endpoint."""
    events: list[Event] = []
    insufficient = challenged(403, 'Bearer error="insufficient_scope"')
    with serve(TOKEN, SECOND) as script, serve(challenged(401), insufficient) as api:
        auth = call.auth(REQUEST, f"{script.url}/token", options=Options(on_event=events.append))
        assert call.get(auth, api.url) == [403]
        concerned = [event.api for event in events if isinstance(event, TokenDiscarded | ScopeInsufficient)]
        assert concerned == [api.url, api.url]
        assert {event.token_endpoint for event in events} == {script.url}


@each_call
def test_a_call_whose_new_token_is_rejected_too_is_not_repeated_again(call: Call) -> None:
    """The caller gets the second rejection."""
    for words, (rejection, dialect) in REJECTIONS.items():
        with serve(TOKEN, SECOND, THIRD) as script, serve(rejection, rejection, DONE) as api:
            auth = call.auth(REQUEST.with_dialect(dialect), f"{script.url}/token")
            assert call.get(auth, api.url) == [rejection.status], words
            sent = [asked.headers["Authorization"] for asked in api.asked]
            assert sent == ["Bearer tok-1", "Bearer tok-2"], words
            assert len(script.asked) == 2, words


@each_call
def test_any_other_refusal_is_left_to_the_caller(call: Call) -> None:
    """The token stays in use."""
    for words, (refusal, dialect) in OTHERS.items():
        with serve(TOKEN, SECOND) as script, serve(refusal, DONE) as api:
            auth = call.auth(REQUEST.with_dialect(dialect), f"{script.url}/token")
            assert call.get(auth, api.url, api.url) == [refusal.status, 200], words
            assert [asked.headers["Authorization"] for asked in api.asked] == ["Bearer tok-1"] * 2, words
            assert len(script.asked) == 1, words


@each_call
def test_events_name_the_api_that_rejected_one_token_after_the_other(call: Call) -> None:
    """Calls go out with the last token for a while."""
    events: list[Event] = []
    with serve(TOKEN, SECOND, THIRD) as script, serve(challenged(401)) as api:
        auth = call.auth(REQUEST, f"{script.url}/token", options=Options(on_event=events.append))
        assert call.get(auth, api.url, api.url, api.url) == [401] * 3
        assert len(script.asked) == 2
        assert len(api.asked) == 4
    told = [event for event in events if isinstance(event, TokenDiscarded | RejectionRepeated)]
    assert [type(event) for event in told] == [TokenDiscarded, RejectionRepeated]
    assert {event.api for event in told} == {api.url}
