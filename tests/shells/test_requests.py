"""
The requests integration against real servers.
"""

import io
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

from oauth_cc import ClientCredentials, ClientSecretPost, Options, Retries, Scope, token_request
from oauth_cc._io.user_agent import USER_AGENT
from oauth_cc.errors import (
    InsecureEndpoint,
    InvalidResponse,
    TokenRequestRefused,
    UnexpectedRedirect,
)
from oauth_cc.events import Event, ScopeInsufficient, TokenObtained, TokenWithheld
from oauth_cc.requests import ClientCredentialsAuth, TokenSource, fetch_token
from oauth_cc.stores import TokenCache
from oauth_cc.testing import AuthorizationServer, RegisteredClient
from tests.leaks import shown_by
from tests.resting import at_rest
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


def auth_of(
    script: ScriptedServer, *, events: list[Event] | None = None, origins: list[str] | None = None
) -> ClientCredentialsAuth:
    """Return an auth for tokens of *script*."""
    hook = (events if events is not None else []).append
    return ClientCredentialsAuth(REQUEST, f"{script.url}/token", origins=origins, options=Options(on_event=hook))


class Recording(BaseAdapter):
    """An adapter for URLs of any scheme, which records the Authorization header of each request."""

    def __init__(self) -> None:
        super().__init__()
        self.carried: list[str | None] = []

    def send(self, request: requests.PreparedRequest, *_arguments: Any, **_named: Any) -> requests.Response:
        """Return a response without a body."""
        value = request.headers.get("Authorization")
        self.carried.append(None if value is None else str(value))
        response = requests.Response()
        response.status_code, response.request, response.raw = 200, request, io.BytesIO()
        return response

    def close(self) -> None:
        """Do nothing."""


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
        """Its causes and its traceback with locals do not show one either."""
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
        """It does not replace the token of the repeated call either."""
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

    def test_many_rejected_calls_share_one_connection_with_the_token_request(
        self, session: requests.Session, server: AuthorizationServer
    ) -> None:
        """A call that kept its connection would wait for itself."""
        session.mount("http://", HTTPAdapter(pool_maxsize=1, pool_block=True))
        session.auth = ClientCredentialsAuth(REQUEST, server.token_endpoint, client=session)
        session.auth.source.token()
        server.revoke_all()
        with ThreadPoolExecutor(30) as pool:
            futures = [pool.submit(session.get, server.resource_url) for _ in range(30)]
        assert [future.result().status_code for future in futures] == [200] * 30
        assert len(server.token_requests) == 2

    @pytest.mark.parametrize(
        ("chunks", "pause", "connections"),
        [((b"no",), 0.0, 1), ((b"x" * 65536,) * 50, 0.0, 2), ((b"n", b"o"), 30.0, 2)],
        ids=["short", "endless", "slow"],
    )
    def test_only_a_short_rejection_keeps_its_connection(
        self,
        session: requests.Session,
        monkeypatch: pytest.MonkeyPatch,
        chunks: tuple[bytes, ...],
        pause: float,
        connections: int,
    ) -> None:
        """What was read of another stays in memory."""
        made: list[int] = []
        connect = urllib3.util.connection.create_connection

        def noted(address: tuple[str, int], *options: Any, **named: Any) -> socket.socket:
            made.append(address[1])
            return connect(address, *options, **named)

        monkeypatch.setattr(urllib3.util.connection, "create_connection", noted)
        if not pause:
            # A busy machine may take longer.
            monkeypatch.setattr("oauth_cc._io.requests_repeating._SECONDS", 20.0)
        rejected = Answer(401, chunks=chunks, pause=pause)
        with serve(TOKEN, SECOND) as script, serve(rejected, DONE, keep_alive=True) as api:
            answer = session.get(api.url, auth=auth_of(script), timeout=60)
        assert made.count(int(api.url.rpartition(":")[2])) == connections
        read = answer.history[0].content
        assert (answer.content, read) == (b"done", b"".join(chunks)[: len(read)])
        assert pause or read.startswith(chunks[0][:2])
        assert len(read) <= 2 * 65536

    def test_a_repeated_call_that_is_redirected_is_not_repeated_again(self, session: requests.Session) -> None:
        """The caller gets the 401 of the last hop. The next call may be repeated."""
        moved = Answer(status=307, headers=(("Location", "/there"),))
        with serve(TOKEN, SECOND) as script, serve(REJECTED, moved, REJECTED, DONE) as api:
            session.auth = auth_of(script)
            assert session.get(api.url).status_code == 401
            assert carried(api) == ["Bearer tok-1", "Bearer tok-2", "Bearer tok-2"]
            assert session.get(api.url).status_code == 200

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
        """The repeated call has the same body."""
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
        """It does not carry the rejected token."""
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
            at_rest(session.auth.source)
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

    @pytest.mark.parametrize("host", ["%2Ftmp%2Fx", "a-.example", "a..b", "1.2.3.4.5"])
    @pytest.mark.parametrize("scheme", ["http+unix", "http", "https"])
    def test_a_url_without_an_origin_is_called_without_the_token(
        self, session: requests.Session, scheme: str, host: str
    ) -> None:
        """A session with an auth also calls such URLs, which its adapters know."""
        events: list[Event] = []
        adapter = Recording()
        session.mount(f"{scheme}://", adapter)
        with serve(TOKEN) as script:
            for origins in (None, ["https://api.example"]):
                session.get(f"{scheme}://{host}/a?b=c", auth=auth_of(script, events=events, origins=origins))
            assert script.asked == []
        assert adapter.carried == [None, None]
        assert [event.api for event in events if isinstance(event, TokenWithheld)] == [f"{scheme}://{host}"] * 2

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
