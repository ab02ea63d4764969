"""
The requests integration against real servers.
"""

import copy
import io
import json
import logging
import pickle
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
import trustme
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth, HTTPDigestAuth, HTTPProxyAuth

from oauth_cc import ClientCredentials, ClientSecretPost, Options, Retries, Scope, Secret, token_request
from oauth_cc._io.options import DEFAULT_TIMEOUT
from oauth_cc._io.user_agent import USER_AGENT
from oauth_cc.compat import BackendApplicationClient
from oauth_cc.compat._token_dict import TokenDict
from oauth_cc.compat.requests_oauthlib import OAuth2Session
from oauth_cc.errors import (
    InsecureEndpoint,
    InvalidInput,
    InvalidResponse,
    TokenRequestRefused,
    UnexpectedRedirect,
)
from oauth_cc.events import Event, ScopeInsufficient, TokenObtained, TokenWithheld
from oauth_cc.requests import ClientCredentialsAuth, TokenSource, fetch_token
from oauth_cc.stores import TokenCache
from oauth_cc.testing import AuthorizationServer, RegisteredClient
from tests.leaks import shown_by
from tests.shells.scripted import TOKEN, Answer, Drop, ScriptedServer, Silence, serve

REQUEST = token_request(ClientCredentials("your_id", "s3cret-of-client"), Scope.of("read"))
KNOWN = RegisteredClient("your_id", "s3cret-of-client", Scope.of("read", "write"))
ONCE = Retries(attempts=1)
QUICK = Retries(attempts=3, base=0.0, ceiling=0.0)
SECOND = Answer(chunks=(b'{"access_token": "tok-2", "token_type": "Bearer", "expires_in": 3600}',))
BASIC = "Basic eW91cl9pZDpzM2NyZXQ="
DONE = Answer(chunks=(b"done",))
REJECTED = Answer(status=401, headers=(("WWW-Authenticate", 'Bearer error="invalid_token"'),), chunks=(b"no",))
LACKING = Answer(
    status=403, headers=(("WWW-Authenticate", 'Bearer error="insufficient_scope", scope="admin"'),), chunks=(b"no",)
)


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """Run a server that records its requests."""
    with AuthorizationServer(clients=[KNOWN]) as running:
        yield running


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """Yield a plain session."""
    with requests.Session() as made:
        yield made


def auth_of(script: ScriptedServer, *, events: list[Event] | None = None) -> ClientCredentialsAuth:
    """Return an auth for tokens of *script*."""
    hook = (events if events is not None else []).append
    return ClientCredentialsAuth(REQUEST, f"{script.url}/token", options=Options(on_event=hook))


def carried(script: ScriptedServer) -> list[str | None]:
    """Return the Authorization header of each request to *script*."""
    return [asked.headers.get("Authorization") for asked in script.asked]


class TestFetching:
    def test_fetch_token_returns_the_token_of_the_server(self, server: AuthorizationServer) -> None:
        """With the scope of the response."""
        token = fetch_token(REQUEST, server.token_endpoint)
        assert token.scope == Scope.of("read")

    def test_the_defaults_of_a_passed_session_are_not_sent(self, session: requests.Session, tmp_path: Path) -> None:
        """Headers, credentials, parameters and cookies of the session stay out."""
        session.headers["X-Own"] = "1"
        session.auth = ("someone", "else")
        session.params = {"own": "1"}
        session.cookies.set("own", "1")
        with serve(TOKEN) as script:
            fetch_token(REQUEST, f"{script.url}/token", client=session)
            (asked,) = script.asked
        assert (asked.method, asked.path) == ("POST", "/token")
        assert asked.body == b"grant_type=client_credentials&scope=read"
        assert set(asked.headers) == {
            *("Host", "Content-Type", "Accept", "Authorization", "Content-Length", "Accept-Encoding", "User-Agent"),
        }
        assert asked.headers["User-Agent"] == USER_AGENT
        assert asked.headers["Accept-Encoding"] == "identity"

    @pytest.mark.parametrize("client", [None, "theirs"])
    def test_netrc_does_not_replace_the_client_authentication(
        self, session: requests.Session, client: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With and without a passed session."""
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login someone password else\n", "ascii")
        monkeypatch.setenv("NETRC", str(netrc))
        with serve(TOKEN) as script:
            theirs = session if client else None
            fetch_token(REQUEST, f"{script.url}/token", client=theirs)
            assert carried(script) == ["Basic eW91cl9pZDpzM2NyZXQtb2YtY2xpZW50"]

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_a_redirect_is_an_error_and_not_followed(self, status: int) -> None:
        """The redirect target does not receive the secret."""
        with serve(TOKEN) as elsewhere, serve(Answer(status=status, headers=(("Location", elsewhere.url),))) as script:
            with pytest.raises(UnexpectedRedirect):
                fetch_token(REQUEST, f"{script.url}/token")
            assert elsewhere.asked == []

    def test_the_certificates_of_a_passed_session_set_the_trust(
        self, session: requests.Session, tmp_path: Path
    ) -> None:
        """Without them the handshake fails once with the library's own error."""
        authority = trustme.CA()
        server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(server_side)
        bundle = tmp_path / "ca.pem"
        authority.cert_pem.write_to_path(str(bundle))
        session.verify = str(bundle)
        with serve(TOKEN, tls=server_side) as script:
            fetch_token(REQUEST, f"{script.url}/token", client=session)
            with pytest.raises(requests.exceptions.SSLError):
                fetch_token(REQUEST, f"{script.url}/token", options=Options(retries=QUICK))
            assert len(script.asked) == 1

    def test_a_dropped_connection_and_a_503_are_retried(self) -> None:
        """The third attempt succeeds."""
        with serve(Drop, Answer(status=503), TOKEN) as script:
            fetch_token(REQUEST, f"{script.url}/token", options=Options(retries=QUICK))
            assert len(script.asked) == 3

    def test_a_silent_server_times_out_without_a_retry(self) -> None:
        """The request may have arrived."""
        with serve(Silence) as script:
            with pytest.raises(requests.ReadTimeout):
                fetch_token(REQUEST, f"{script.url}/token", options=Options(timeout=0.05, retries=QUICK))
            assert len(script.asked) == 1

    def test_the_timeout_covers_the_whole_response(self) -> None:
        """The server sends a byte now and then."""
        dripping = Answer(chunks=(b" ",) * 200, pause=0.02)
        with serve(dripping) as script, pytest.raises(requests.ReadTimeout, match=r"within 0\.1 seconds"):
            fetch_token(REQUEST, f"{script.url}/token", options=Options(timeout=0.1, retries=ONCE))

    def test_a_response_beyond_the_size_limit_is_rejected(self) -> None:
        """However much the server sends."""
        endless = Answer(chunks=(b" " * 65536,) * 64)
        with serve(endless) as script, pytest.raises(InvalidResponse):
            fetch_token(REQUEST, f"{script.url}/token")

    def test_a_response_that_is_not_in_its_content_coding_is_rejected(self) -> None:
        """The body is not gzip."""
        coded = Answer(headers=(("Content-Encoding", "gzip"),), chunks=(b"no gzip",))
        with serve(coded) as script, pytest.raises(InvalidResponse):
            fetch_token(REQUEST, f"{script.url}/token")

    @pytest.mark.parametrize("step", [Drop, Silence])
    def test_a_network_error_shows_no_secret(self, step: type[Drop] | type[Silence]) -> None:
        """Nor do its causes and its traceback with locals."""
        request = token_request(ClientCredentials("your_id", ClientSecretPost("p0st-s3cret")))
        with serve(step) as script:
            with pytest.raises(requests.RequestException) as raised:
                fetch_token(request, f"{script.url}/token", options=Options(timeout=0.05, retries=ONCE))
            assert isinstance(raised.value.request, requests.PreparedRequest)
            assert raised.value.request.body is None
            assert "p0st-s3cret" not in shown_by(raised.value)


class TestToken:
    def test_fifty_cold_threads_call_with_the_token_of_one_request(
        self, session: requests.Session, server: AuthorizationServer
    ) -> None:
        """Every call carries the token."""
        session.auth = ClientCredentialsAuth(REQUEST, server.token_endpoint)
        start = threading.Barrier(50)

        def one(_: int) -> int:
            start.wait(30)
            return session.get(server.resource_url).status_code

        with ThreadPoolExecutor(50) as pool:
            assert set(pool.map(one, range(50))) == {200}
        assert len(server.token_requests) == 1

    def test_the_token_replaces_another_authorization_header(
        self, session: requests.Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A call carries one Authorization header."""
        with serve(TOKEN) as script, serve(DONE) as api:
            session.get(api.url, auth=auth_of(script), headers={"authorization": "Basic other"})
            assert carried(api) == ["Bearer tok-1"]

    def test_netrc_does_not_replace_the_token(
        self, session: requests.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nor on the repeated call."""
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login someone password else\n", "ascii")
        monkeypatch.setenv("NETRC", str(netrc))
        with serve(TOKEN, SECOND) as script, serve(REJECTED, DONE) as api:
            session.auth = auth_of(script)
            assert session.get(api.url).status_code == 200
            assert carried(api) == ["Bearer tok-1", "Bearer tok-2"]

    def test_with_scope_requests_each_token_once(self, session: requests.Session, server: AuthorizationServer) -> None:
        """Both scopes have a cached token."""
        auth = ClientCredentialsAuth(REQUEST, server.token_endpoint)
        session.auth = auth
        url = f"{server.resource_url}/write"
        assert session.get(url).status_code == 403
        assert session.get(url, auth=auth.with_scope(Scope.of("write"))).status_code == 200
        assert session.get(url, auth=auth.with_scope(Scope.of("write"))).status_code == 200
        assert len(server.token_requests) == 2

    def test_with_resource_sends_the_token_to_that_resource_only(self, session: requests.Session) -> None:
        """The token of the first origin does not go to the resource."""
        with serve(TOKEN, SECOND) as script, serve(DONE) as api, serve(DONE) as other:
            session.auth = auth_of(script)
            session.get(api.url)
            special = auth_of(script).with_resource(f"{other.url}/")
            session.get(other.url, auth=special)
            session.get(api.url, auth=special)
            assert carried(api) == ["Bearer tok-1", None]
            assert carried(other) == ["Bearer tok-2"]

    def test_a_refused_token_request_reaches_the_caller(self, session: requests.Session) -> None:
        """The API is not called."""
        with serve(Answer(status=401, chunks=(b'{"error": "invalid_client"}',))) as script, serve(DONE) as api:
            with pytest.raises(TokenRequestRefused):
                session.get(api.url, auth=auth_of(script))
            assert api.asked == []


class TestRejectedToken:
    def test_a_rejected_token_is_replaced_and_the_call_repeated(
        self, session: requests.Session, server: AuthorizationServer
    ) -> None:
        """The 401 is in the history of the response."""
        session.auth = ClientCredentialsAuth(REQUEST, server.token_endpoint)
        assert session.get(server.resource_url).status_code == 200
        server.revoke_all()
        answer = session.get(server.resource_url)
        assert [answer.status_code, *[before.status_code for before in answer.history]] == [200, 401]
        assert session.get(server.resource_url).status_code == 200
        assert len(server.token_requests) == 2

    def test_a_call_is_repeated_at_most_once(self, session: requests.Session) -> None:
        """The caller gets the second 401."""
        with serve(TOKEN, SECOND) as script, serve(REJECTED) as api:
            assert session.get(api.url, auth=auth_of(script)).status_code == 401
            assert carried(api) == ["Bearer tok-1", "Bearer tok-2"]
            assert len(script.asked) == 2

    @pytest.mark.parametrize(
        "body",
        [
            lambda: {"data": b"a body"},
            lambda: {"data": "a body"},
            lambda: {"json": {"a": "body"}},
            lambda: {"data": {"a": "body"}},
            lambda: {"files": {"file": io.BytesIO(b"a body")}},
            lambda: {"data": io.BytesIO(b"a body")},
        ],
        ids=["bytes", "text", "json", "form", "files", "file"],
    )
    def test_a_replayable_body_is_sent_again_unchanged(
        self,
        session: requests.Session,
        body: Callable[[], dict[str, Any]],  # each library's own names for a body
    ) -> None:
        """On the repeated call."""
        with serve(TOKEN, SECOND) as script, serve(REJECTED, DONE) as api:
            assert session.post(api.url, auth=auth_of(script), **body()).status_code == 200
            first, second = api.asked
            assert b"body" in first.body
            assert first.body == second.body

    def test_a_call_with_a_one_time_body_is_not_repeated(self, session: requests.Session) -> None:
        """The caller gets the 401, and the next call has a new token."""
        with serve(TOKEN, SECOND) as script, serve(REJECTED, DONE) as api:
            session.auth = auth_of(script)
            assert session.post(api.url, data=iter([b"a body"])).status_code == 401
            assert session.get(api.url).status_code == 200
            assert carried(api) == ["Bearer tok-1", "Bearer tok-2"]

    def test_a_redirect_after_a_401_carries_the_new_token(self, session: requests.Session) -> None:
        """Not the rejected token."""
        moved = Answer(status=307, headers=(("Location", "/there"),))
        with serve(TOKEN, SECOND) as script, serve(REJECTED, moved, DONE) as api:
            assert session.get(api.url, auth=auth_of(script)).status_code == 200
            assert carried(api) == ["Bearer tok-1", "Bearer tok-2", "Bearer tok-2"]

    def test_an_insufficient_scope_is_reported_without_a_repeated_call(self, session: requests.Session) -> None:
        """The event has the scope that the API requires."""
        events: list[Event] = []
        with serve(TOKEN) as script, serve(LACKING) as api:
            assert session.get(api.url, auth=auth_of(script, events=events)).status_code == 403
            assert len(api.asked) == 1
        assert [event.scope for event in events if isinstance(event, ScopeInsufficient)] == [Scope.of("admin")]


class TestOtherOrigins:
    @pytest.mark.parametrize("status", [302, 307, 308])
    def test_a_redirect_to_another_origin_carries_no_token(self, session: requests.Session, status: int) -> None:
        """A 401 of that origin does not discard the token."""
        events: list[Event] = []
        with serve(TOKEN, SECOND) as script, serve(REJECTED) as elsewhere:
            with serve(Answer(status=status, headers=(("Location", f"{elsewhere.url}/there"),))) as api:
                session.auth = auth_of(script, events=events)
                assert [session.get(api.url).status_code for _ in range(2)] == [401, 401]
            assert carried(elsewhere) == [None, None]
            assert len(script.asked) == 1
        assert [type(event) for event in events] == [TokenObtained]

    def test_a_401_after_a_detour_does_not_discard_the_token(self, session: requests.Session) -> None:
        """The redirected call no longer carries the token."""
        with serve(TOKEN, SECOND) as script, serve(DONE) as away:
            leaving = Answer(status=307, headers=(("Location", away.url),))
            with serve(leaving, REJECTED) as api:
                away.steps[:] = [Answer(status=307, headers=(("Location", f"{api.url}/back"),))]
                assert session.get(api.url, auth=auth_of(script)).status_code == 401
                assert carried(api) == ["Bearer tok-1", None]
            assert len(script.asked) == 1

    def test_a_redirect_within_the_origin_keeps_the_token(self, session: requests.Session) -> None:
        """A 401 after the redirect replaces the token."""
        moved = Answer(status=307, headers=(("Location", "/there"),))
        with serve(TOKEN, SECOND) as script, serve(moved, REJECTED, DONE) as api:
            assert session.get(api.url, auth=auth_of(script)).status_code == 200
            assert carried(api) == ["Bearer tok-1", "Bearer tok-1", "Bearer tok-2"]

    def test_the_first_call_sets_the_origin(self, session: requests.Session) -> None:
        """A call to another origin goes out without the token and is reported."""
        events: list[Event] = []
        with serve(TOKEN) as script, serve(DONE) as api, serve(REJECTED) as other:
            session.auth = auth_of(script, events=events)
            session.get(api.url)
            assert session.get(other.url).status_code == 401
            assert carried(other) == [None]
            assert [event.api for event in events if isinstance(event, TokenWithheld)] == [other.url]

    def test_a_first_call_over_plain_http_is_rejected(self, session: requests.Session) -> None:
        """No token is requested."""
        with serve(TOKEN) as script:
            with pytest.raises(InsecureEndpoint):
                session.get("http://api.example/", auth=auth_of(script))
            assert script.asked == []

    def test_the_origin_is_the_host_that_urllib3_connects_to(self, session: requests.Session) -> None:
        """A backslash in a URL hides another host."""

        class Elsewhere(HTTPAdapter):
            def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
                assert "Authorization" not in request.headers
                raise requests.ConnectionError("not sent")

        session.mount("https://", Elsewhere())
        with serve(TOKEN) as script:
            auth = ClientCredentialsAuth(REQUEST, f"{script.url}/token", origins=["https://api.example"])
            with pytest.raises(requests.ConnectionError):
                session.get("https://evil.example\\@api.example/", auth=auth)
            assert script.asked == []


def test_logs_and_reprs_show_no_secret_and_no_token(
    session: requests.Session, server: AuthorizationServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The log level is DEBUG."""
    caplog.set_level(logging.DEBUG)
    store = TokenCache()
    auth = ClientCredentialsAuth(REQUEST, server.token_endpoint, store=store)
    answer = session.get(server.resource_url, auth=auth)
    source = TokenSource(REQUEST, server.token_endpoint, store=store)
    token = source.token().access_token.reveal()
    server.revoke_all()
    session.get(server.resource_url, auth=auth)
    shown = "\n".join([caplog.text, repr(auth), repr(vars(auth)), repr(source), repr(answer.request.hooks)])
    assert "token obtained for client your_id" in shown
    assert token not in shown
    assert "s3cret-of-client" not in shown
    assert "eW91cl9pZ" not in shown


class TestOAuth2Session:
    def test_the_documented_example_of_requests_oauthlib_works(self, server: AuthorizationServer) -> None:
        """Only the import changes, and the token is kept fresh."""
        client = BackendApplicationClient("your_id", scope=["read"])
        with OAuth2Session(client=client) as oauth:
            assert not oauth.authorized
            assert oauth.token == {}
            token = oauth.fetch_token(
                token_url=server.token_endpoint, client_id="your_id", client_secret="s3cret-of-client"
            )
            assert token["token_type"] == "Bearer"
            assert token["scope"] == ["read"]
            assert oauth.authorized
            assert oauth.access_token == token["access_token"]
            assert oauth.get(server.resource_url).status_code == 200
            server.revoke_all()
            assert oauth.get(server.resource_url).status_code == 200
            assert oauth.token["access_token"] != token["access_token"]
        assert len(server.token_requests) == 2

    @pytest.mark.parametrize("auth", [("your_id", "s3cret-of-client"), HTTPBasicAuth("your_id", "s3cret-of-client")])
    def test_the_session_accepts_auth_as_pair_or_http_basic_auth(
        self, server: AuthorizationServer, auth: tuple[str, str] | HTTPBasicAuth
    ) -> None:
        """As requests-oauthlib does."""
        with OAuth2Session("your_id", scope="read write") as oauth:
            assert oauth.fetch_token(server.token_endpoint, auth=auth)["scope"] == ["read", "write"]

    def test_include_client_id_sends_the_secret_in_the_body(self, session: requests.Session) -> None:
        """Further keywords become parameters."""
        with serve(TOKEN) as script, OAuth2Session("your_id") as oauth:
            url = f"{script.url}/token"
            oauth.fetch_token(url, client_secret="s3cret", include_client_id=True, audience="api")
            (asked,) = script.asked
            assert asked.body == (b"grant_type=client_credentials&client_id=your_id&client_secret=s3cret&audience=api")
            assert "Authorization" not in asked.headers

    def test_the_session_uses_its_own_adapters_and_certificates(self, tmp_path: Path) -> None:
        """For the token request and for the calls."""
        authority = trustme.CA()
        server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(server_side)
        bundle = tmp_path / "ca.pem"
        authority.cert_pem.write_to_path(str(bundle))
        with AuthorizationServer(clients=[KNOWN], tls=server_side) as server, OAuth2Session("your_id") as oauth:
            oauth.verify = str(bundle)
            oauth.fetch_token(server.token_endpoint, client_secret="s3cret-of-client")
            assert oauth.get(server.resource_url).status_code == 200
            with pytest.raises(requests.exceptions.SSLError):
                oauth.fetch_token(server.token_endpoint, client_secret="s3cret-of-client", verify=True)

    @pytest.mark.parametrize(
        ("given", "proof", "body"),
        [
            ({"client_secret": Secret("s3cret")}, BASIC, "grant_type=client_credentials"),
            ({"auth": ("your_id", Secret("s3cret"))}, BASIC, "grant_type=client_credentials"),
            ({"auth": ("your_id", "s3cret"), "client_secret": "s3cret"}, BASIC, "grant_type=client_credentials"),
            (
                {"auth": HTTPBasicAuth("your_id", "s3cret"), "include_client_id": True},
                BASIC,
                "grant_type=client_credentials&client_id=your_id",
            ),
            (
                {"client_secret": "s3cret", "include_client_id": True, "body": "x=1&y=a+b", "method": "POST"},
                None,
                "x=1&y=a+b&grant_type=client_credentials&client_id=your_id&client_secret=s3cret",
            ),
        ],
    )
    def test_the_session_sends_the_request_of_requests_oauthlib(
        self, given: dict[str, Any], proof: str | None, body: str
    ) -> None:
        """Authorization header and body."""
        with serve(TOKEN) as script, OAuth2Session("your_id") as oauth:
            oauth.fetch_token(f"{script.url}/token", **given)
            (asked,) = script.asked
        assert asked.headers.get("Authorization") == proof
        assert asked.body.decode() == body

    def test_further_headers_are_sent_and_are_part_of_the_cache_key(self) -> None:
        """They do not replace the headers of a token request."""
        store = TokenCache()
        with serve(TOKEN, SECOND, SECOND) as script:
            for further in (
                {"User-Agent": "mine", "accept": "*/*", "Content-Type": "text/plain"},
                {"X-Key": "k3y"},
                {},
            ):
                with OAuth2Session("your_id", store=store) as oauth:
                    oauth.fetch_token(f"{script.url}/token", client_secret="s3cret", headers=further)
            plain = token_request(ClientCredentials("your_id", "s3cret"))
            TokenSource(plain, f"{script.url}/token", store=store).token()
            first, second, _ = script.asked
        assert first.headers["User-Agent"] == "mine"
        assert first.headers["Accept"] == "application/json"
        assert first.headers["Content-Type"] == "application/x-www-form-urlencoded"
        assert [asked.headers.get("X-Key") for asked in script.asked] == [None, "k3y", None]
        assert second.headers["Authorization"] == BASIC

    @pytest.mark.parametrize(
        ("given", "passed"),
        [
            (None, (DEFAULT_TIMEOUT, DEFAULT_TIMEOUT)),
            (4, (4, 4)),
            ((3.0, 5.0), (3.0, 5.0)),
            ((3.0, None), (3.0, DEFAULT_TIMEOUT)),
            ((None, 5.0), (DEFAULT_TIMEOUT, 5.0)),
        ],
    )
    def test_the_session_accepts_a_timeout_as_requests_does(
        self, given: float | tuple[float | None, float | None] | None, passed: tuple[float, float]
    ) -> None:
        """One number, or a pair for connecting and reading. None stands for the default."""
        seen: list[object] = []

        class Recording(HTTPAdapter):
            def send(self, *arguments: Any, **options: Any) -> requests.Response:
                seen.append(options["timeout"])
                return super().send(*arguments, **options)

        with serve(TOKEN) as script, OAuth2Session("your_id") as oauth:
            oauth.mount("http://", Recording())
            oauth.fetch_token(f"{script.url}/token", client_secret="s3cret", timeout=given)
        assert seen == [passed]

    @pytest.mark.parametrize("given", [(5, 0), (0, 5), (5, None, 5), "5"])
    def test_an_invalid_timeout_is_rejected(self, given: Any) -> None:
        """Each number of the pair is checked."""
        with (
            OAuth2Session("your_id") as oauth,
            pytest.raises(InvalidInput, match="timeout must be a number of seconds"),
        ):
            oauth.fetch_token("https://as.example/token", client_secret="s3cret", timeout=given)

    def test_fetch_token_returns_the_members_of_requests_oauthlib(self) -> None:
        """The repr hides secrets. Unknown members are absent."""
        lasting = Answer(chunks=(b'{"access_token": "tok-1", "token_type": "bearer", "scope": "a b", "x": 1}',))
        with serve(TOKEN, lasting) as script, OAuth2Session("your_id") as oauth:
            before = time.time()
            token = oauth.fetch_token(f"{script.url}/token", client_secret="s3cret")
            assert token == oauth.token
            assert token["access_token"] == "tok-1"
            assert token["expires_in"] == 3600
            assert before + 3600 <= token["expires_at"] <= time.time() + 3600
            assert "tok-1" not in repr(token)
            token = oauth.fetch_token(f"{script.url}/token", client_secret="another")
            assert token == {"access_token": "tok-1", "token_type": "Bearer", "scope": ["a", "b"], "x": 1}

    def test_the_token_dict_supports_json_pickle_and_copy(self) -> None:
        """Nested members included."""
        nested = b'{"access_token": "tok-1", "token_type": "bearer", "org": {"ids": [1, {"a": null}]}}'
        with serve(Answer(chunks=(nested,))) as script, OAuth2Session("your_id") as oauth:
            token = oauth.fetch_token(f"{script.url}/token", client_secret="s3cret")
            assert token["org"] == {"ids": [1, {"a": None}]}
            assert json.loads(json.dumps(token)) == pickle.loads(pickle.dumps(token)) == copy.deepcopy(token) == token  # noqa: S301  # its own
            assert "***" in repr(TokenDict(refresh_token="r3fresh"))
            assert "r3fresh" not in repr(TokenDict(refresh_token="r3fresh"))

    def test_every_token_request_carries_the_scope_of_the_session(self) -> None:
        """Even if the scope is an iterator."""
        scope = (name for name in ["read"])
        with serve(TOKEN) as script, OAuth2Session("your_id", scope=scope) as oauth:
            for _ in range(2):
                oauth.fetch_token(f"{script.url}/token", client_secret="s3cret")
            assert [b"scope=read" in asked.body for asked in script.asked] == [True, True]

    @pytest.mark.parametrize("client_id", [None, "other_id"])
    def test_a_client_id_argument_overrides_the_session_but_not_auth(self, client_id: str | None) -> None:
        """For one request."""
        with serve(TOKEN) as script, OAuth2Session("your_id") as oauth:
            url = f"{script.url}/token"
            oauth.fetch_token(url, client_secret="s3cret", client_id=client_id, include_client_id=True)
            oauth.fetch_token(url, auth=("third_id", "s3cret"), client_id=client_id, include_client_id=True)
            sent = [dict(parse_qsl(asked.body.decode()))["client_id"] for asked in script.asked]
        assert sent == [client_id or "your_id", "third_id"]

    @pytest.mark.parametrize(
        ("given", "passed"),
        [
            ({}, {"verify": "ca.pem", "cert": "own.pem", "proxies": {"https": "http://p"}}),
            ({"verify": False}, {"verify": False, "cert": "own.pem", "proxies": {"https": "http://p"}}),
            ({"cert": "other.pem"}, {"verify": "ca.pem", "cert": "other.pem", "proxies": {"https": "http://p"}}),
            ({"proxies": {}}, {"verify": "ca.pem", "cert": "own.pem", "proxies": {}}),
            ({"proxies": {"x": "y"}}, {"verify": "ca.pem", "cert": "own.pem", "proxies": {"x": "y"}}),
        ],
    )
    def test_connection_arguments_replace_those_of_the_session(
        self, given: dict[str, Any], passed: dict[str, Any]
    ) -> None:
        """For one request, and without merging."""
        seen: list[dict[str, Any]] = []

        class Recording(HTTPAdapter):
            def send(self, *arguments: Any, **options: Any) -> requests.Response:
                seen.append({name: options[name] for name in passed})
                raise requests.ConnectionError("not from here")

        with OAuth2Session("your_id") as oauth:
            oauth.mount("https://", Recording())
            oauth.verify, oauth.cert, oauth.proxies = "ca.pem", "own.pem", {"https": "http://p"}
            with pytest.raises(requests.ConnectionError):
                oauth.fetch_token("https://as.example/token", client_secret="s3cret", **given)
        assert seen[0] == passed

    @pytest.mark.parametrize(
        ("given", "fault"),
        [
            ({"origins": "https://api.example"}, "origins must be a list of URLs, not str"),
            ({"origins": ["api.example"]}, "https"),
            ({"store": {}}, "store must have the methods load, save, discard, lock"),
            ({"on_event": 3}, "on_event must be a plain function"),
        ],
    )
    def test_invalid_options_are_rejected_at_construction(self, given: dict[str, Any], fault: str) -> None:
        """Not when a token is fetched."""
        with pytest.raises(InvalidInput, match=fault):
            OAuth2Session("your_id", **given)

    @pytest.mark.parametrize(
        ("given", "fault"),
        [
            ({"code": ""}, "code belongs to the authorization code grant"),
            ({"code": "c0de-s3cret"}, "code belongs to the authorization code grant; leave it out"),
            ({"authorization_response": "https://x/?code=c0de-s3cret"}, "authorization_response belongs to the auth"),
            ({"username": "x"}, r"username belongs to the password grant; pass auth=\(client_id"),
            ({"password": "p4ss-s3cret"}, r"password belongs to the password grant; pass auth=\(client_id"),
            ({"method": "GET"}, r"method must be POST \(RFC 6749 section 3.2\); leave it out"),
            ({"force_querystring": True}, "force_querystring must be False"),
            ({"body": "client_secret=b0dy-s3cret"}, "client_secret must not be a parameter"),
            ({"body": "x=b0dy-s3cret%"}, "body must be form text, but it contains a character"),
            ({"audience": ["l1st-s3cret"]}, "audience must have a str or Secret as its value"),
            ({"client_secret": "new-s3cret\n"}, "client_secret must not end with a newline"),
            ({"headers": {"X-Key": 5}}, "headers must have names and values of type str"),
            ({"headers": {"X-Key": "l1ne-s3cret\n"}}, "one that is illegal in a header or a form"),
            ({"headers": {"Authorization": "Basic b0th-s3cret"}}, "must use one method per request"),
            ({"auth": HTTPProxyAuth("your_id", "pr0xy-s3cret")}, r"auth must be \(client_id, client_secret\)"),
            ({"auth": HTTPDigestAuth("your_id", "d1gest-s3cret")}, r"auth must be \(client_id, client_secret\)"),
            ({"auth": HTTPBasicAuth(b"your_id", b"byt3-s3cret")}, r"auth must be \(client_id, client_secret\)"),
            ({"auth": ("l0ne-s3cret",)}, r"auth must be \(client_id, client_secret\)"),
            ({"auth": lambda request: request}, r"auth must be \(client_id, client_secret\)"),
        ],
    )
    def test_unsupported_arguments_are_rejected_before_anything_is_sent(
        self, given: dict[str, Any], fault: str
    ) -> None:
        """The error says what to do and shows no secret."""
        with serve(TOKEN) as script, OAuth2Session("your_id") as oauth:
            with pytest.raises(InvalidInput, match=fault) as raised:
                oauth.fetch_token(f"{script.url}/token", **{"client_secret": "cl1ent-s3cret", **given})
            assert script.asked == []
        assert "s3cret" not in shown_by(raised.value)

    @pytest.mark.parametrize("step", [Drop, Silence])
    def test_a_network_error_of_the_session_shows_no_secret(self, step: type[Drop] | type[Silence]) -> None:
        """In each form that `fetch_token` accepts."""
        with serve(step) as script, OAuth2Session("your_id") as oauth:
            for given in ({"client_secret": "s3cret"}, {"auth": ("your_id", "s3cret")}):
                with pytest.raises(requests.RequestException) as raised:
                    oauth.fetch_token(
                        f"{script.url}/token",
                        headers={"X-Key": "s3cret"},
                        body="k=s3cret",
                        **given,
                        timeout=0.05,
                    )
                assert "s3cret" not in shown_by(raised.value)

    def test_missing_or_unknown_arguments_are_rejected_with_a_remedy(self) -> None:
        """At construction and in `fetch_token`."""
        with pytest.raises(InvalidInput, match="no client_id; pass it as OAuth2Session"):
            OAuth2Session()
        with pytest.raises(InvalidInput, match="auto_refresh_url is not an option of this session"):
            OAuth2Session("your_id", auto_refresh_url="https://x")  # type: ignore[arg-type]  # checkers refuse it too
        with OAuth2Session("your_id") as oauth, pytest.raises(InvalidInput, match="no client_secret; pass it"):
            oauth.fetch_token("https://as.example/token")
