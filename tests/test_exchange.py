"""
One token request with its retries, in a world without clock or socket.
"""

import json
from base64 import urlsafe_b64decode
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import (
    AssertionFile,
    ClientAssertion,
    ClientCredentials,
    HttpResponse,
    PrivateKeyJwt,
    Retries,
    Scope,
    SigningKey,
    Token,
    TokenRequest,
    errors,
    http_request,
    token_request,
)
from oauth_cc._wire.base64url import base64url
from oauth_cc.flows import Failed, Moment, Observe, Received, Returned, Send, advance, exchange
from oauth_cc.http import MAX_RETRY_AFTER
from tests.world import World, token_answer

ENDPOINT = "https://as.example/token"
REQUEST = token_request(ClientCredentials("id", "sec"), Scope.of("a"))
DROPPED = Failed(ConnectionResetError("dropped"), retryable=True)
BUSY = HttpResponse(503)


def test_one_request() -> None:
    """A token that comes at once costs one request and no pause."""
    world = World([token_answer()])
    token = world.run(exchange(REQUEST, ENDPOINT))
    assert token.access_token.reveal() == "tok-1"
    assert token.expires_at == world.now + 3600
    assert world.sent == [http_request(REQUEST, ENDPOINT)]
    assert world.slept == []


@pytest.mark.parametrize("failure", [DROPPED, BUSY, HttpResponse(429), HttpResponse(502)], ids=str)
def test_recovers(failure: HttpResponse | Failed) -> None:
    """What may pass is tried again, with pauses that grow."""
    world = World([failure, failure, token_answer()])
    assert isinstance(world.run(exchange(REQUEST, ENDPOINT)), Token)
    assert world.slept == [0.25, 0.5]


def test_the_lifetime_counts_from_the_attempt() -> None:
    """Time spent on failed attempts does not make the token older, nor younger."""
    world = World([BUSY, token_answer(lifetime=60)])
    token = world.run(exchange(REQUEST, ENDPOINT))
    assert (token.received_at, token.expires_at) == (world.now, world.now + 60)


def test_an_answer_that_lay_unread_is_no_younger_for_it() -> None:
    """A process may be stopped while an answer waits for it: the lifetime counts from the asking."""
    flow = exchange(REQUEST, ENDPOINT)
    assert advance(flow, None) == Observe()
    assert isinstance(advance(flow, Moment(1000.0, "id", 0.5)), Send)
    done = advance(flow, Received(token_answer(lifetime=60), 1050.0))
    assert isinstance(done, Returned)
    assert (done.value.received_at, done.value.expires_at) == (1000.0, 1060.0)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (DROPPED, ConnectionResetError),
        (BUSY, errors.TokenRequestRefused),
        (HttpResponse(429), errors.TokenRequestRefused),
    ],
)
def test_ends(failure: HttpResponse | Failed, kind: type[Exception]) -> None:
    """Attempts are bounded, and the last error comes out as it is."""
    world = World([failure])
    with pytest.raises(kind):
        world.run(exchange(REQUEST, ENDPOINT))
    assert len(world.sent) == 3


@pytest.mark.parametrize(
    "failure",
    [
        HttpResponse(400, (), b'{"error": "invalid_client"}'),
        HttpResponse(401),
        HttpResponse(302, {"Location": "https://evil.example/"}),
        HttpResponse(307, {"Location": "/token/", "Retry-After": "0"}),
        HttpResponse(200, (), b"<html>"),
        Failed(TimeoutError("slow"), retryable=False),
    ],
    ids=str,
)
def test_no_retry(failure: HttpResponse | Failed) -> None:
    """What will not pass is asked once; a redirect is never followed."""
    world = World([failure, token_answer()])
    with pytest.raises((errors.OAuthError, TimeoutError)):
        world.run(exchange(REQUEST, ENDPOINT))
    assert len(world.sent) == 1


def test_retry_after() -> None:
    """The server's own wish is waited for, in either form, with a spread on top."""
    date = "Tue, 14 Nov 2023 22:13:25 GMT"
    world = World([HttpResponse(429, {"Retry-After": "2"}), HttpResponse(503, {"Retry-After": date}), token_answer()])
    world.run(exchange(REQUEST, ENDPOINT))
    assert world.slept == [2.25, 5 - 2.25 + 0.25]


def test_retry_after_too_long() -> None:
    """A wish beyond the ceiling is not waited for: the error tells the caller how long it is."""
    for seconds in (9, 600):
        world = World([HttpResponse(503, {"Retry-After": str(seconds)}), token_answer()])
        with pytest.raises(errors.TokenRequestRefused) as caught:
            world.run(exchange(REQUEST, ENDPOINT))
        assert caught.value.retry_after == seconds
        assert world.slept == []


def test_bad_input_before_anything_is_sent() -> None:
    """An endpoint that must not be used raises before the first effect."""
    world = World([token_answer()])
    with pytest.raises(errors.InsecureEndpoint):
        world.run(exchange(REQUEST, "http://as.example/token"))
    assert world.sent == []
    token = world.run(exchange(REQUEST, "http://localhost/token"))
    assert token.access_token.reveal() == "tok-1"


class TestRetries:
    """Full jitter within bounds."""

    @given(
        st.builds(Retries, st.integers(1, 10**6), st.floats(0, 10), st.floats(10, 100)),
        st.integers(1, 10**6),
        st.none() | st.floats(0, MAX_RETRY_AFTER),
        st.floats(0, 1, exclude_max=True),
    )
    def test_bounds(self, retries: Retries, attempt: int, retry_after: float | None, jitter: float) -> None:
        """A pause is never negative, never beyond the ceiling, and never shorter than the server's wish."""
        pause = retries.pause(attempt, retry_after, jitter)
        if pause is None:
            assert attempt >= retries.attempts or (retry_after or 0) > retries.ceiling
        else:
            assert 0 <= pause <= retries.ceiling
            assert pause >= (retry_after or 0)

    def test_full_jitter(self) -> None:
        """Without jitter there is no pause; the limit doubles up to the ceiling."""
        retries = Retries(attempts=9, base=1, ceiling=5)
        assert [retries.pause(attempt, None, 0.0) for attempt in (1, 2, 3, 4)] == [0, 0, 0, 0]
        limits = [retries.pause(attempt, None, 1.0) for attempt in (1, 2, 3, 4)]
        assert limits == [1, 2, 4, 5]

    @pytest.mark.parametrize("bad", [(0, 1.0, 2.0), (1, -1.0, 2.0), (1, 3.0, 2.0), (1, float("nan"), 2.0)])
    def test_refused(self, bad: tuple[int, float, float]) -> None:
        """Settings that make no sense are refused."""
        with pytest.raises(errors.InvalidInput, match="at least 1 attempt"):
            Retries(*bad)


KEY = SigningKey("ES256", lambda _: bytes(64), "key-1")
SIGNED = token_request(ClientCredentials("id", PrivateKeyJwt(KEY, "https://as.example")))
FETCHED = token_request(ClientCredentials("id", ClientAssertion(AssertionFile("/run/token"))))


def assertions(world: World) -> list[str]:
    """Gives the assertions that were sent."""
    return [dict(parse_qsl(sent.body.decode()))["client_assertion"] for sent in world.sent]


def test_a_new_assertion_for_every_attempt() -> None:
    """Servers take one once: each attempt has another ``jti``, and the time that it is."""
    world = World([DROPPED, BUSY, token_answer()])
    assert isinstance(world.run(exchange(SIGNED, ENDPOINT)), Token)
    claims = [json.loads(urlsafe_b64decode(f"{sent.split('.')[1]}==")) for sent in assertions(world)]
    assert len({claim["jti"] for claim in claims}) == 3
    assert claims[-1]["iat"] == int(world.now)
    assert [f"{one.decode()}.{base64url(bytes(64))}" for one in world.signed] == assertions(world)


def refused(time: str, error: str = "invalid_client", day: str = "Tue, 14") -> HttpResponse:
    """Gives a refusal by a server whose clock shows *time* of *day*; the world's shows 22:13:20 of that Tuesday."""
    headers = {"Content-Type": "application/json", "Date": f"{day} Nov 2023 {time} GMT"}
    return HttpResponse(401, headers, f'{{"error": "{error}"}}'.encode())


def issued(world: World) -> list[int]:
    """Gives when each assertion says that it was issued."""
    claims = [json.loads(urlsafe_b64decode(f"{sent.split('.')[1]}==")) for sent in assertions(world)]
    assert [claim["exp"] - claim["iat"] for claim in claims] == [60] * len(claims)
    return [claim["iat"] for claim in claims]


@pytest.mark.parametrize(("time", "ahead"), [("22:23:20", 600), ("21:13:20", -3600), ("22:13:23", 3), ("22:13:19", -1)])
def test_another_clock(time: str, ahead: int) -> None:
    """An assertion that was refused is made once more by the server's clock, at once."""
    world = World([refused(time), token_answer()])
    token = world.run(exchange(SIGNED, ENDPOINT))
    assert issued(world) == [1700000000, 1700000000 + ahead]
    assert (token.received_at, world.slept) == (world.now, [])


def test_another_clock_once() -> None:
    """A refusal by a clock that was put right already is final."""
    world = World([refused("22:23:20")])
    with pytest.raises(errors.TokenRequestRefused):
        world.run(exchange(SIGNED, ENDPOINT))
    assert len(world.sent) == 2


def test_another_clock_for_all_that_follows() -> None:
    """What was found holds for the retries of other failures too, which are as many as ever."""
    world = World([refused("22:23:20"), BUSY], jitter=0.0)
    with pytest.raises(errors.TokenRequestRefused):
        world.run(exchange(SIGNED, ENDPOINT))
    assert issued(world) == [1700000000, 1700000600, 1700000600]


def test_another_clock_behind_a_slow_way() -> None:
    """The server's clock is read when its answer is."""
    world = World([refused("22:23:25"), token_answer()], way=5.0)
    world.run(exchange(SIGNED, ENDPOINT))
    assert issued(world) == [1700000000, 1700000605]


@pytest.mark.parametrize(
    ("time", "now", "way"), [("22:13:20", 0.9, 0.0), ("22:13:20", 0.0, 5.0), ("22:13:25", 0.0, 5.0)]
)
def test_clocks_that_agree(time: str, now: float, way: float) -> None:
    """To the second, which is all that a Date says, and whenever on the way it was written."""
    world = World([refused(time)], now=1700000000.0 + now, way=way)
    with pytest.raises(errors.TokenRequestRefused):
        world.run(exchange(SIGNED, ENDPOINT))
    assert len(world.sent) == 1


@pytest.mark.parametrize(
    ("request_", "answer", "retries"),
    [
        (SIGNED, refused("22:13:22"), Retries()),
        (SIGNED, refused("22:13:20"), Retries()),
        (SIGNED, refused("22:23:20", "invalid_scope"), Retries()),
        (SIGNED, refused("22:23:20"), Retries(attempts=1)),
        (SIGNED, refused("25:23:20"), Retries()),
        (SIGNED, refused("22:13:21", day="Wed, 15"), Retries()),
        (SIGNED, refused("22:13:19", day="Mon, 13"), Retries()),
        (SIGNED, HttpResponse(401, (), b'{"error": "invalid_client"}'), Retries()),
        (FETCHED, refused("22:23:20"), Retries()),
        (REQUEST, refused("22:23:20"), Retries()),
    ],
    ids=[
        "behind",
        "same",
        "another error",
        "no retry",
        "no date",
        "far ahead",
        "far behind",
        "without",
        "of someone else",
        "secret",
    ],
)
def test_the_clock_is_not_to_blame(request_: TokenRequest, answer: HttpResponse, retries: Retries) -> None:
    """Where the clocks agree, no assertion is made here, or all is said, one refusal is enough."""
    world = World([answer])
    with pytest.raises(errors.TokenRequestRefused):
        world.run(exchange(request_, ENDPOINT, retries=retries))
    assert len(world.sent) == 1


def test_an_assertion_of_someone_else_is_fetched_for_every_attempt() -> None:
    """It may have been exchanged meanwhile."""
    world = World([BUSY, token_answer()])
    world.run(exchange(FETCHED, ENDPOINT))
    assert world.fetched == [AssertionFile("/run/token")] * 2
    assert assertions(world) == ["assertion-1", "assertion-2"]


def test_a_key_that_does_not_sign() -> None:
    """Nothing is sent, and its error comes out."""
    world = World([token_answer()], signature=Failed(OSError("the KMS is away"), retryable=False))
    with pytest.raises(OSError, match="the KMS is away"):
        world.run(exchange(SIGNED, ENDPOINT))
    assert world.sent == []


def test_a_signature_of_another_length() -> None:
    """Nothing is sent."""
    world = World([token_answer()], signature=bytes(70))
    with pytest.raises(errors.InvalidInput, match="DER"):
        world.run(exchange(SIGNED, ENDPOINT))
    assert world.sent == []


def test_what_a_server_echoes_of_an_assertion_is_not_shown() -> None:
    """Error texts quote what they refuse."""
    content = b'{"error": "invalid_client", "error_description": "bad assertion-1 given"}'
    with pytest.raises(errors.TokenRequestRefused, match=r"bad \*\*\* given"):
        World([HttpResponse(401, (), content)]).run(exchange(FETCHED, ENDPOINT))
