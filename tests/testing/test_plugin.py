"""
The pytest plugin: its fixtures, and the renewals that it waits for.
"""

import pytest

# pytester unloads what a run loads, and the names that oauth_cc has loaded by then would be of other classes.
import oauth_cc.httpx2
import oauth_cc.requests
import oauth_cc.testing  # noqa: F401  # as above

HEAD = """
import threading, time
import httpx2, pytest, requests
from oauth_cc import ClientCredentials, Options, RenewalWindow, token_request
from oauth_cc.testing import AuthorizationServer, Fault, RegisteredClient, TokenClock

def auth(server, options=Options()):
    from oauth_cc.httpx2 import ClientCredentialsAuth
    request = token_request(ClientCredentials("your_id", "s3cret"))
    return ClientCredentialsAuth(request, server.token_endpoint, options=options)
"""


def run(pytester: pytest.Pytester, tests: str, **outcomes: int) -> None:
    """Run *tests* with the plugin, and compare the numbers of outcomes."""
    pytester.makepyfile(HEAD + tests)
    plugins = ["-p", "oauth_cc.testing.plugin", "-p", "requests_mock.contrib._pytest_plugin", "-p", "no:cacheprovider"]
    result = pytester.runpytest(
        "--disable-plugin-autoload", *plugins, "-W", "ignore::pytest.PytestAssertRewriteWarning"
    )
    result.assert_outcomes(**outcomes)


def test_the_fixtures_are_a_server_its_client_and_a_clock(pytester: pytest.Pytester) -> None:
    """A test with them passes through expiry, without waiting."""
    run(
        pytester,
        """
def test_expiry(authorization_server: AuthorizationServer, registered_client, token_clock: TokenClock):
    assert registered_client == RegisteredClient("your_id", "s3cret")
    before = time.time()
    with httpx2.Client(auth=auth(authorization_server)) as api:
        assert api.get(authorization_server.resource_url).status_code == 200
        token_clock.advance(3601)
        assert time.time() - before > 3600
        assert api.get(authorization_server.resource_url).status_code == 200
    assert len(authorization_server.token_requests) == 2

def test_the_clock_is_right_again():
    import datetime
    assert abs(time.time() - datetime.datetime.now().timestamp()) < 60
""",
        passed=2,
    )


def test_a_fixture_of_the_programs_own_replaces_the_client(pytester: pytest.Pytester) -> None:
    """The server registers it."""
    run(
        pytester,
        """
@pytest.fixture
def registered_client():
    return RegisteredClient("your_id", "0ther")

def test_refused(authorization_server):
    from oauth_cc import TokenRequestRefused
    with httpx2.Client(auth=auth(authorization_server)) as api, pytest.raises(TokenRequestRefused):
        api.get(authorization_server.resource_url)
""",
        passed=1,
    )


def test_a_renewal_in_the_background_ends_before_the_fixtures(pytester: pytest.Pytester) -> None:
    """Otherwise it would send the secret to the real server after the mock of a fixture has ended."""
    run(
        pytester,
        """
@pytest.fixture
def tokens():
    made = []
    yield made
    assert len(made) == 2

def test_renewal(tokens):
    from oauth_cc.httpx2 import TokenSource
    def answer(request):
        if tokens:  # the renewal is slower than the test
            time.sleep(0.1)
        tokens.append(1)
        return httpx2.Response(200, json={"access_token": "tok", "token_type": "Bearer", "expires_in": 3600})
    at_once = Options(renewal_window=RenewalWindow(opens=1e-9, closes=1e-9))
    client = httpx2.Client(transport=httpx2.MockTransport(answer))
    credentials = ClientCredentials("your_id", "s3cret")
    source = TokenSource(credentials, "https://auth.example.com/token", client=client, options=at_once)
    source.token()
    source.token()
    assert len(tokens) == 1
""",
        passed=1,
    )


def test_a_renewal_that_does_not_end_is_a_warning_after_the_teardown(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Here warnings are errors: fixtures have ended nonetheless. A thread that keeps a token fresh is not waited for.
    """
    monkeypatch.setattr("oauth_cc.testing.plugin._LONGEST_WAIT", 0.05)
    run(
        pytester,
        """
over = threading.Event()

def test_stuck():
    for name in ("oauth_cc renewal", "oauth_cc renewal without calls"):
        threading.Thread(target=over.wait, name=name, daemon=True).start()

def test_next():
    over.set()
""",
        passed=2,
        errors=1,
    )
