"""
The README's table of other libraries: what it says of each is what each does.
"""

import base64
import importlib
import logging
import re
import ssl
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final, TypeAlias

import httpx
import httpx2
import httpx_auth
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session

from oauth_cc import ClientCredentials, Options, RenewalWindow, Retries, Scope, token_request
from oauth_cc.httpx2 import ClientCredentialsAuth
from oauth_cc.testing import AuthorizationServer, RegisteredClient
from tests.benchmarks import calls
from tests.guides import ROOT, localized, standing_in
from tests.shells.scripted import Answer, serve

pytestmark = pytest.mark.slow

SECRET: Final = "pa55w0rd-that-is-found"
SHORT: Final = 20
"""Seconds that a token lives: Authlib and httpx-auth renew a token with fewer seconds left."""

Call: TypeAlias = Callable[[str], int]
"""Calls a URL with a token, and returns the status."""

Library: TypeAlias = Callable[[str], AbstractContextManager[Call]]
"""Makes a call that gets its token from an endpoint."""


@contextmanager
def oauth_cc(endpoint: str) -> Generator[Call]:
    """Make a call by this library, which renews a token of `SHORT` seconds after 0.2 seconds."""
    request = token_request(ClientCredentials("your_id", SECRET), Scope.of("read"))
    options = Options(renewal_window=RenewalWindow(0.01, 0.01), retries=Retries(attempts=1))
    with httpx2.Client(auth=ClientCredentialsAuth(request, endpoint, options=options)) as client:
        yield lambda url: client.get(url).status_code


@contextmanager
def authlib(endpoint: str) -> Generator[Call]:
    """Make a call by Authlib."""
    # Found by its name, as it has no types.
    client = importlib.import_module("authlib.integrations.httpx_client").OAuth2Client(
        "your_id", SECRET, scope="read", token_endpoint=endpoint, grant_type="client_credentials"
    )

    def call(url: str) -> int:
        if not client.token:
            client.fetch_token()
        status: int = client.get(url).status_code
        return status

    with client:
        yield call


@contextmanager
def by_httpx_auth(endpoint: str) -> Generator[Call]:
    """Make a call by httpx-auth."""
    httpx_auth.OAuth2.token_cache.clear()
    with httpx.Client() as fetching:
        auth = httpx_auth.OAuth2ClientCredentials(endpoint, "your_id", SECRET, scope="read", client=fetching)
        with httpx.Client(auth=auth) as client:
            yield lambda url: client.get(url).status_code


@contextmanager
def requests_oauthlib(endpoint: str) -> Generator[Call]:
    """Make a call by requests-oauthlib."""
    with OAuth2Session(client=BackendApplicationClient("your_id", scope="read")) as session:

        def call(url: str) -> int:
            if not session.authorized:
                session.fetch_token(endpoint, client_secret=SECRET)
            return session.get(url).status_code

        yield call


LIBRARIES: Final[Sequence[Library]] = (oauth_cc, authlib, by_httpx_auth, requests_oauthlib)
OURS_ALONE: Final = [True, False, False, False]


@pytest.fixture(autouse=True)
def _plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    # The servers are on this machine.
    for name in ("AUTHLIB_INSECURE_TRANSPORT", "OAUTHLIB_INSECURE_TRANSPORT"):
        monkeypatch.setenv(name, "1")


def row(start: str) -> list[str]:
    """Return the cells of the table's row whose label begins with *start*, without the label."""
    text = (ROOT / "README.md").read_text("utf-8")
    (line,) = [line for line in text.splitlines() if re.match(rf"\| \[?{re.escape(start)}", line)]
    return [cell.strip() for cell in line.strip("|").split("|")[1:]]


def said(start: str) -> list[bool]:
    """Return what the row says of each library: whether it does that."""
    cells = row(start)
    assert set(cells) <= {"✓", "–"}
    return [cell == "✓" for cell in cells]


def each(does: Callable[[Library], bool]) -> list[bool]:
    """Return whether each library *does* something."""
    return [does(library) for library in LIBRARIES]


def server(secret: str = SECRET, lifetime: int = 3600) -> AuthorizationServer:
    """Return a server that accepts *secret* of the client, and issues tokens that live *lifetime* seconds."""
    return AuthorizationServer(clients=[RegisteredClient("your_id", secret, Scope.of("read"))], lifetime=lifetime)


@pytest.fixture
def api() -> Iterator[str]:
    """Start an API that accepts every token, and yield its URL."""
    with serve(Answer()) as running:
        yield running.url


def test_the_table_has_ten_rows_at_the_most() -> None:
    """It fits a screen."""
    header = "| | oauth_cc | Authlib | httpx-auth | requests-oauthlib |\n"
    _, _, table = (ROOT / "README.md").read_text("utf-8").partition(header)
    assert 5 < len(table.partition("\n\n")[0].splitlines()) - 1 <= 10


def test_only_oauth_cc_sends_one_token_request_for_a_crowd() -> None:
    """The others send one for each thread that finds no token yet."""
    figures = calls.cold().figures
    assert row("Token requests when 50 threads start at once") == ["1", "up to 50", "up to 50", "up to 50"]
    assert {figures[f"oauth_cc, {library}"] for library in ("httpx2", "httpx", "requests")} == {1}
    assert all(1 < figures[other] <= 50 for other in ("Authlib, httpx2", "httpx-auth, httpx", "requests-oauthlib"))


def test_only_oauth_cc_renews_early_and_needs_no_server_before_the_token_expires(api: str) -> None:
    """requests-oauthlib renews nothing: it raises an error once the token has expired."""

    def survives(library: Library) -> bool:
        renews_nothing = library is requests_oauthlib
        running = server(lifetime=1 if renews_nothing else SHORT)
        with library(running.token_endpoint) as call:
            with running:
                assert call(api) == 200
                if renews_nothing:
                    time.sleep(1.6)  # it rounds
                    return failure(lambda: call(api)) == ""
            time.sleep(0.3)
            return failure(lambda: call(api)) == ""

    assert each(survives) == said("Renews early") == OURS_ALONE


def test_only_oauth_cc_keeps_the_token_from_other_origins(api: str) -> None:
    """The first call names the API; the second one is to another server."""

    def keeps(library: Library) -> bool:
        with server() as running, serve(Answer()) as elsewhere, library(running.token_endpoint) as call:
            assert [call(api), call(elsewhere.url)] == [200, 200]
            return "Authorization" not in elsewhere.asked[0].headers

    assert each(keeps) == said("Sends the token to its own API only") == OURS_ALONE


def test_only_oauth_cc_replaces_a_token_that_was_rejected() -> None:
    """The server revokes the token between two calls."""

    def replaces(library: Library) -> bool:
        with server() as running, library(running.token_endpoint) as call:
            assert call(running.resource_url) == 200
            running.revoke_all()
            return call(running.resource_url) == 200

    assert each(replaces) == said("Replaces a token that the API rejects") == OURS_ALONE


def test_only_oauth_cc_shows_no_secret_in_a_log_or_a_traceback(api: str, caplog: pytest.LogCaptureFixture) -> None:
    """All is logged, and tracebacks have local variables, as error reports have them. A renewal fails."""
    caplog.set_level(logging.DEBUG)

    def hides(library: Library) -> bool:
        caplog.clear()
        issued = [token("t0ken-that-is-found")] * (2 if library is authlib else 1)
        with serve(*issued, Answer(status=400)) as running, library(f"{running.url}/token") as call:
            assert call(api) == 200
            assert len(running.asked) == len(issued)
            time.sleep(0.3)
            shown = caplog.text + failure(lambda: call(api))
        with server("another") as refusing, library(refusing.token_endpoint) as call:
            shown += failure(lambda: call(api))
        basic = base64.b64encode(f"your_id:{SECRET}".encode()).decode()
        return not any(text in shown for text in (SECRET, basic, "t0ken-that-is-found"))

    assert each(hides) == said("Shows no secret or token") == OURS_ALONE


def test_only_oauth_cc_has_types_for_strict_checkers() -> None:
    """Two have none, and httpx-auth has parameters without a type."""
    typed = [
        (Path(spec.origin).parent / "py.typed").exists()
        for name in ("oauth_cc", "authlib", "httpx_auth", "requests_oauthlib")
        if (spec := find_spec(name)) is not None and spec.origin is not None
    ]
    assert typed == [True, False, True, False]
    assert "kwargs" not in httpx_auth.OAuth2ClientCredentials.__init__.__annotations__
    assert said("Ships complete types") == OURS_ALONE


def test_authlib_signs_for_the_token_endpoint_and_not_by_rfc_10070() -> None:
    """RFC 10070 requires assertions for the issuer, of a type of their own."""
    key = ECKey.generate_key("P-256")
    sign = importlib.import_module("authlib.oauth2.rfc7523").private_key_jwt_sign
    signed = jwt.decode(sign(key, "your_id", "https://as.example/token", alg="ES256"), key)
    assert signed.claims["aud"] == "https://as.example/token"
    assert signed.header["typ"] == "JWT"
    assert row("Client authentication")[0].startswith("secret, key (RFC 10070)")
    assert "key" in row("Client authentication")[1]


def test_authlib_and_requests_oauthlib_connect_with_a_certificate(tmp_path: Path) -> None:
    """httpx-auth requires a secret."""
    with standing_in(tmp_path) as urls:
        endpoint = localized("https://auth.bank.example/token", urls)
        context = ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))
        context.load_cert_chain(tmp_path / "client.pem")
        client = importlib.import_module("authlib.integrations.httpx_client").OAuth2Client
        with client("your_id", token_endpoint_auth_method="none", verify=context) as session:
            assert session.fetch_token(endpoint, grant_type="client_credentials")["access_token"]
        with OAuth2Session(client=BackendApplicationClient("your_id")) as session:
            session.verify, session.cert = str(tmp_path / "authority.pem"), str(tmp_path / "client.pem")
            assert session.fetch_token(endpoint, include_client_id=True)["access_token"]
        with pytest.raises(Exception, match="client_secret is mandatory"):
            httpx_auth.OAuth2ClientCredentials(endpoint, "your_id", "")
    assert ["certificate" in cell for cell in row("Client authentication")] == [True, True, False, True]


def token(text: str) -> Answer:
    """Return the response of a token endpoint with the token *text*, which lives `SHORT` seconds."""
    return Answer(chunks=(f'{{"access_token": "{text}", "token_type": "Bearer", "expires_in": {SHORT}}}'.encode(),))


def failure(call: Callable[[], object]) -> str:
    """Return the traceback of *call* with local variables, without the frames of these tests; empty if it succeeds."""
    try:
        call()
    except Exception as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
        return "".join(traceback.TracebackException(type(error), error, trace, capture_locals=True).format())
    return ""
