"""
Assertions of platforms, and what an error says about one that a server rejects, with a driver without sockets.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import AssertionFile, ClientAssertion, ClientCredentials, HttpResponse, Secret, errors, token_request
from oauth_cc.authentication.federated import remark_on
from oauth_cc.flows import Failed, Flow, exchange
from oauth_cc.flows.platform import github_assertion, google_assertion
from tests.leaks import shown_by
from tests.strategies import texts
from tests.world import World

JOB = "https://pipelines.example/idtoken?api-version=2.0"
ASSERTION = "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"
AUDIENCE = "https://as.example/?a=1&b"


def github(url: str = JOB) -> Flow[Secret]:
    """Return the flow of a job."""
    return github_assertion(AUDIENCE, url, Secret("j0b"))


def google() -> Flow[Secret]:
    """Return the flow of a machine."""
    return google_assertion(AUDIENCE, "metadata.google.internal")


def test_a_job_sends_its_token_and_the_audience() -> None:
    """The audience is percent-encoded and goes behind the query that the URL has."""
    world = World([HttpResponse(200, (), json.dumps({"value": ASSERTION}).encode())] * 2)
    assert world.run(github()) == world.run(github("https://pipelines.example/")) == Secret(ASSERTION)
    assert [request.url.partition("audience=")[0] for request in world.sent] == [
        f"{JOB}&",
        "https://pipelines.example/?",
    ]
    assert {request.url.partition("audience=")[2] for request in world.sent} == {
        "https%3A%2F%2Fas.example%2F%3Fa%3D1%26b"
    }
    assert world.sent[0].method == "GET"
    assert world.sent[0].headers == (("Accept", "application/json"), ("Authorization", "Bearer j0b"))


def test_the_token_of_a_job_goes_to_an_https_url_alone() -> None:
    """It may also go to this machine."""
    with pytest.raises(errors.InsecureEndpoint):
        github("http://pipelines.example/")
    world = World([HttpResponse(200, (), json.dumps({"value": ASSERTION}).encode())])
    assert world.run(github("http://127.0.0.1/")) == Secret(ASSERTION)


def test_the_token_of_a_job_that_no_header_can_carry_is_refused_and_not_shown() -> None:
    """A variable of the environment may end in a line break."""
    with pytest.raises(errors.InvalidInput, match="headers contain a character") as caught:
        github_assertion(AUDIENCE, JOB, Secret("M4RKER\n"))
    assert "M4RKER" not in shown_by(caught.value)


def test_an_audience_of_another_type_is_rejected() -> None:
    """The error names the argument to pass."""
    audience: Any = None
    flows: list[Callable[[], Flow[Secret]]] = [
        lambda: github_assertion(audience, JOB, Secret("j0b")),
        lambda: google_assertion(audience, "metadata"),
    ]
    for make in flows:
        with pytest.raises(errors.InvalidInput) as caught:
            World([]).run(make())
        assert caught.value.parameter == "audience"
        assert str(caught.value) == "audience must be a str, not NoneType; pass audience= to ClientAssertion"


def test_a_machine_asks_the_metadata_server_of_google() -> None:
    """With the header without which the server refuses, so that no redirect of another server reaches it."""
    world = World([HttpResponse(200, (), f"{ASSERTION}\n".encode())])
    assert world.run(google()) == Secret(ASSERTION)
    (request,) = world.sent
    assert request.method == "GET"
    assert request.url == (
        "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/identity"
        "?audience=https%3A%2F%2Fas.example%2F%3Fa%3D1%26b&format=full"
    )
    assert request.headers == (("Metadata-Flavor", "Google"),)


CHECKS = [
    (github, "GitHub", "check that the job has the permission id-token: write"),
    (google, "Google's metadata server", "check that this machine has a service account"),
]


@pytest.mark.parametrize(("flow", "server", "check"), CHECKS)
def test_a_platform_that_fails_is_asked_again(flow: Callable[[], Flow[Secret]], server: str, check: str) -> None:
    """The last error says what to check."""
    good = json.dumps({"value": ASSERTION}).encode() if flow is github else ASSERTION.encode()
    world = World([HttpResponse(500), Failed(OSError("dropped"), retryable=True), HttpResponse(200, (), good)])
    assert world.run(flow()) == Secret(ASSERTION)
    with pytest.raises(errors.InvalidResponse) as caught:
        World([HttpResponse(500)] * 3).run(flow())
    assert caught.value == errors.InvalidResponse(500, f"{server} issued no assertion (HTTP 500); {check}", None, True)
    with pytest.raises(OSError, match="dropped") as dropped:
        World([Failed(OSError("dropped"), retryable=True)] * 3).run(flow())
    assert dropped.value.__notes__ == [f"The request asked {server} for an assertion; {check}."]


@pytest.mark.parametrize(("flow", "server", "check"), CHECKS)
@pytest.mark.parametrize(
    "response",
    [
        HttpResponse(403, (), b"M4RKER"),
        HttpResponse(201, (), b"M4RKER"),
        HttpResponse(302, {"Location": "https://b.example/"}),
        HttpResponse(200),
        HttpResponse(200, (), b"<html>M4RKER a</html>"),
        HttpResponse(200, (), b'{"value": 5, "a": "M4RKER"}'),
        HttpResponse(200, (), b"\xff\xfe"),
        HttpResponse(200, (), b"a" * (2**16 + 1)),
    ],
    ids=range(8),
)
def test_an_answer_without_an_assertion_is_an_error_that_does_not_quote_it(
    flow: Callable[[], Flow[Secret]], server: str, check: str, response: HttpResponse
) -> None:
    """It is not worth a second request."""
    world = World([response])
    with pytest.raises(errors.InvalidResponse) as caught:
        world.run(flow())
    found = "that can be sent" if response.status == 200 else f"(HTTP {response.status})"
    assert caught.value == errors.InvalidResponse(response.status, f"{server} issued no assertion {found}; {check}")
    assert len(world.sent) == 1


def made(**claims: object) -> Secret:
    """Return a JWT with *claims*."""
    return Secret(f"eyJhbGciOiJFUzI1NiJ9.{urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.c2ln")


@pytest.mark.parametrize(
    ("assertion", "remark"),
    [
        (made(exp=40.5), "the assertion expired 60 seconds ago; check that its issuer replaces it, and the clock"),
        (made(exp=-(10**400)), "the assertion expired 100 seconds ago; check that its issuer replaces it"),
        (made(exp=101, iss="https://a", sub="b", aud="c"), "the assertion has iss https://a, sub b and aud c; check"),
        (made(aud=["c", "d"], sub="b b", exp="1"), "iss of another form, sub of another form and aud c or d; check"),
        (made(aud="c" * 999), f"aud {'c' * 300}; check that the server trusts these values"),
        (Secret("opaque"), None),
        (Secret("a.!.b"), None),
        (Secret("a.a.b"), None),
        (Secret("a.\u00e9.b"), None),
        (Secret("a.e30=.b"), "iss of another form"),
        (Secret("a.ZTMw.b"), None),
    ],
)  # fmt: skip
def test_a_rejected_assertion_is_described_by_what_the_server_compares(assertion: Secret, remark: str | None) -> None:
    """Its lifetime, its issuer, its subject and its audience."""
    found = remark_on(assertion, 100.0)
    assert found is None if remark is None else found is not None and remark in found


@given(texts(), st.floats(allow_nan=False, allow_infinity=False))
def test_any_text_may_be_an_assertion(text: str, now: float) -> None:
    """An opaque one has nothing to describe."""
    assert (remark_on(Secret(text), now) is None) or text.count(".") == 2


def test_the_error_of_a_refusal_describes_the_assertion() -> None:
    """It does so only if the server rejects the client, and after the server's own words."""
    request = token_request(ClientCredentials("id", ClientAssertion(AssertionFile("assertion"))))
    refused = HttpResponse(401, (), b'{"error": "invalid_client", "error_description": "no"}')
    other = made(aud="https://other.example")
    with pytest.raises(errors.TokenRequestRefused, match=r"no.*and aud https://other\.example; check that"):
        World([refused], readings=[other]).run(exchange(request, "https://as.example/token"))
    for response in (HttpResponse(400, (), b'{"error": "invalid_scope"}'), HttpResponse(200)):
        with pytest.raises(errors.OAuthError) as caught:
            World([response], readings=[other]).run(exchange(request, "https://as.example/token"))
        assert "other.example" not in str(caught.value)
    with pytest.raises(errors.TokenRequestRefused) as opaque:
        World([refused], readings=[Secret("opaque")]).run(exchange(request, "https://as.example/token"))
    assert "trusts these" not in str(opaque.value)
