"""
Assertions that platforms issue, on each library, against servers that stand in for the platforms.
"""

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from oauth_cc import (
    AssertionFile,
    ClientAssertion,
    ClientCredentials,
    Options,
    TokenRequest,
    errors,
    token_request,
)
from oauth_cc.httpx2 import fetch_token, perform, perform_async
from oauth_cc.testing import AssertionIssuer, AuthorizationServer, FederatedIdentity, RegisteredClient
from oauth_cc.workload import AssertionVariable, GitHubActions, GoogleMetadata
from tests.leaks import shown_by
from tests.shells.asking import WAYS
from tests.shells.scripted import Answer, Asked, Silence, serve

AUDIENCE: Final = "https://as.example"
PLATFORM: Final = AssertionIssuer("https://platform.example")
DAY: Final = 86_400
GOOD: Final = PLATFORM.assertion("job", AUDIENCE, lifetime=DAY)


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """Run a server that trusts the platform about one job, for one audience."""
    methods: Any = frozenset({"federated_jwt"})
    identity = FederatedIdentity(PLATFORM.issuer, "job", AUDIENCE, PLATFORM.jwks)
    client = RegisteredClient("your_id", authentication_methods=methods, federated_identity=identity)
    with AuthorizationServer(clients=[client]) as running:
        yield running


def with_source(source: Any, **options: Any) -> TokenRequest:
    """Return the request of a client with an assertion of *source*."""
    return token_request(ClientCredentials("your_id", ClientAssertion(source, **options)))


def answered(asked: Asked) -> Answer:
    """Return the assertion as Google does, or as GitHub does."""
    if asked.headers.get("Metadata-Flavor") == "Google":
        return Answer(chunks=(GOOD.encode(),))
    return Answer(chunks=(json.dumps({"count": 9, "value": GOOD}).encode(),))


def export(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Set the variables of a job of GitHub Actions."""
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{url}/idtoken?api-version=2.0")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "j0b")


def test_every_library_asks_the_platform_for_an_assertion(
    server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own function does so, and may be a coroutine function in async code."""
    with serve(answered) as platform:
        export(monkeypatch, platform.url)
        for ask in WAYS:
            own = getattr(ask.shell, f"perform{ask.suffix}")
            assert inspect.iscoroutinefunction(own) == (ask.backend is not None)
            for source in (GitHubActions(own), GoogleMetadata(own, platform.url.removeprefix("http://"))):
                ask.token(with_source(source, audience=AUDIENCE), server.token_endpoint)
        assert len(platform.asked) == 2 * len(WAYS)
    assert {seen.status for seen in server.token_requests} == {200}


def test_an_assertion_in_a_variable_is_read_for_each_request(
    server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitLab passes it to a job in this way."""
    request = with_source(AssertionVariable("OIDC_TOKEN"))
    for value in (None, ""):
        if value is not None:
            monkeypatch.setenv("OIDC_TOKEN", value)
        with pytest.raises(errors.InvalidInput, match="OIDC_TOKEN is unset or empty; check that the job requests it"):
            fetch_token(request, server.token_endpoint)
    monkeypatch.setenv("OIDC_TOKEN", GOOD)
    fetch_token(request, server.token_endpoint)


def impatient(flow: Any) -> Any:
    """Perform *flow* with a short timeout."""
    return perform(flow, options=Options(timeout=0.2))


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (Silence, "check that"),
        (Answer(403, chunks=(b"M4RKER",)), r"\(HTTP 403\); check that"),
        (Answer(404), r"\(HTTP 404\); check that"),
        (Answer(500, chunks=(b"M4RKER",)), r"\(HTTP 500\)"),
        (Answer(), "issued no assertion that can be sent; check that"),
    ],
    ids=["slow", "403", "404", "500", "empty"],
)
def test_a_platform_that_fails_sends_no_token_request(
    server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch, step: Any, reason: str
) -> None:
    """The error says what to check, and shows neither the token of the job nor what the platform said."""
    with serve(step) as platform:
        export(monkeypatch, platform.url)
        google = GoogleMetadata(impatient, platform.url.removeprefix("http://"))
        for source in (GitHubActions(impatient), google):
            with pytest.raises((errors.InvalidResponse, httpx2.ReadTimeout)) as caught:
                fetch_token(with_source(source, audience=AUDIENCE), server.token_endpoint)
            shown = shown_by(caught.value)
            assert re.search(reason, shown)
            assert "M4RKER" not in shown
            assert "j0b" not in shown
    assert not server.token_requests


def test_outside_of_a_job_the_error_names_the_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent."""
    monkeypatch.delenv("ACTIONS_ID_TOKEN_REQUEST_URL", raising=False)
    with pytest.raises(errors.InvalidInput, match="with the permission id-token: write"):
        GitHubActions(perform)(AUDIENCE)


@pytest.mark.parametrize(
    ("assertion", "reason"),
    [
        (
            PLATFORM.assertion("job", AUDIENCE, lifetime=-60),
            "the assertion expired [0-9]+ seconds ago; check that its issuer",
        ),
        (
            PLATFORM.assertion("job", "https://other.example", lifetime=DAY),
            "sub job and aud https://other.example; check that the server",
        ),
        (
            PLATFORM.assertion("other", AUDIENCE, lifetime=DAY),
            "sub other and aud https://as.example; check that the server trusts",
        ),
        (
            AssertionIssuer("https://stranger.example").assertion("job", AUDIENCE, lifetime=DAY),
            "has iss https://stranger.example",
        ),
    ],
    ids=["expired", "audience", "subject", "issuer"],
)
def test_an_assertion_that_the_server_rejects_is_described(
    server: AuthorizationServer, tmp_path: Path, assertion: str, reason: str
) -> None:
    """A projected token of Kubernetes, or a JWT-SVID of SPIFFE: a file of any issuer."""
    file = tmp_path / "assertion"
    file.write_text(assertion)
    with pytest.raises(errors.TokenRequestRefused, match=reason) as caught:
        fetch_token(with_source(AssertionFile(file)), server.token_endpoint)
    assert assertion.split(".")[2] not in shown_by(caught.value)


def test_an_empty_file_is_an_error_before_anything_is_sent(server: AuthorizationServer, tmp_path: Path) -> None:
    """It is read again for a moment."""
    file = tmp_path / "assertion"
    file.write_text("\n")
    with pytest.raises(errors.InvalidInput, match="must not be empty; check the program that writes it"):
        fetch_token(with_source(AssertionFile(file)), server.token_endpoint)
    assert not server.token_requests


def test_a_coroutine_function_in_threads_is_an_error_that_says_what_to_pass(server: AuthorizationServer) -> None:
    """The perform of threads."""
    request = with_source(GoogleMetadata(perform_async, "127.0.0.1:9"), audience=AUDIENCE)
    with pytest.raises(errors.InvalidInput, match="pass a plain function"):
        fetch_token(request, server.token_endpoint)
