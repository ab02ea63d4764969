"""
The session in place of requests-oauthlib's, against real servers on loopback.
"""

import base64
import copy
import gzip
import io
import json
import logging
import pickle
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import attrs
import pytest
import requests
import requests_mock
import trustme
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth, HTTPDigestAuth

from oauth_cc import (
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretPost,
    Endpoint,
    InvalidInput,
    NoAuthentication,
    Options,
    Retries,
    Scope,
    Secret,
    SecretFile,
)
from oauth_cc._io.options import DEFAULT_TIMEOUT
from oauth_cc.compat import (
    BackendApplicationClient,
    InsecureTransportError,
    InvalidClientError,
    InvalidResponseError,
    MissingTokenError,
    OAuth2Token,
    TokenExpiredError,
)
from oauth_cc.compat.requests_oauthlib import OAuth2Session, TokenUpdated, _renewal
from oauth_cc.testing import AuthorizationServer, Fault, RegisteredClient
from tests.leaks import shown_by
from tests.resting import at_rest
from tests.shells.dripping import answer_with
from tests.shells.scripted import TOKEN, Answer, Drop, ScriptedServer, Silence, serve

KNOWN = RegisteredClient("your_id", "s3cret-of-client", Scope.of("read", "write"))
DONE = Answer(chunks=(b"done",))
REJECTED = Answer(status=401, headers=(("WWW-Authenticate", 'Bearer error="invalid_token"'),), chunks=(b"no",))
REFUSED = Answer(status=401, chunks=(b'{"error": "invalid_client"}',))
EXPIRED = {"access_token": "old", "token_type": "Bearer", "expires_in": "-30", "refresh_token": "ref"}


def token(text: str = "tok-2", **members: object) -> Answer:
    """Return a response with a token."""
    return Answer(chunks=(json.dumps({"access_token": text, "token_type": "Bearer", **members}).encode(),))


def redirect(url: str, status: int = 307) -> Answer:
    """Return a redirect to *url*."""
    return Answer(status=status, headers=(("Location", url),))


def basic(text: str, encoding: str = "latin-1") -> str:
    """Return the header value of HTTP Basic for *text*."""
    return f"Basic {base64.b64encode(text.encode(encoding)).decode()}"


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """Run a server that records its requests."""
    with AuthorizationServer(clients=[KNOWN]) as running:
        yield running


@pytest.fixture
def oauth() -> Iterator[OAuth2Session]:
    """Return a session."""
    with OAuth2Session("your_id") as session:
        yield session


@pytest.fixture
def api() -> Iterator[ScriptedServer]:
    """Run an API at another origin than every other server."""
    with serve(DONE) as script:
        yield script


def fetched(session: OAuth2Session, server: ScriptedServer, **given: Any) -> OAuth2Token:
    """Fetch a token from *server*, with a secret unless *given* has something else."""
    return session.fetch_token(f"{server.url}/token", **{"client_secret": "s3cret"} | given)


class TestFetching:
    def test_the_documented_example_runs_and_the_token_is_renewed(self, server: AuthorizationServer) -> None:
        """Only the import changes."""
        client = BackendApplicationClient("your_id", scope=["read"])
        with OAuth2Session(client=client) as oauth:
            assert not oauth.authorized
            assert oauth.token == {}
            first = oauth.fetch_token(
                token_url=server.token_endpoint, client_id="your_id", client_secret="s3cret-of-client"
            )
            assert ["Bearer", ["read"]] == [first["token_type"], first["scope"]]
            assert oauth.authorized
            assert first["access_token"] == oauth.access_token == client.access_token
            assert 200 == oauth.get(server.resource_url).status_code
            server.revoke_all()
            assert 200 == oauth.get(server.resource_url).status_code
            assert first["access_token"] != oauth.token["access_token"]
        assert 2 == len(server.token_requests)

    @pytest.mark.parametrize(
        ("given", "proof", "body"),
        [
            ({"client_secret": "s3c+ret ü%"}, basic("your_id:s3c+ret ü%"), "grant_type=client_credentials"),
            ({"client_secret": Secret("s3cret")}, basic("your_id:s3cret"), "grant_type=client_credentials"),
            ({"client_secret": "€"}, basic("your_id:€", "utf-8"), "grant_type=client_credentials"),
            ({}, basic("your_id:"), "grant_type=client_credentials"),
            ({"auth": ("id", Secret("s3cret"))}, basic("id:s3cret"), "grant_type=client_credentials"),
            ({"auth": HTTPBasicAuth("id", "s3cret")}, basic("id:s3cret"), "grant_type=client_credentials"),
            ({"auth": ClientSecretBasic("s3c ret")}, basic("your_id:s3c%20ret"), "grant_type=client_credentials"),
            (
                {"auth": ClientSecretBasic("s3c ret", encode=False)},
                basic("your_id:s3c ret"),
                "grant_type=client_credentials",
            ),
            (
                {"auth": ("id", "s3cret"), "client_secret": "other", "include_client_id": True, "scope": ["a", "b"]},
                basic("id:s3cret"),
                "grant_type=client_credentials&client_id=your_id&client_secret=other&scope=a+b",
            ),
            (
                {"client_secret": Secret("s3cret"), "include_client_id": True, "body": "x=1&x=2", "audience": "api"},
                None,
                "x=1&x=2&grant_type=client_credentials&client_id=your_id&client_secret=s3cret&audience=api",
            ),
            (
                {"username": "me", "password": Secret("pw"), "code": "c", "resource": ["a", "b"]},
                basic("your_id:"),
                "grant_type=client_credentials&code=c&resource=a&resource=b&username=me&password=pw",
            ),
        ],
    )
    def test_the_request_is_that_of_requests_oauthlib(
        self, oauth: OAuth2Session, given: dict[str, Any], proof: str | None, body: str
    ) -> None:
        """HTTP Basic is not encoded unless `ClientSecretBasic` is passed, and a Secret is as good as a str."""
        with serve(TOKEN) as script:
            oauth.fetch_token(f"{script.url}/token", **given)
            (asked,) = script.asked
        assert ("POST", "/token") == (asked.method, asked.path)
        assert proof == asked.headers.get("Authorization")
        assert body == asked.body.decode()
        assert "application/json" == asked.headers["Accept"]
        assert asked.headers["User-Agent"].startswith("oauth_cc/")

    def test_headers_parameters_and_cookies_of_the_session_are_sent(self, oauth: OAuth2Session) -> None:
        """The original sends them too. Headers that are passed replace Accept and Content-Type."""
        oauth.headers["X-Own"] = "1"
        oauth.params = {"tenant": "2"}
        oauth.cookies.set("own", "3")
        with serve(TOKEN) as script:
            fetched(oauth, script, headers={"X-Key": "k3y", "User-Agent": "mine"})
            (asked,) = script.asked
        assert "/token?tenant=2" == asked.path
        found = [asked.headers[name] for name in ("X-Own", "Cookie", "X-Key", "User-Agent", "Accept", "Content-Type")]
        assert ["1", "own=3", "k3y", "mine", "*/*", "application/x-www-form-urlencoded"] == found

    def test_the_user_agent_of_the_session_is_sent(self, oauth: OAuth2Session) -> None:
        """It replaces the one of this library, because some servers block unknown ones."""
        oauth.headers["User-Agent"] = "mine/1"
        with serve(TOKEN) as script:
            fetched(oauth, script)
        assert "mine/1" == script.asked[0].headers["User-Agent"]

    def test_a_parameter_of_the_grant_is_sent_once(self, oauth: OAuth2Session) -> None:
        """With its last value, as by the original. Servers reject one that is repeated."""
        with serve(TOKEN) as script:
            fetched(oauth, script, body="grant_type=client_credentials&scope=a", scope="b", z=["1", "2"])
        assert b"grant_type=client_credentials&scope=b&z=1&z=2" == script.asked[0].body

    @pytest.mark.parametrize("client_id", [12345, ""])
    def test_any_client_id_that_requests_can_send_is_sent(self, client_id: Any) -> None:
        """The original sends it too. Settings often have a number."""
        with serve(TOKEN, DONE) as script, OAuth2Session(client=BackendApplicationClient(client_id)) as oauth:
            fetched(oauth, script, include_client_id=True)
            assert 200 == oauth.get(script.url).status_code
        assert f"client_id={client_id}" in script.asked[0].body.decode()

    def test_a_get_request_has_its_form_in_the_query(self, oauth: OAuth2Session) -> None:
        """The original does the same. The form must not have a secret."""
        with serve(TOKEN) as script:
            fetched(oauth, script, method="GET", audience="api")
            fetched(oauth, script, force_querystring=True)
        assert [
            "GET /token?grant_type=client_credentials&audience=api",
            "POST /token?grant_type=client_credentials",
        ] == [f"{asked.method} {asked.path}" for asked in script.asked]

    @pytest.mark.parametrize("given", [{"method": "get"}, {"force_querystring": True}])
    @pytest.mark.parametrize("name", ["client_secret", "password"])
    def test_no_secret_is_sent_in_a_url(self, oauth: OAuth2Session, given: dict[str, Any], name: str) -> None:
        """Servers and proxies log URLs."""
        with serve(TOKEN) as script, pytest.raises(InvalidInput, match=f"{name} must not be in a URL") as raised:
            oauth.fetch_token(f"{script.url}/token", include_client_id=True, **given | {name: "s3cret"})
        assert [] == script.asked
        assert "s3cret" not in shown_by(raised.value)

    @pytest.mark.parametrize("auth", [ClientSecretPost("s3cret"), NoAuthentication()])
    def test_a_method_of_the_body_is_refused_as_auth_with_what_to_pass(self, oauth: OAuth2Session, auth: Any) -> None:
        """Requests could not call it."""
        with pytest.raises(InvalidInput, match=r"auth must not be .*; pass client_secret= and include_client_id=True"):
            oauth.fetch_token("https://as.example/token", auth=auth)

    @pytest.mark.parametrize(
        "auth",
        [ClientCredentials("your_id", "s3cret"), Secret("s3cret"), "s3cret", 5, ("your_id",), ClientSecretBasic],
        ids=lambda auth: type(auth).__name__,
    )
    @pytest.mark.parametrize("name", ["fetch_token", "refresh_token"])
    def test_an_auth_that_requests_cannot_use_is_refused(self, oauth: OAuth2Session, name: str, auth: Any) -> None:
        """Nothing is sent, and the token stays."""
        oauth.token = {"access_token": "kept", "token_type": "Bearer", "refresh_token": "r"}
        with pytest.raises(InvalidInput, match=r"auth must be a pair of client_id and secret or an") as raised:
            getattr(oauth, name)("https://as.example/token", auth=auth)
        assert f"not {type(auth).__name__}; pass client_secret=" in str(raised.value)
        assert "s3cret" not in shown_by(raised.value)
        assert oauth.access_token == "kept"

    def test_a_method_that_no_server_takes_is_refused(self, oauth: OAuth2Session) -> None:
        """The original rejects it too."""
        with pytest.raises(ValueError, match="The method kwarg must be POST or GET"):
            oauth.fetch_token("https://as.example/token", method="PUT")

    def test_any_auth_of_requests_authenticates_the_client(self, oauth: OAuth2Session) -> None:
        """A function, and one that answers a challenge."""

        def by_key(request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers["X-Key"] = "k3y"
            return request

        challenge = Answer(status=401, headers=(("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"'),))
        with serve(TOKEN, challenge, TOKEN) as script:
            fetched(oauth, script, auth=by_key)
            fetched(oauth, script, auth=HTTPDigestAuth("your_id", "s3cret"))
        assert "k3y" == script.asked[0].headers["X-Key"]
        assert script.asked[2].headers["Authorization"].startswith('Digest username="your_id"')

    def test_the_scope_of_a_session_without_a_client_is_sent(self) -> None:
        """Also if it is an iterator. A client that is passed sends its own scope, as in the original."""
        scopes: Any = (name for name in ["read"])
        client = BackendApplicationClient("your_id")
        with serve(TOKEN) as script, OAuth2Session("your_id", scope=scopes) as one:
            fetched(one, script)
            fetched(one, script)
            with OAuth2Session(client=client, scope=["read"]) as other:
                fetched(other, script)
            assert ["read", "read", None] == [
                dict(parse_qsl(asked.body.decode())).get("scope") for asked in script.asked
            ]
            assert ["read"] == one.scope == other.scope

    def test_a_scope_that_changes_raises_the_warning_of_oauthlib(self) -> None:
        """The session keeps no token then."""
        with serve(token(scope="write")) as script, OAuth2Session("your_id", scope="read") as oauth:
            with pytest.raises(Warning, match='Scope has changed from "read" to "write"'):
                fetched(oauth, script)
            assert {} == oauth.token

    def test_the_token_is_a_dict_that_shows_no_secret(self, oauth: OAuth2Session) -> None:
        """It supports JSON, pickle and copy."""
        with serve(token("tok-1", org={"ids": [1]}, expires_in=3600)) as script:
            before = time.time()
            found = fetched(oauth, script)
        assert found == oauth.token
        assert ["tok-1", 3600, {"ids": [1]}] == [found[name] for name in ("access_token", "expires_in", "org")]
        assert round(before) + 3600 <= found["expires_at"] <= time.time() + 3601
        assert json.loads(json.dumps(found)) == pickle.loads(pickle.dumps(found)) == copy.deepcopy(found) == found  # noqa: S301  # its own
        assert "tok-1" not in repr(found)

    def test_the_client_of_oauthlib_works_as_well(self) -> None:
        """The token that it parsed shows no secret either, and no page or text with a line break becomes a token."""
        client = pytest.importorskip("oauthlib.oauth2").BackendApplicationClient("your_id")
        page = Answer(chunks=(b'<a href="?access_token=x&token_type=Bearer">',))
        with serve(token("tok-1"), page, token("a\r\nb")) as script, OAuth2Session(client=client) as oauth:
            found = fetched(oauth, script)
            assert client.token is found is oauth.token
            assert "tok-1" not in repr(found)
            with pytest.raises(MissingTokenError):
                fetched(oauth, script)
            with pytest.raises(InvalidResponseError, match="access_token cannot be sent in a header"):
                fetched(oauth, script)
            assert not oauth.authorized


class TestErrors:
    def test_a_rejected_client_raises_the_class_of_oauthlib_with_a_hint(self, oauth: OAuth2Session) -> None:
        """The hint is a note, because the text is the server's."""
        cases: list[tuple[dict[str, Any], str | None]] = [
            ({"client_secret": "a+b"}, "reserved characters"),
            ({"client_secret": None}, "no client_secret was passed"),
            ({"auth": ClientSecretBasic("a+b")}, "does not decode"),
            ({"client_secret": "plain"}, None),
        ]
        with serve(REFUSED) as script:
            for given, hint in cases:
                with pytest.raises(InvalidClientError) as raised:
                    fetched(oauth, script, **given)
                notes = getattr(raised.value, "__notes__", [])
                assert [] == notes if hint is None else hint in notes[0]

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_of_the_token_request_is_not_followed(self, oauth: OAuth2Session, status: int) -> None:
        """The error names the new URL, without what may be secret, and the way to use it."""
        with serve(TOKEN) as other, serve(redirect(f"{other.url}/new?state=s3cret", status)) as script:
            with pytest.raises(
                InvalidResponseError, match=r"redirects to http://.*/new; .* pass it as token_url"
            ) as raised:
                fetched(oauth, script)
            assert [] == other.asked
        assert "s3cret" not in shown_by(raised.value)

    @pytest.mark.parametrize("step", [Drop, Silence])
    @pytest.mark.parametrize("given", [{"client_secret": "s3cret"}, {"auth": ("your_id", "s3cret")}])
    def test_a_network_error_shows_no_secret(
        self, oauth: OAuth2Session, step: type[Drop] | type[Silence], given: dict[str, Any]
    ) -> None:
        """The secret may have each form that `fetch_token` accepts."""
        more: dict[str, Any] = {"headers": {"X-Key": "s3cret"}, "body": "k=s3cret", "timeout": 0.05}
        with serve(step) as script, pytest.raises(requests.RequestException) as raised:
            oauth.fetch_token(f"{script.url}/token", **given, **more)
        assert "s3cret" not in shown_by(raised.value)

    @pytest.mark.parametrize(
        "raw",
        [
            b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{"access_token": "M4RKER"}\r\n',
            b'{"access_token": "M4RKER"}\r\n\r\n',
        ],
        ids=["chunk size", "status line"],
    )
    def test_a_network_error_quotes_nothing_that_the_server_sent(self, oauth: OAuth2Session, raw: bytes) -> None:
        """A token may stand where the length of a chunk belongs."""
        with (
            answer_with(raw) as url,
            pytest.raises(requests.RequestException, match=r"^token endpoint at 127") as raised,
        ):
            oauth.fetch_token(f"{url}/token", client_secret="s3cret")
        assert "M4RKER" not in shown_by(raised.value)

    @pytest.mark.parametrize(
        "answer",
        [REFUSED, redirect("https://as.example/"), Answer(chunks=(b"no",)), Answer(chunks=(b'{"access_token": 1}',))],
    )
    def test_no_error_about_a_response_shows_the_secret(self, oauth: OAuth2Session, answer: Answer) -> None:
        """Local variables of tracebacks included."""
        with serve(answer) as script, pytest.raises(Exception, match=r"\(") as raised:
            fetched(oauth, script, client_secret="s3cret", include_client_id=True)
        assert "s3cret" not in shown_by(raised.value)

    @pytest.mark.parametrize("url", ["http://127.0.0.1:1/a b", "http://me:s3cret@127.0.0.1:1/token"])
    def test_any_url_that_requests_can_send_to_has_a_network_error(self, oauth: OAuth2Session, url: str) -> None:
        """This library rejects such a URL elsewhere."""
        with pytest.raises(
            requests.ConnectionError, match=r"^token endpoint at 127\.0\.0\.1:1: no connection"
        ) as raised:
            oauth.fetch_token(url, client_secret="s3cret")
        assert "s3cret" not in str(raised.value)

    def test_a_response_that_is_cut_in_its_head_is_a_network_error(self, oauth: OAuth2Session) -> None:
        """http.client takes the part for a whole response with an empty body."""
        with (
            answer_with(b"HTTP/1.1 200 OK\r\nDate: Mon") as url,
            pytest.raises(requests.exceptions.ChunkedEncodingError, match="the connection was closed early"),
        ):
            oauth.fetch_token(url, client_secret="s3cret")

    def test_a_response_is_read_up_to_1_mib(self, oauth: OAuth2Session) -> None:
        """The limit holds for a compressed response too. A smaller one is decoded."""
        packed = (("Content-Encoding", "gzip"),)
        small, large = gzip.compress(TOKEN.chunks[0]), gzip.compress(b" " * (2 << 20))
        steps = [Answer(headers=packed, chunks=(body,)) for body in (small, large)]
        with serve(*steps, Answer(chunks=(b" " * 65536,) * 20)) as script:
            assert "tok-1" == fetched(oauth, script)["access_token"]
            for _ in range(2):
                with pytest.raises(InvalidResponseError):
                    fetched(oauth, script)

    @pytest.mark.parametrize(("chunks", "pause"), [(100, 0.01), (2, 30.0)])
    def test_a_slow_response_ends_at_the_timeout(self, oauth: OAuth2Session, chunks: int, pause: float) -> None:
        """Each read is in time, or one is not. requests has an error class for each."""
        drip = Answer(chunks=(b" ",) * chunks, pause=pause)
        late = (requests.Timeout, requests.ConnectionError)
        with serve(drip) as script, pytest.raises(late, match=r"no complete response within 0\.1 seconds$"):
            fetched(oauth, script, timeout=0.1)

    @pytest.mark.parametrize(
        ("given", "passed"),
        [
            (None, (DEFAULT_TIMEOUT, DEFAULT_TIMEOUT)),
            (4, (4, 4)),
            ((3.0, 5.0), (3.0, 5.0)),
            ((3.0, None), (3.0, DEFAULT_TIMEOUT)),
        ],
    )
    def test_a_token_request_has_a_timeout(self, oauth: OAuth2Session, given: Any, passed: tuple[float, float]) -> None:
        """One number, or a pair for connecting and reading. None stands for the default."""
        seen: list[object] = []

        class Recording(HTTPAdapter):
            def send(self, *arguments: Any, **options: Any) -> requests.Response:
                seen.append(options["timeout"])
                return super().send(*arguments, **options)

        oauth.mount("http://", Recording())
        with serve(TOKEN) as script:
            fetched(oauth, script, timeout=given)
        assert [passed] == seen

    def test_a_token_request_stays_on_the_thread_of_a_stand_in(
        self, oauth: OAuth2Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A test tool may hold a lock of the calling thread."""
        threads: list[threading.Thread] = []
        send = requests.Session.send

        def stand_in(session: requests.Session, *arguments: Any, **options: Any) -> requests.Response:
            threads.append(threading.current_thread())
            return send(session, *arguments, **options)

        monkeypatch.setattr(requests.Session, "send", stand_in)
        with serve(TOKEN) as script:
            fetched(oauth, script)
        assert [threading.current_thread()] == threads

    def test_a_timeout_that_requests_rejects_has_its_error(self, oauth: OAuth2Session) -> None:
        """A timeout is a positive number of seconds."""
        with serve(TOKEN) as script:
            for given in (0, -1, "long"):
                with pytest.raises(ValueError, match="imeout"):
                    fetched(oauth, script, timeout=given)

    @pytest.mark.parametrize("name", ["WebApplicationClient", "LegacyApplicationClient", "MobileApplicationClient"])
    def test_a_client_of_another_grant_is_refused(self, name: str) -> None:
        """The error says which library keeps supporting it."""
        client = getattr(pytest.importorskip("oauthlib.oauth2"), name)("your_id")
        with pytest.raises(InvalidInput, match="which is for another grant; pass a BackendApplicationClient, or keep"):
            OAuth2Session(client=client)

    @pytest.mark.parametrize(
        "client",
        [ClientCredentials("your_id", "s3cret"), "your_id", 5, requests.Session(), BackendApplicationClient],
        ids=lambda client: type(client).__name__,
    )
    def test_an_object_that_is_not_a_client_is_refused(self, client: Any) -> None:
        """The records of oauth_cc are the most natural mistake."""
        with pytest.raises(
            InvalidInput, match=r"client must be a BackendApplicationClient\(client_id\), not "
        ) as raised:
            OAuth2Session(client=client)
        assert f"not {type(client).__name__}; pass the secret to fetch_token()" in str(raised.value)

    def test_errors_are_of_the_classes_of_oauthlib(self, oauth: OAuth2Session) -> None:
        """Where oauthlib is installed, so that a program's except clauses match."""
        errors = pytest.importorskip("oauthlib.oauth2")
        with serve(REFUSED, Answer(chunks=(b"{}",))) as script:
            for kind in (errors.InvalidClientError, errors.MissingTokenError):
                with pytest.raises(errors.OAuth2Error) as raised:
                    fetched(oauth, script)
                assert kind is type(raised.value)
        oauth.token = EXPIRED
        with pytest.raises(errors.TokenExpiredError):
            oauth.get("https://api.example/")
        with pytest.raises(errors.InsecureTransportError):
            oauth.get("http://api.example/")

    def test_what_belongs_to_other_grants_is_refused_with_a_sentence(self, oauth: OAuth2Session) -> None:
        """The error has the class that the original raises."""
        for call in (
            lambda: oauth.authorization_url("https://as.example/"),
            lambda: oauth.token_from_fragment("https://me.example/#access_token=x"),
            lambda: oauth.fetch_token("https://as.example/", authorization_response="https://me.example/?code=x"),
        ):
            with pytest.raises(NotImplementedError, match=r"call fetch_token\(token_url, client_secret=...\)"):
                call()
        with pytest.raises(AttributeError, match="pkce must be 'S256', 'plain' or None"):
            OAuth2Session("your_id", pkce="x")  # type: ignore[arg-type]  # on purpose
        with pytest.raises(ValueError, match="hook type 'x' is unknown; use one of access_token_request"):
            oauth.register_compliance_hook("x", print)  # type: ignore[call-overload]  # on purpose


class TestConnections:
    def test_the_authorities_of_the_session_and_the_environment_are_used(
        self, oauth: OAuth2Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """They count for the token request as for the calls, and `verify` overrides them."""
        authority = trustme.CA()
        server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(server_side)
        bundle = tmp_path / "ca.pem"
        authority.cert_pem.write_to_path(str(bundle))
        with AuthorizationServer(clients=[KNOWN], tls=server_side) as server:
            with pytest.raises(requests.exceptions.SSLError):
                oauth.fetch_token(server.token_endpoint, client_secret="s3cret-of-client")
            oauth.fetch_token(server.token_endpoint, client_secret="s3cret-of-client", verify=str(bundle))
            oauth.verify = str(bundle)
            oauth.fetch_token(server.token_endpoint, client_secret="s3cret-of-client")
            assert 200 == oauth.get(server.resource_url).status_code
            oauth.verify = True
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
            oauth.fetch_token(server.token_endpoint, client_secret="s3cret-of-client")
            assert 200 == oauth.get(server.resource_url).status_code

    def test_a_proxy_of_the_environment_is_used(self, oauth: OAuth2Session, monkeypatch: pytest.MonkeyPatch) -> None:
        """So is the proxy of the argument `proxies`."""
        with serve(TOKEN) as proxy:
            oauth.fetch_token("http://localhost:1/token", client_secret="x", proxies={"http": proxy.url})
            monkeypatch.setenv("http_proxy", proxy.url)
            monkeypatch.setenv("no_proxy", "")
            oauth.fetch_token("http://localhost:1/token", client_secret="x")
        assert ["http://localhost:1/token"] * 2 == [asked.path for asked in proxy.asked]

    def test_no_netrc_file_replaces_the_token(
        self, oauth: OAuth2Session, api: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It does not replace what authenticates the client either."""
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        with serve(TOKEN) as script:
            fetched(oauth, script, include_client_id=True)
            oauth.get(api.url)
        assert "Authorization" not in script.asked[0].headers
        assert "Bearer tok-1" == api.asked[0].headers["Authorization"]


class TestHooks:
    def test_a_response_passes_the_hooks_before_it_is_read(self, oauth: OAuth2Session) -> None:
        """This holds for each renewal too."""

        def corrected(response: requests.Response) -> requests.Response:
            response._content = json.dumps({"access_token": response.json()["data"]["token"]}).encode()
            return response

        oauth.register_compliance_hook("access_token_response", corrected)
        nested = [Answer(chunks=(json.dumps({"data": {"token": text}}).encode(),)) for text in ("one", "two")]
        with serve(*nested) as script, serve(REJECTED, DONE) as api:
            assert {"access_token": "one"} == fetched(oauth, script)
            assert 200 == oauth.get(api.url).status_code
        assert ["Bearer one", "Bearer two"] == [asked.headers["Authorization"] for asked in api.asked]

    def test_a_request_passes_the_hooks_before_it_is_sent(self, oauth: OAuth2Session) -> None:
        """A hook gets the same request at each renewal, and not what it made of it."""

        def changed(
            url: str, headers: dict[str, str], sent: dict[str, Any]
        ) -> tuple[str, dict[str, str], dict[str, Any]]:
            headers["X-Key"] = headers.get("X-Key", "") + "k3y"
            sent["data"]["more"] = sent["data"].get("more", "") + "1"
            return f"{url}/of/it", headers, sent

        oauth.register_compliance_hook("access_token_request", changed)
        with serve(TOKEN, token()) as script, serve(REJECTED, DONE) as api:
            fetched(oauth, script)
            oauth.get(api.url)
        found = [(asked.path, asked.headers["X-Key"], asked.body) for asked in script.asked]
        assert [("/token/of/it", "k3y", b"grant_type=client_credentials&more=1")] * 2 == found

    def test_a_call_passes_the_hooks_before_it_gets_the_token(self, oauth: OAuth2Session, api: ScriptedServer) -> None:
        """A call without a token passes no hook."""
        oauth.register_compliance_hook(
            "protected_request", lambda url, headers, data: (f"{url}/v2", {"X-Own": "1"}, "x")
        )
        oauth.token = {"access_token": "tok"}
        oauth.get(api.url)
        oauth.request("GET", api.url, withhold_token=True)
        first, second = api.asked
        assert ("/v2", "1", "Bearer tok", b"x") == (
            first.path.replace("//", "/"),
            first.headers["X-Own"],
            first.headers["Authorization"],
            first.body,
        )
        assert "Authorization" not in second.headers

    def test_response_hooks_of_the_session_and_of_a_call_see_the_last_response(self, oauth: OAuth2Session) -> None:
        """A hook that raises for a status does not keep the call from its new token."""
        seen: list[int] = []
        oauth.hooks["response"] = [lambda response, **_: response.raise_for_status()]
        with serve(TOKEN, token()) as script, serve(REJECTED, DONE, DONE) as api:
            fetched(oauth, script)
            assert 200 == oauth.get(api.url).status_code
            oauth.get(api.url, hooks={"response": lambda response, **_: seen.append(response.status_code)})
        assert [200] == seen


class TestTokens:
    def test_the_token_goes_to_every_origin_that_the_program_calls(
        self, oauth: OAuth2Session, caplog: pytest.LogCaptureFixture
    ) -> None:
        """With one warning for each origin after the first."""
        oauth.token = {"access_token": "tok"}
        with serve(DONE) as one, serve(DONE) as two, serve(DONE) as three:
            for called in (one, two, one, two, three):
                oauth.get(called.url)
            assert [2, 2, 1] == [len(called.asked) for called in (one, two, three)]
            assert all(
                "Bearer tok" == asked.headers["Authorization"] for asked in (*one.asked, *two.asked, *three.asked)
            )
            warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
            assert [
                f"token of client your_id also sent to {called.url}; to limit it to some origins, pass origins= to "
                "OAuth2Session"
                for called in (two, three)
            ] == warned

    def test_with_origins_no_other_origin_gets_the_token(
        self, api: ScriptedServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The call is sent without it, and the log says so."""
        with serve(DONE) as other, OAuth2Session("your_id", origins=[api.url], token={"access_token": "tok"}) as oauth:
            oauth.get(api.url)
            oauth.get(other.url)
            assert "Authorization" in api.asked[0].headers
            assert "Authorization" not in other.asked[0].headers
            assert f"token of client your_id not sent to {other.url}" in caplog.text
            oauth.register_compliance_hook("protected_request", lambda url, headers, data: (url, headers, {"t": "tok"}))
            oauth.post(other.url)
            assert b"" == other.asked[1].body

    @pytest.mark.parametrize("status", [302, 307])
    def test_a_redirect_to_another_origin_gets_no_token(self, oauth: OAuth2Session, status: int) -> None:
        """No header has it, even if the program has called the other origin before."""

        class Doubling(BackendApplicationClient):
            def _add_bearer_token(self, uri: str, *arguments: Any, **keywords: Any) -> Any:
                uri, headers, body = super()._add_bearer_token(uri, *arguments, **keywords)
                return uri, {**(headers or {}), "X-Token": self.access_token}, body

        with serve(DONE) as other, serve(redirect(f"{other.url}/new", status)) as script:
            client = Doubling("your_id", token={"access_token": "tok"})
            with OAuth2Session(client=client, token=client.token) as oauth:
                oauth.get(other.url)
                oauth.get(script.url)
            assert ["tok", "tok"] == [called.asked[0].headers["X-Token"] for called in (other, script)]
            assert not {"Authorization", "X-Token"} & set(other.asked[1].headers)

    def test_a_redirect_at_the_same_origin_keeps_the_token(self, oauth: OAuth2Session) -> None:
        """The library requests does the same."""
        oauth.token = {"access_token": "tok"}
        with serve(redirect("/new"), DONE) as script:
            assert 200 == oauth.get(script.url).status_code
        assert ["Bearer tok"] * 2 == [asked.headers["Authorization"] for asked in script.asked]

    def test_a_token_in_the_body_does_not_follow_a_redirect(self, api: ScriptedServer) -> None:
        """The error says what to do."""
        client = BackendApplicationClient("your_id", default_token_placement="body")
        with serve(redirect(api.url)) as script, OAuth2Session(client=client, token={"access_token": "t+k"}) as oauth:
            with pytest.raises(InvalidResponseError, match="the body of this call has the token; if you trust"):
                oauth.post(script.url, data="x=1", headers={"Content-Type": "application/x-www-form-urlencoded"})
            assert b"x=1&access_token=t%2Bk" == script.asked[0].body
        assert [] == api.asked

    @pytest.mark.parametrize("is_set", [False, True])
    def test_plain_http_beyond_loopback_gets_no_token(
        self, oauth: OAuth2Session, monkeypatch: pytest.MonkeyPatch, is_set: bool
    ) -> None:
        """It gets no secret either, even if oauthlib's environment variable is set."""
        if is_set:
            monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
        oauth.token = {"access_token": "tok"}
        for url in ("http://api.invalid/", "HTTP://api.invalid/"):
            with pytest.raises(InsecureTransportError):
                oauth.get(url)
            with pytest.raises(InsecureTransportError):
                oauth.fetch_token(url, client_secret="s3cret")
            with pytest.raises(InsecureTransportError):
                oauth.refresh_token(url, refresh_token="s3cret")
        with pytest.raises(InsecureTransportError):
            oauth.get("ftp://api.invalid/")
        with pytest.raises(requests.ConnectionError if is_set else InsecureTransportError):
            oauth.request("GET", "http://api.invalid/", withhold_token=True)

    def test_plain_http_that_the_program_names_is_called(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The program names it as an origin, or as an `Endpoint`."""
        with serve(TOKEN, DONE) as proxy, OAuth2Session("your_id", origins=["http://api.invalid"]) as oauth:
            oauth.proxies = {"http": proxy.url}
            oauth.fetch_token(Endpoint("http://as.invalid/token", allow_http=True), client_secret="s3cret")
            assert 200 == oauth.get("http://api.invalid/").status_code
            with pytest.raises(InsecureTransportError):
                oauth.get("http://other.invalid/")
        assert ["http://as.invalid/token", "http://api.invalid/"] == [asked.path for asked in proxy.asked]

    def test_the_headers_of_the_program_stay_as_they_are(self, oauth: OAuth2Session, api: ScriptedServer) -> None:
        """A program may pass the same dict to another session."""
        oauth.token = {"access_token": "tok"}
        mine = {"X-Own": "1", "authorization": "mine"}
        oauth.get(api.url, headers=mine)
        assert {"X-Own": "1", "authorization": "mine"} == mine
        assert "Bearer tok" == api.asked[0].headers["Authorization"]

    def test_a_url_with_a_space_is_called(self, oauth: OAuth2Session, api: ScriptedServer) -> None:
        """Requests encodes it."""
        oauth.token = {"access_token": "tok"}
        oauth.get(f"{api.url}/things?filter=name eq 'a'", params={"page": 2})
        assert "/things?filter=name%20eq%20'a'&page=2" == api.asked[0].path

    @pytest.mark.parametrize(
        ("placement", "path", "body"),
        [("query", "/?a=1&access_token=tok", b"x=1"), ("body", "/?a=1", b"x=1&access_token=tok")],
    )
    def test_the_placement_of_the_client_is_used(
        self, oauth: OAuth2Session, api: ScriptedServer, placement: Any, path: str, body: bytes
    ) -> None:
        """The compliance fix for Weibo sets it."""
        oauth.token = {"access_token": "tok"}
        oauth._client.default_token_placement = placement  # type: ignore[attr-defined]  # not every client has it
        oauth.post(f"{api.url}/?a=1", data="x=1")
        assert (path, body) == (api.asked[0].path, api.asked[0].body)
        assert "Authorization" not in api.asked[0].headers


class TestRenewal:
    def test_an_expired_token_is_renewed_once_for_all_threads(
        self, oauth: OAuth2Session, api: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The call itself never fails."""
        with serve(token("one", expires_in=60), token("two", expires_in=3600)) as script:
            fetched(oauth, script)
            later = time.time() + 61
            monkeypatch.setattr(time, "time", lambda: later)
            with ThreadPoolExecutor(8) as pool:
                assert [200] * 8 == [found.status_code for found in pool.map(oauth.get, [api.url] * 8)]
        assert 2 == len(script.asked)
        assert {"Bearer two"} == {asked.headers["Authorization"] for asked in api.asked}
        assert "two" == oauth.token["access_token"] == oauth.access_token

    def test_the_log_says_how_long_each_token_request_took(
        self, oauth: OAuth2Session, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The first one, and a renewal."""
        caplog.set_level(logging.INFO, "oauth_cc")
        slow = [attrs.evolve(answer, chunks=(*answer.chunks, b" "), pause=0.05) for answer in (TOKEN, token())]
        with serve(*slow) as script, serve(REJECTED, DONE) as api:
            fetched(oauth, script)
            oauth.get(api.url)
        taken = [vars(record)["oauth_cc_milliseconds"] for record in caplog.records if "took" in record.msg]
        assert 2 == len([each for each in taken if each >= 50])

    def test_a_token_that_expires_at_once_is_used(self, oauth: OAuth2Session, api: ScriptedServer) -> None:
        """In oauthlib it never expires."""
        with serve(token("one", expires_in=0), token("two", expires_in=0)) as script:
            fetched(oauth, script)
            oauth.get(api.url)
            oauth.get(api.url)
        assert all(asked.headers["Authorization"] in {"Bearer one", "Bearer two"} for asked in api.asked)
        assert 1 <= len(script.asked) <= 3

    def test_a_token_without_an_expiry_is_used_until_it_is_rejected(
        self, oauth: OAuth2Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The original does the same."""
        with serve(token("one"), token("two")) as script, serve(DONE, REJECTED, DONE) as api:
            fetched(oauth, script)
            later = time.time() + 86400
            monkeypatch.setattr(time, "time", lambda: later)
            oauth.get(api.url)
            assert 1 == len(script.asked)
            oauth.get(api.url)
        assert ["Bearer one", "Bearer one", "Bearer two"] == [asked.headers["Authorization"] for asked in api.asked]

    def test_a_rejected_call_is_repeated_under_requests_mock(self, oauth: OAuth2Session) -> None:
        """It holds a lock while a call is sent."""
        with requests_mock.Mocker() as mocked:
            mocked.post("https://as.example/token", [{"json": {"access_token": text}} for text in ("one", "two")])
            mocked.get("https://api.example/", [{"status_code": 401}, {"text": "done"}])
            oauth.fetch_token("https://as.example/token", client_secret="s3cret")
            assert "done" == oauth.get("https://api.example/").text

    def test_a_rejected_call_is_repeated_with_its_body(self, oauth: OAuth2Session) -> None:
        """A file from its start. The rejection is in the history."""
        with serve(TOKEN, token()) as script, serve(REJECTED, DONE) as api:
            fetched(oauth, script)
            response = oauth.post(api.url, data=io.BytesIO(b"content"))
        assert (200, [401]) == (response.status_code, [before.status_code for before in response.history])
        assert [b"content"] * 2 == [asked.body for asked in api.asked]

    @pytest.mark.parametrize(
        ("answers", "data"),
        [
            ([TOKEN, REFUSED], None),  # the renewal fails
            ([TOKEN, Drop], None),
            ([TOKEN, token()], iter([b"content"])),  # the body is gone
        ],
    )
    def test_a_call_that_cannot_be_repeated_returns_the_rejection(
        self, oauth: OAuth2Session, answers: list[Any], data: Any
    ) -> None:
        """The original returns it too."""
        with serve(*answers) as script, serve(REJECTED, DONE) as api:
            fetched(oauth, script)
            response = oauth.post(api.url, data=data)
        assert (401, b"no") == (response.status_code, response.content)

    def test_a_hook_that_fails_on_a_renewal_leaves_the_rejection(self, oauth: OAuth2Session) -> None:
        """The original would not have called it."""
        oauth.register_compliance_hook("access_token_response", lambda response: response.json()["wrapped"] or response)
        wrapped = [Answer(chunks=(b'{"access_token": "tok", "wrapped": ""}',)), REFUSED]
        with serve(*wrapped) as script, serve(REJECTED, DONE) as api:
            fetched(oauth, script)
            assert (401, b"no") == ((response := oauth.get(api.url)).status_code, response.content)
        assert 2 == len(script.asked)

    def test_rejected_calls_share_one_connection_with_the_token_request(self, server: AuthorizationServer) -> None:
        """A call that kept its connection would wait for itself. A rejection that is returned can be read."""
        with OAuth2Session("your_id") as oauth:
            oauth.mount("http://", HTTPAdapter(pool_maxsize=1, pool_block=True))
            oauth.fetch_token(server.token_endpoint, client_secret="s3cret-of-client")
            server.revoke_all()
            with ThreadPoolExecutor(8) as pool:
                futures = [pool.submit(oauth.get, server.resource_url) for _ in range(8)]
            assert [200] * 8 == [future.result().status_code for future in futures]
            assert 2 == len(server.token_requests)
            server.revoke_all()
            server.misbehave(Fault(error="invalid_client"))
            rejection = oauth.get(server.resource_url)
            assert (401, True) == (rejection.status_code, bool(rejection.content))

    def test_a_second_rejection_is_returned(self, oauth: OAuth2Session) -> None:
        """A call is repeated once. A token that the program set is not renewed at all."""
        with serve(TOKEN, token()) as script, serve(REJECTED) as api:
            fetched(oauth, script)
            assert 401 == oauth.get(api.url).status_code
            assert 2 == len(api.asked)
            oauth.token = {"access_token": "tok"}
            assert 401 == oauth.get(api.url).status_code
            assert 3 == len(api.asked)
        assert 2 == len(script.asked)

    def test_an_api_that_rejects_every_token_costs_two_token_requests(self, oauth: OAuth2Session) -> None:
        """The calls go out with the last token."""
        with serve(TOKEN, *[token(f"tok-{number}") for number in range(2, 9)]) as script, serve(REJECTED) as api:
            fetched(oauth, script)
            assert [oauth.get(api.url).status_code for _ in range(20)] == [401] * 20
            assert 2 == len(script.asked)
            assert 21 == len(api.asked)

    def test_an_api_that_rejects_every_other_call_costs_two_token_requests(self, oauth: OAuth2Session) -> None:
        """One of its servers is wrong."""
        with serve(TOKEN, token(), token("tok-3")) as script, serve(*[REJECTED, DONE] * 4) as api:
            fetched(oauth, script)
            assert [200, 401, 200, 401] == [oauth.get(api.url).status_code for _ in range(4)]
            assert 2 == len(script.asked)

    def test_a_renewal_that_fails_raises_once_the_token_has_expired(
        self, oauth: OAuth2Session, api: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The error has the class of oauthlib."""
        with serve(token(expires_in=60), REFUSED) as script:
            fetched(oauth, script)
            later = time.time() + 61
            monkeypatch.setattr(time, "time", lambda: later)
            with pytest.raises(InvalidClientError):
                oauth.get(api.url)
        assert [] == api.asked

    def test_a_renewal_that_takes_too_long_is_a_timeout_of_requests(
        self, oauth: OAuth2Session, api: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A program that waits longer for a token waits longer for its renewal, too."""
        monkeypatch.setattr(_renewal, "DEFAULTS", Options(wait_timeout=0.01, retries=Retries(2, 0.0, 0.0)))
        with serve(token(expires_in=60), Silence) as script:
            fetched(oauth, script, timeout=(0.1, 0.2))
            later = time.time() + 61
            monkeypatch.setattr(time, "time", lambda: later)
            with pytest.raises(requests.Timeout, match=r"^no token within 0\.3 seconds"):
                oauth.get(api.url)
        assert oauth._source is not None
        at_rest(oauth._source)
        assert [] == api.asked

    def test_the_loops_of_the_tutorials_run_and_become_idle(
        self, api: ScriptedServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The log says so at the level of debugging."""
        caplog.set_level(logging.DEBUG, "oauth_cc")
        saved: list[object] = []
        with (
            serve(token(expires_in=3600)) as script,
            OAuth2Session("your_id", auto_refresh_url=f"{script.url}/token", token_updater=saved.append) as oauth,
        ):
            fetched(oauth, script)
            oauth._client._expires_at = 5  # type: ignore[attr-defined]  # as tests of programs do
            try:
                assert 200 == oauth.get(api.url).status_code
            except (TokenExpiredError, TokenUpdated):
                pytest.fail("the loop of the tutorial is not idle")
        assert [] == saved
        assert "this session renews its token; TokenExpiredError, auto_refresh_url and token_updater" in caplog.text

    def test_a_token_that_was_passed_is_refreshed_as_by_the_original(self, api: ScriptedServer) -> None:
        """This needs a URL, which gets only the parameters of a token request."""
        saved: list[OAuth2Token] = []
        with serve(token("new", expires_in=3600)) as script:
            with OAuth2Session("your_id", token=EXPIRED) as oauth, pytest.raises(TokenExpiredError):
                oauth.get(api.url)
            url, more = f"{script.url}/token", {"audience": "api"}
            with OAuth2Session("your_id", token=dict(EXPIRED), auto_refresh_url=url, auto_refresh_kwargs=more) as oauth:
                with pytest.raises(TokenUpdated) as updated:
                    oauth.get(api.url)
                assert "new" == updated.value.token["access_token"]
            with OAuth2Session(
                "your_id", token=dict(EXPIRED), auto_refresh_url=url, token_updater=saved.append
            ) as oauth:
                oauth.request(
                    "GET", api.url, client_id="your_id", client_secret="s3cret", params={"page": 1}, timeout=5
                )
                assert [oauth.token] == saved
                assert "ref" == saved[0]["refresh_token"]
        first, second = script.asked
        assert b"grant_type=refresh_token&scope=&refresh_token=ref&audience=api".replace(b"scope=&", b"") == first.body
        assert b"grant_type=refresh_token&refresh_token=ref" == second.body
        assert "Authorization" not in first.headers
        assert basic("your_id:s3cret") == second.headers["Authorization"]
        assert ["Bearer new"] == [asked.headers["Authorization"] for asked in api.asked]

    def test_a_refresh_passes_its_hooks(self, oauth: OAuth2Session) -> None:
        """The body is text here, as in the original."""
        oauth.token = {"access_token": "tok", "refresh_token": "ref"}
        oauth.register_compliance_hook(
            "refresh_token_request", lambda url, headers, body: (url, headers, f"{body}&x=1")
        )
        oauth.register_compliance_hook("refresh_token_response", lambda response: response)
        with serve(token(refresh_token="next")) as script:
            assert "next" == oauth.refresh_token(f"{script.url}/token")["refresh_token"]
            assert b"grant_type=refresh_token&refresh_token=ref&x=1" == script.asked[0].body
        with pytest.raises(ValueError, match="no token_url; pass the token endpoint"):
            oauth.refresh_token("")

    def test_threads_that_fetch_and_call_always_send_a_token(self, oauth: OAuth2Session, api: ScriptedServer) -> None:
        """A fetch keeps the last token until it has the next."""
        stop = threading.Event()
        with serve(token("one", expires_in=3600), keep_alive=True) as script:
            fetched(oauth, script)

            def call() -> None:
                while not stop.is_set():
                    oauth.get(api.url)

            thread = threading.Thread(target=call)
            thread.start()
            for _ in range(10):
                fetched(oauth, script)
            stop.set()
            thread.join()
        assert all("Authorization" in asked.headers for asked in api.asked)


def test_a_session_is_its_own_copy_and_is_not_pickled(oauth: OAuth2Session) -> None:
    """In requests-oauthlib a copy has no client, and a function that cannot be pickled."""
    assert copy.copy(oauth) is oauth is copy.deepcopy([oauth])[0]
    with pytest.raises(TypeError, match="OAuth2Session cannot be pickled; make it in each process, and pass"):
        pickle.dumps(oauth)


def test_a_secret_that_is_still_to_be_read_is_rejected() -> None:
    """A session sends what it is given."""
    session = OAuth2Session("your_id")
    with pytest.raises(InvalidInput, match="client_secret must be the secret itself in a session"):
        session.fetch_token("https://as.example/token", auth=ClientSecretBasic(SecretFile("/run/secret")))
