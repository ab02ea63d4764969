"""
One token request with its retries, with a driver that has no clock and no socket.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import (
    AssertionFile,
    ClientAssertion,
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    Endpoint,
    HttpResponse,
    JwtBearerGrant,
    PrivateKeyJwt,
    Retries,
    Scope,
    Secret,
    SecretFile,
    SigningKey,
    Token,
    TokenRequest,
    errors,
    http_request,
    token_request,
)
from oauth_cc._wire.base64url import base64url
from oauth_cc.authentication import AuthenticationFields, ClientAuthentication, KeySource, SecretSource
from oauth_cc.flows import Failed, Moment, Observe, Received, Returned, Send, advance, exchange, revoke
from oauth_cc.flows.hints import Hints
from oauth_cc.http import MAX_RETRY_AFTER
from tests.world import World, token_answer

ENDPOINT = "https://as.example/token"
REQUEST = token_request(ClientCredentials("id", "sec"), Scope.of("a"))
DROPPED = Failed(ConnectionResetError("dropped"), retryable=True)
BUSY = HttpResponse(503)


def test_success_takes_one_request_and_no_pause() -> None:
    """The token expires as the response says."""
    world = World([token_answer()])
    token = world.run(exchange(REQUEST, ENDPOINT))
    assert token.access_token.reveal() == "tok-1"
    assert token.expires_at == world.now + 3600
    assert world.sent == [http_request(REQUEST, ENDPOINT)]
    assert world.slept == []


@pytest.mark.parametrize("failure", [DROPPED, BUSY, HttpResponse(429), HttpResponse(502)], ids=str)
def test_transient_failures_are_retried_with_growing_pauses(failure: HttpResponse | Failed) -> None:
    """The pauses are half of their limits, as is the jitter."""
    world = World([failure, failure, token_answer()])
    assert isinstance(world.run(exchange(REQUEST, ENDPOINT)), Token)
    assert world.slept == [0.25, 0.5]


def test_lifetime_counts_from_the_successful_attempt() -> None:
    """Time spent on failed attempts does not matter."""
    world = World([BUSY, token_answer(lifetime=60)])
    token = world.run(exchange(REQUEST, ENDPOINT))
    assert (token.received_at, token.expires_at) == (world.now, world.now + 60)


def test_lifetime_counts_from_the_request_if_the_response_is_read_late() -> None:
    """A process may be suspended while a response waits for it."""
    flow = exchange(REQUEST, ENDPOINT)
    assert advance(flow, None) == Observe()
    assert isinstance(advance(flow, Moment(1000.0, "id", 0.5)), Send)
    done = advance(flow, Received(token_answer(lifetime=60), 1050.0))
    assert isinstance(done, Returned)
    assert (done.value.received_at, done.value.expires_at) == (1000.0, 1060.0)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b'{"error": "invalid_scope"}', "invalid_scope (HTTP 400); a hook raised"),
        (
            b"",
            "(HTTP 400); check the client_id, the secret or key, the audience of an assertion, and the scope; a hook",
        ),
    ],
    ids=["without advice", "with advice"],
)
def test_a_remark_about_the_response_ends_the_error_of_a_refusal(content: bytes, text: str) -> None:
    """It changes nothing else."""
    flow = exchange(REQUEST, ENDPOINT)
    moment = Moment(1000.0, "id", 0.5)
    assert isinstance(advance(flow, None), Observe)
    assert isinstance(advance(flow, moment), Send)
    with pytest.raises(errors.TokenRequestRefused) as raised:
        advance(flow, Received(HttpResponse(400, (), content), 1000.0, "a hook raised"))
    assert text in str(raised.value)
    assert str(raised.value).endswith("a hook raised")


def test_a_remark_keeps_every_part_of_the_refusal() -> None:
    """A hook may raise on a response that is worth a retry."""
    content = b'{"error": "e1", "error_description": "d1", "error_uri": "https://as.example/e1"}'
    flow = exchange(REQUEST, ENDPOINT, retries=Retries(attempts=1))
    advance(flow, None)
    advance(flow, Moment(1000.0, "id", 0.5))
    answer = HttpResponse(503, {"Retry-After": "600"}, content)
    assert advance(flow, Received(answer, 1000.0, "a hook raised")) == Observe()
    with pytest.raises(errors.TokenRequestRefused) as raised:
        advance(flow, Moment(1000.0, "id", 0.5))
    assert raised.value == errors.TokenRequestRefused(
        *("e1", "d1", "https://as.example/e1", 503, True, 600.0, "d1"), advice="try again in 600 seconds; a hook raised"
    )


def test_a_remark_about_a_response_with_a_token_is_dropped() -> None:
    """Nothing went wrong."""
    flow = exchange(REQUEST, ENDPOINT)
    advance(flow, None)
    advance(flow, Moment(1000.0, "id", 0.5))
    assert isinstance(advance(flow, Received(token_answer(), 1000.0, "a hook raised")), Returned)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (DROPPED, ConnectionResetError),
        (BUSY, errors.TokenRequestRefused),
        (HttpResponse(429), errors.TokenRequestRefused),
    ],
)
def test_the_last_error_is_raised_after_all_attempts(failure: HttpResponse | Failed, kind: type[Exception]) -> None:
    """There are three by default."""
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
def test_permanent_failures_are_not_retried(failure: HttpResponse | Failed) -> None:
    """A redirect is never followed."""
    world = World([failure, token_answer()])
    with pytest.raises((errors.OAuthError, TimeoutError)):
        world.run(exchange(REQUEST, ENDPOINT))
    assert len(world.sent) == 1


def test_retry_after_replaces_the_pause() -> None:
    """It is a number or a date, and jitter is added to it."""
    date = "Tue, 14 Nov 2023 22:13:25 GMT"
    world = World([HttpResponse(429, {"Retry-After": "2"}), HttpResponse(503, {"Retry-After": date}), token_answer()])
    world.run(exchange(REQUEST, ENDPOINT))
    assert world.slept == [2.25, 5 - 2.25 + 0.25]


def test_retry_after_above_the_ceiling_ends_the_attempts() -> None:
    """The error has the seconds."""
    for seconds in (9, 600):
        world = World([HttpResponse(503, {"Retry-After": str(seconds)}), token_answer()])
        with pytest.raises(errors.TokenRequestRefused) as caught:
            world.run(exchange(REQUEST, ENDPOINT))
        assert caught.value.retry_after == seconds
        assert world.slept == []


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ({"retries": 3}, "retries must be a Retries, not int; use Retries(attempts=...)"),
        ({"hints": {}}, "hints must be Hints or None, not dict; leave it out"),
    ],
    ids=str,
)
def test_option_of_another_type_is_rejected_before_anything_is_sent(option: dict[str, Any], reason: str) -> None:
    """The error says what to pass."""
    world = World([token_answer()])
    with pytest.raises(errors.InvalidInput) as caught:
        world.run(exchange(REQUEST, ENDPOINT, **option))
    assert (caught.value.parameter, str(caught.value)) == (*option, reason)
    assert world.sent == []


def test_clock_of_a_server_that_is_not_known_is_right() -> None:
    """Nothing is corrected before its first answer."""
    assert Hints().ahead(Endpoint(ENDPOINT)) == 0.0


def test_invalid_endpoint_is_rejected_before_anything_is_sent() -> None:
    """Plain http is allowed to loopback."""
    world = World([token_answer()])
    with pytest.raises(errors.InsecureEndpoint):
        world.run(exchange(REQUEST, "http://as.example/token"))
    assert world.sent == []
    token = world.run(exchange(REQUEST, "http://localhost/token"))
    assert token.access_token.reveal() == "tok-1"


class TestRetries:
    """Retries with full jitter."""

    @given(
        st.builds(Retries, st.integers(1, 10**6), st.floats(0, 10), st.floats(10, 100)),
        st.integers(1, 10**6),
        st.none() | st.floats(0, MAX_RETRY_AFTER),
        st.floats(0, 1, exclude_max=True),
    )
    def test_pause_is_between_retry_after_and_the_ceiling(
        self, retries: Retries, attempt: int, retry_after: float | None, jitter: float
    ) -> None:
        """It is never negative."""
        pause = retries.pause(attempt, retry_after, jitter)
        if pause is None:
            assert attempt >= retries.attempts or (retry_after or 0) > retries.ceiling
        else:
            assert 0 <= pause <= retries.ceiling
            assert pause >= (retry_after or 0)

    def test_pause_limit_doubles_up_to_the_ceiling(self) -> None:
        """The pause is drawn from 0 to that limit."""
        retries = Retries(attempts=9, base=1, ceiling=5)
        assert [retries.pause(attempt, None, 0.0) for attempt in (1, 2, 3, 4)] == [0, 0, 0, 0]
        limits = [retries.pause(attempt, None, 1.0) for attempt in (1, 2, 3, 4)]
        assert limits == [1, 2, 4, 5]

    @pytest.mark.parametrize(
        "bad", [(0, 1.0, 2.0), (1, -1.0, 2.0), (1, 3.0, 2.0), (1, float("nan"), 2.0), ("3",), (3, None), (3, 0.0, "8")]
    )
    def test_illegal_retries_are_rejected(self, bad: tuple[Any, ...]) -> None:
        """The error states the condition."""
        with pytest.raises(errors.InvalidInput) as caught:
            Retries(*bad)
        assert caught.value.parameter == "retries"
        assert str(caught.value) == "retries must have at least 1 attempt, and 0 <= base <= ceiling"

    def test_the_least_retries_are_one_attempt_without_a_pause(self) -> None:
        """A base may be as long as the ceiling."""
        assert Retries(1, 0, 0).pause(1, None, 0.5) is None
        assert Retries(2, 3, 3).pause(1, None, 0.5) == 1.5
        assert (Retries().attempts, Retries().base, Retries().ceiling) == (3, 0.5, 8.0)

    def test_retry_after_is_followed_by_jitter_up_to_the_ceiling(self) -> None:
        """The ceiling itself is waited for."""
        retries = Retries(attempts=3, base=1, ceiling=8)
        pauses = [retries.pause(attempt, after, 0.5) for attempt, after in ((1, 2.0), (2, 2.0), (1, 8.0), (3, 2.0))]
        assert pauses == [2.5, 2.5, 8, None]
        assert retries.pause(1, 8.01, 0.5) is None


KEY = SigningKey("ES256", lambda _: bytes(64), "key-1")
SIGNED = token_request(ClientCredentials("id", PrivateKeyJwt(KEY, "https://as.example")))
FETCHED = token_request(ClientCredentials("id", ClientAssertion(AssertionFile("/run/token"))))


def assertions(world: World) -> list[str]:
    """Return the assertions that were sent."""
    return [dict(parse_qsl(sent.body.decode()))["client_assertion"] for sent in world.sent]


def test_every_attempt_has_a_new_assertion() -> None:
    """Servers accept an assertion once, so each has another ``jti`` and the current time."""
    world = World([DROPPED, BUSY, token_answer()])
    assert isinstance(world.run(exchange(SIGNED, ENDPOINT)), Token)
    claims = [json.loads(urlsafe_b64decode(f"{sent.split('.')[1]}==")) for sent in assertions(world)]
    assert len({claim["jti"] for claim in claims}) == 3
    assert claims[-1]["iat"] == int(world.now)
    assert [f"{one.decode()}.{base64url(bytes(64))}" for one in world.signed] == assertions(world)


def refused(time: str, error: str = "invalid_client", day: str = "Tue, 14") -> HttpResponse:
    """Return a refusal whose Date is *time* of *day*. The clock of the world shows 22:13:20 of Tuesday the 14th."""
    headers = {"Content-Type": "application/json", "Date": f"{day} Nov 2023 {time} GMT"}
    return HttpResponse(401, headers, f'{{"error": "{error}"}}'.encode())


def issued(world: World) -> list[int]:
    """Return the ``iat`` of each assertion."""
    claims = [json.loads(urlsafe_b64decode(f"{sent.split('.')[1]}==")) for sent in assertions(world)]
    assert [claim["exp"] - claim["iat"] for claim in claims] == [60] * len(claims)
    return [claim["iat"] for claim in claims]


@pytest.mark.parametrize(("time", "ahead"), [("22:23:20", 600), ("21:13:20", -3600), ("22:13:23", 3), ("22:13:19", -1)])
def test_rejected_assertion_is_reissued_by_the_server_clock(time: str, ahead: int) -> None:
    """The second request is sent without a pause."""
    world = World([refused(time), token_answer()])
    token = world.run(exchange(SIGNED, ENDPOINT))
    assert issued(world) == [1700000000, 1700000000 + ahead]
    assert (token.received_at, world.slept) == (world.now, [])


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("content", [b"", b'{"message": "Unauthorized"}', b"<html>", b'{"error": {"code": 7}}'])
def test_clock_is_corrected_after_a_client_error_without_a_code(status: int, content: bytes) -> None:
    """Some servers respond to a bad assertion without an error code."""
    world = World([HttpResponse(status, {"Date": "Tue, 14 Nov 2023 22:23:20 GMT"}, content), token_answer()])
    assert isinstance(world.run(exchange(SIGNED, ENDPOINT)), Token)
    assert issued(world) == [1700000000, 1700000600]
    assert world.slept == []


@pytest.mark.parametrize("status", [404, 405, 410])
def test_clock_is_not_corrected_after_another_status_without_a_code(status: int) -> None:
    """It has another cause."""
    world = World([HttpResponse(status, {"Date": "Tue, 14 Nov 2023 22:23:20 GMT"}), token_answer()])
    with pytest.raises(errors.TokenRequestRefused):
        world.run(exchange(SIGNED, ENDPOINT))
    assert len(world.sent) == 1


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (HttpResponse(200, {"Date": "Tue, 14 Nov 2023 22:23:20 GMT"}, b"<html>"), errors.InvalidResponse),
        (HttpResponse(302, {"Date": "Tue, 14 Nov 2023 22:23:20 GMT"}), errors.UnexpectedRedirect),
        (Failed(TimeoutError("slow"), retryable=False), TimeoutError),
    ],
)
def test_clock_is_not_corrected_without_a_refusal(failure: HttpResponse | Failed, kind: type[Exception]) -> None:
    """The assertion is not the cause."""
    world = World([failure, token_answer()])
    with pytest.raises(kind):
        world.run(exchange(SIGNED, ENDPOINT))
    assert len(world.sent) == 1


def test_clock_is_corrected_once() -> None:
    """A second refusal is final."""
    world = World([refused("22:23:20")])
    with pytest.raises(errors.TokenRequestRefused):
        world.run(exchange(SIGNED, ENDPOINT))
    assert len(world.sent) == 2


def test_corrected_clock_applies_to_later_retries() -> None:
    """The number of attempts stays the same."""
    world = World([refused("22:23:20"), BUSY], jitter=0.0)
    with pytest.raises(errors.TokenRequestRefused):
        world.run(exchange(SIGNED, ENDPOINT))
    assert issued(world) == [1700000000, 1700000600, 1700000600]


def test_server_clock_is_compared_when_the_response_arrives() -> None:
    """A slow network does not change the correction."""
    world = World([refused("22:23:25"), token_answer()], latency=5.0)
    world.run(exchange(SIGNED, ENDPOINT))
    assert issued(world) == [1700000000, 1700000605]


@pytest.mark.parametrize(
    ("time", "now", "latency"), [("22:13:20", 0.9, 0.0), ("22:13:20", 0.0, 5.0), ("22:13:25", 0.0, 5.0)]
)
def test_equal_clocks_are_not_corrected(time: str, now: float, latency: float) -> None:
    """A Date has a resolution of one second, and the server may write it at any moment of the exchange."""
    world = World([refused(time)], now=1700000000.0 + now, latency=latency)
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
        (SIGNED, HttpResponse(401, (), b""), Retries()),
        (SIGNED, HttpResponse(401, {"Date": "Tue, 14 Nov 2023 22:13:20 GMT"}, b""), Retries()),
        (REQUEST, HttpResponse(401, {"Date": "Tue, 14 Nov 2023 22:23:20 GMT"}, b""), Retries()),
        (FETCHED, refused("22:23:20"), Retries()),
        (REQUEST, refused("22:23:20"), Retries()),
    ],
    ids=[
        "slightly ahead",
        "same",
        "another error",
        "no retry",
        "no date",
        "far ahead",
        "far behind",
        "without",
        "without a date or a code",
        "same without a code",
        "secret without a code",
        "issued by another party",
        "secret",
    ],
)
def test_refusal_is_final_unless_the_clock_may_be_its_cause(
    request_: TokenRequest, answer: HttpResponse, retries: Retries
) -> None:
    """It is final if the clocks agree, the client does not sign, or no attempt is left."""
    world = World([answer], readings=[Secret("assertion-1")])
    with pytest.raises(errors.TokenRequestRefused):
        world.run(exchange(request_, ENDPOINT, retries=retries))
    assert len(world.sent) == 1


def test_issued_assertion_is_fetched_for_every_attempt() -> None:
    """Its issuer may have replaced it meanwhile."""
    world = World([BUSY, token_answer()])
    world.run(exchange(FETCHED, ENDPOINT))
    assert world.read == [AssertionFile("/run/token")] * 2
    assert assertions(world) == ["assertion-1", "assertion-2"]


def test_signer_error_is_raised_and_nothing_is_sent() -> None:
    """The error passes through."""
    world = World([token_answer()], signature=Failed(OSError("the KMS is down"), retryable=False))
    with pytest.raises(OSError, match="the KMS is down"):
        world.run(exchange(SIGNED, ENDPOINT))
    assert world.sent == []


def test_illegal_signature_is_an_error_and_nothing_is_sent() -> None:
    """The error mentions DER."""
    world = World([token_answer()], signature=bytes(70))
    with pytest.raises(errors.InvalidInput, match="DER"):
        world.run(exchange(SIGNED, ENDPOINT))
    assert world.sent == []


def test_assertion_echoed_by_the_server_is_redacted() -> None:
    """Error texts of servers quote what they reject."""
    content = b'{"error": "invalid_client", "error_description": "bad assertion-1 given"}'
    with pytest.raises(errors.TokenRequestRefused, match=r"bad \*\*\* given"):
        World([HttpResponse(401, (), content)], readings=[Secret("assertion-1")]).run(exchange(FETCHED, ENDPOINT))


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse(401, (), b'{"error": "invalid_client"}'),
        HttpResponse(302, {"Location": "https://evil.example/"}),
        HttpResponse(200, (), b"{}"),
    ],
    ids=str,
)
def test_an_error_names_the_server_that_refused_the_token(answer: HttpResponse) -> None:
    """It says so once, after any number of attempts, and shows no secret that the host holds."""
    with pytest.raises(errors.OAuthError) as caught:
        World([BUSY, answer]).run(exchange(REQUEST, ENDPOINT))
    assert caught.value.__notes__ == ["The token was requested from token endpoint https://as.example:443."]
    hidden = token_request(ClientCredentials("your_id", "hidden-secret"))
    with pytest.raises(errors.OAuthError) as caught:
        World([answer]).run(exchange(hidden, "https://hidden-secret.evil.example/token"))
    assert caught.value.__notes__ == ["The token was requested from token endpoint ***."]


def vault() -> str:
    """Return what a vault would."""
    raise NotImplementedError


FILE = SecretFile("/run/secret")
OTHER_KEY = SigningKey("ES256", lambda _: bytes(64), "key-2")
MISSING = Failed(errors.InvalidInput("client_secret", "the client_secret file cannot be read"), retryable=True)
REFUSED = HttpResponse(401, (), b'{"error": "invalid_client"}')
ROTATING = token_request(ClientCredentials("id", FILE), Scope.of("a"))


def with_secret(secret: str) -> TokenRequest:
    """Return the request of `ROTATING` with this *secret*."""
    return token_request(ClientCredentials("id", secret), Scope.of("a"))


@pytest.mark.parametrize("source", [FILE, SecretSource(vault, name="vault"), vault], ids=["file", "named", "function"])
@pytest.mark.parametrize("method", [ClientSecretBasic, ClientSecretPost])
def test_a_secret_is_read_for_every_attempt(
    source: SecretFile | SecretSource | Callable[[], str], method: Callable[[object], ClientAuthentication]
) -> None:
    """It may have been rotated meanwhile."""
    world = World([BUSY, token_answer()], readings=[Secret("s3cret"), Secret("n3w")])
    world.run(exchange(ClientCredentials("id", method(source)), ENDPOINT))
    sent = [http_request(ClientCredentials("id", method(secret)), ENDPOINT) for secret in ("s3cret", "n3w")]
    assert world.sent == sent
    assert world.read == [SecretSource(vault) if source is vault else source] * 2


def test_a_secret_that_keys_an_hmac_is_read() -> None:
    """The assertion is signed with the key of the moment."""
    method = ClientSecretJwt(FILE, "https://as.example")
    world = World([token_answer()], readings=[Secret("7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1")], signature=bytes(32))
    assert isinstance(world.run(exchange(ClientCredentials("id", method), ENDPOINT)), Token)
    short = World([token_answer()], readings=[Secret("short")])
    with pytest.raises(errors.InvalidInput, match="client_secret must have at least 32 bytes for HS256"):
        short.run(exchange(ClientCredentials("id", method), ENDPOINT))
    assert short.sent == []


def test_a_missing_file_is_read_again_within_the_attempt() -> None:
    """A file that is replaced may be away for a moment."""
    world = World([token_answer()], readings=[MISSING, MISSING, Secret("s3cret")])
    world.run(exchange(ROTATING, ENDPOINT))
    assert world.sent == [http_request(with_secret("s3cret"), ENDPOINT)]
    assert world.slept == [0.05, 0.1]


@pytest.mark.parametrize("request_", [ROTATING, FETCHED], ids=["secret", "assertion"])
def test_a_file_that_stays_away_is_an_error_after_less_than_a_second(request_: TokenRequest) -> None:
    """Nothing is sent, and the attempt is not repeated."""
    world = World([token_answer()], readings=[MISSING])
    with pytest.raises(errors.InvalidInput, match="cannot be read"):
        world.run(exchange(request_, ENDPOINT))
    assert (world.sent, world.slept) == ([], [0.05, 0.1, 0.2, 0.4])


def test_the_error_of_a_function_is_final() -> None:
    """The vault's client retries by itself, if it does."""
    world = World([token_answer()], readings=[Failed(OSError("sealed"), retryable=False)])
    with pytest.raises(OSError, match="sealed"):
        world.run(exchange(ClientCredentials("id", SecretSource(vault)), ENDPOINT))
    assert world.slept == []


@pytest.mark.parametrize("attempts", [1, 3])
@pytest.mark.parametrize("answer", [REFUSED, HttpResponse(403)], ids=["invalid_client", "without a code"])
def test_a_secret_that_was_rotated_meanwhile_is_sent_once(answer: HttpResponse, attempts: int) -> None:
    """Between reading and sending, the server has learned another secret."""
    world = World([answer, token_answer()], readings=[Secret("s3cret"), Secret("n3w")])
    assert isinstance(world.run(exchange(ROTATING, ENDPOINT, retries=Retries(attempts))), Token)
    assert world.sent == [http_request(with_secret(secret), ENDPOINT) for secret in ("s3cret", "n3w")]
    assert world.slept == []


def test_a_second_rotation_is_not_followed() -> None:
    """A source that changes at every look would never end."""
    world = World([REFUSED], readings=[Secret(f"s3cret-{number}") for number in range(9)])
    with pytest.raises(errors.TokenRequestRefused):
        world.run(exchange(ROTATING, ENDPOINT))
    assert len(world.sent) == 2


@pytest.mark.parametrize(
    "readings",
    [[Secret("s3cret")], [Secret("s3cret"), MISSING], [Secret("s3cret"), Failed(OSError(), retryable=False)]],
    ids=["same", "missing", "failed"],
)
def test_a_rejected_secret_is_not_sent_again(readings: list[Secret | SigningKey | Failed]) -> None:
    """Servers lock accounts after several attempts. The refusal is the error, also if nothing can be read any more."""
    world = World([REFUSED], readings=readings)
    with pytest.raises(errors.TokenRequestRefused):
        world.run(exchange(ROTATING, ENDPOINT))
    assert len(world.sent) == 1


def test_another_refusal_does_not_read_the_secret_again() -> None:
    """The secret was right."""
    world = World([HttpResponse(400, (), b'{"error": "invalid_scope"}')], readings=[Secret("s3cret"), Secret("n3w")])
    with pytest.raises(errors.TokenRequestRefused):
        world.run(exchange(ROTATING, ENDPOINT))
    assert len(world.read) == 1


def test_an_assertion_file_that_was_replaced_meanwhile_is_sent_once() -> None:
    """A function returns another assertion at each call, so its next one is not sent."""
    world = World([REFUSED, token_answer()], readings=[Secret("assertion-1"), Secret("assertion-2")])
    world.run(exchange(FETCHED, ENDPOINT))
    assert assertions(world) == ["assertion-1", "assertion-2"]
    minted = token_request(ClientCredentials("id", ClientAssertion(vault)))
    world = World([REFUSED, token_answer()])
    with pytest.raises(errors.TokenRequestRefused):
        world.run(exchange(minted, ENDPOINT))
    assert len(world.read) == 1


def test_a_key_is_read_for_every_attempt_and_again_after_a_rejection() -> None:
    """The key that composes the assertion also signs it."""
    source = KeySource("client.pem", lambda: OTHER_KEY)
    key = SigningKey("ES256", lambda _: bytes(64), "key-1", "old", source=source)
    request = ClientCredentials("id", PrivateKeyJwt(key, "https://as.example"))
    renewed = attrs.evolve(OTHER_KEY, key_id="new")
    world = World([REFUSED, token_answer()], readings=[key, renewed])
    world.run(exchange(request, ENDPOINT))
    headers = [json.loads(urlsafe_b64decode(f"{sent.split('.')[0]}==")) for sent in assertions(world)]
    assert [header["kid"] for header in headers] == ["old", "new"]
    assert world.read == [source] * 3


def test_a_secret_that_was_read_is_redacted_in_what_the_server_says() -> None:
    """Error texts of servers quote what they reject."""
    content = b'{"error": "invalid_client", "error_description": "bad s3cret-1 given"}'
    with pytest.raises(errors.TokenRequestRefused, match=r"bad \*\*\* given"):
        World([HttpResponse(401, (), content)], readings=[Secret("s3cret-1")]).run(exchange(ROTATING, ENDPOINT))


def test_a_method_of_the_users_own_may_read_its_secret() -> None:
    """It has a secret, and a builder that replaces it."""

    @attrs.frozen
    class ApiKey:
        secret: Secret | SecretFile

        def with_secret(self, secret: Secret) -> "ApiKey":
            return ApiKey(secret)

        def authenticate(self, client_id: str) -> AuthenticationFields:
            assert isinstance(self.secret, Secret)
            return AuthenticationFields(headers=(("X-Api-Key", self.secret),))

    world = World([token_answer()], readings=[Secret("k3y")])
    world.run(exchange(ClientCredentials("id", ApiKey(FILE)), ENDPOINT))
    assert ("X-Api-Key", "k3y") in world.sent[0].headers


@pytest.mark.parametrize(
    "authentication",
    [
        FILE,
        JwtBearerGrant(KEY, audience=ENDPOINT, client_authentication=ClientSecretBasic("s3cret")),
    ],
    ids=["file", "grant"],
)
def test_a_revocation_reads_the_secret_anew_and_sends_no_grant(authentication: SecretFile | JwtBearerGrant) -> None:
    """Only the client authenticates there."""
    world = World([HttpResponse(200)], readings=[Secret("s3cret")])
    world.run(revoke("tok-1", ClientCredentials("id", authentication), "https://as.example/revoke"))
    (sent,) = world.sent
    assert dict(parse_qsl(sent.body.decode())) == {"token": "tok-1", "token_type_hint": "access_token"}
    expected = http_request(ClientCredentials("id", "s3cret"), ENDPOINT)
    assert dict(sent.headers)["Authorization"] == dict(expected.headers)["Authorization"]


def test_a_revocation_without_its_secret_is_an_error() -> None:
    """Nothing is sent."""
    world = World([HttpResponse(200)], readings=[MISSING])
    with pytest.raises(errors.InvalidInput, match="cannot be read"):
        world.run(revoke("tok-1", ClientCredentials("id", FILE), "https://as.example/revoke"))
    assert world.sent == []
