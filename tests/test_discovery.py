"""
From an issuer to its metadata, in a world without clock or socket.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import HttpRequest, HttpResponse, errors
from oauth_cc.discovery import discover
from oauth_cc.effects import Failed
from oauth_cc.metadata import ServerMetadata, metadata_urls
from tests.world import World

ISSUER = "https://as.example/tenant"
URLS = metadata_urls(ISSUER)
METADATA = ServerMetadata(ISSUER, "https://as.example/token")
FOUND = HttpResponse(200, (), json.dumps({"issuer": ISSUER, "token_endpoint": METADATA.token_endpoint}).encode())
OTHER = HttpResponse(200, (), FOUND.content.replace(b"tenant", b"other"))
WRONG = HttpResponse(200, (), FOUND.content.replace(b"https://as.example/token", b"http://as.example/token"))
ABSENT = HttpResponse(404)
DROPPED = Failed(ConnectionResetError("dropped"), retryable=True)


def asked(*urls: str) -> list[HttpRequest]:
    """Gives the requests for *urls*."""
    return [HttpRequest("GET", url, {"Accept": "application/json"}) for url in urls]


def test_first() -> None:
    """Metadata that stand where RFC 8414 has them cost one request, which holds nothing of the client's."""
    world = World([FOUND])
    assert METADATA == world.run(discover(ISSUER))
    assert asked(URLS[0]) == world.sent


ABSENCES = [ABSENT, *map(HttpResponse, (204, 302, 400, 403)), HttpResponse(200, (), b"<html>")]


@pytest.mark.parametrize("absence", ABSENCES, ids=str)
def test_second(absence: HttpResponse) -> None:
    """Where there are none, those of OpenID Connect are asked for; without them the error is that of the last."""
    world = World([absence, FOUND])
    assert METADATA == world.run(discover(ISSUER))
    assert asked(*URLS) == world.sent
    neither = World([absence, ABSENT])
    with pytest.raises(
        errors.UnexpectedStatus, match="HTTP 404: the answer is no metadata: check the issuer"
    ) as caught:
        neither.run(discover(ISSUER))
    assert asked(*URLS) == neither.sent
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (OTHER, errors.IssuerMismatch),
        (WRONG, errors.InvalidMetadata),
        (HttpResponse(429), errors.UnexpectedStatus),
        (HttpResponse(503), errors.UnexpectedStatus),
        (HttpResponse(200, (), b" " * (2**20 + 1)), errors.ResponseTooLarge),
        (DROPPED, ConnectionResetError),
    ],
    ids=str,
)
def test_ends_at_once(answer: HttpResponse | Failed, kind: type[Exception]) -> None:
    """Metadata of another issuer, unusable ones and no answer end the search, wherever they come."""
    for answers in ([answer, FOUND], [ABSENT, answer]):
        world = World(answers)
        with pytest.raises(kind):
            world.run(discover(ISSUER))
        assert asked(*URLS[: answers.index(answer) + 1]) == world.sent


def test_bad_input_before_anything_is_sent() -> None:
    """An issuer that can be none raises before the first effect; http to this machine is for those who say so."""
    local = "http://localhost:1"
    content = json.dumps({"issuer": local, "token_endpoint": f"{local}/token"}).encode()
    world = World([HttpResponse(200, (), content)])
    with pytest.raises(errors.InvalidIssuer):
        world.run(discover(local))
    assert [] == world.sent
    assert f"{local}/token" == world.run(discover(local, allow_http_loopback=True)).token_endpoint


responses = st.one_of(
    st.sampled_from([FOUND, OTHER, WRONG, ABSENT]),
    st.builds(HttpResponse, st.integers(0, 999), st.just(()), st.binary()),
)


@given(responses, responses)
def test_any_answers(first: HttpResponse, second: HttpResponse) -> None:
    """Two requests at the most, to two URLs of the issuer, and then its metadata or an OAuthError."""
    world = World([first, second])
    try:
        assert METADATA == world.run(discover(ISSUER))
    except errors.InvalidResponse:
        assert FOUND != first
    assert world.sent in (asked(URLS[0]), asked(*URLS))
