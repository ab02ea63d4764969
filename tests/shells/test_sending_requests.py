"""
A token request on requests goes as the session sends, and leaves nothing in the session.
"""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.util.retry import Retry

from oauth_cc import ClientCredentials, ClientSecretPost, InvalidResponse, Options, Retries, token_request
from oauth_cc._io import requests_connection
from oauth_cc.errors import OAuthError, TokenRequestRefused, UnexpectedRedirect
from oauth_cc.requests import TokenSource, fetch_metadata, fetch_token
from tests.leaks import shown_by
from tests.shells.dripping import drip
from tests.shells.scripted import TOKEN, Answer, ScriptedServer, serve

REQUEST = token_request(ClientCredentials("your_id", ClientSecretPost("s3cret-of-client")))
ONCE = Options(retries=Retries(attempts=1), timeout=5.0)
REFUSED = Answer(status=400, chunks=(b'{"error": "invalid_scope", "error_description": "no such scope"}',))
BUSY = Answer(status=503, chunks=(b'{"error": "temporarily_unavailable"}',))


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """Yield a plain session."""
    with requests.Session() as made:
        yield made


class Stub(BaseAdapter):
    """An adapter as people write them in tests: it returns *response*."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__()
        self.response = response
        self.sent: list[tuple[requests.PreparedRequest, dict[str, Any]]] = []

    def send(self, request: requests.PreparedRequest, **sending: Any) -> requests.Response:  # type: ignore[override]  # as stubs do
        """Return the response."""
        self.sent.append((request, sending))
        self.response.request, self.response.url = request, request.url or ""
        return self.response

    def close(self) -> None:
        """Do nothing."""


def stubbed(status: int, content: bytes) -> requests.Response:
    """Return a response without a raw response below it."""
    response = requests.Response()
    response.status_code, response._content = status, content
    return response


def fetch(server: ScriptedServer, session: requests.Session | None = None) -> None:
    """Fetch a token from *server*."""
    fetch_token(REQUEST, f"{server.url}/token", client=session, options=ONCE)


class TestSession:
    """What the session contributes."""

    @pytest.mark.parametrize("on", ["instance", "class"])
    def test_what_wraps_send_sees_the_request_and_the_response(
        self, session: requests.Session, on: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Tracing wraps `send` in this way."""
        target: Any = session if on == "instance" else requests.Session
        send, seen = target.send, []

        def traced(*arguments: Any, **sending: Any) -> requests.Response:
            response: requests.Response = send(*arguments, **sending)
            seen.append((arguments[-1].url, arguments[-1].body, response.status_code))
            return response

        monkeypatch.setattr(target, "send", traced)
        with serve(TOKEN) as server:
            fetch(server, session)
            body = b"grant_type=client_credentials&client_id=your_id&client_secret=s3cret-of-client"
            assert seen == [(f"{server.url}/token", body, 200)]

    def test_what_wraps_send_gets_a_response_without_connection_redirect_and_cookie(
        self, session: requests.Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is read and has the status, the reason, the other headers and the body."""
        send, seen = session.send, list[tuple[dict[str, Any], requests.Response]]()

        def traced(request: requests.PreparedRequest, **sending: Any) -> requests.Response:
            seen.append((sending, send(request, **sending)))
            return seen[-1][1]

        monkeypatch.setattr(session, "send", traced)
        moved = Answer(302, (("LOCATION", "/there"), ("X-Own", "x"), ("Set-Cookie", "id=of-as")), (b"moved",))
        with serve(moved) as server, pytest.raises(UnexpectedRedirect):
            fetch(server, session)
        ((sending, response),) = seen
        assert (sending["timeout"], sending["allow_redirects"]) == ((5.0, 5.0), False)
        assert (response.status_code, response.reason, response.url) == (302, "Found", f"{server.url}/token")
        assert (response.content, response.raw, response.history) == (b"moved", None, [])
        assert response.request.url == f"{server.url}/token"
        assert isinstance(response.headers, requests.structures.CaseInsensitiveDict)
        assert "location" not in response.headers
        assert (response.headers["x-own"], response.headers["set-cookie"]) == ("x", "id=of-as")

    def test_a_request_without_a_body_has_no_length(self, session: requests.Session) -> None:
        """The request for metadata is such a request."""
        with serve(Answer(404)) as server, pytest.raises(OAuthError):
            fetch_metadata(server.url, client=session, options=ONCE)
        assert {(asked.method, asked.body) for asked in server.asked} == {("GET", b"")}
        names = {name for asked in server.asked for name in asked.headers}
        assert names == {"Host", "Accept", "Accept-Encoding", "User-Agent"}

    def test_a_mounted_adapter_gets_the_settings_of_the_session_and_of_the_environment(
        self, session: requests.Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Proxies, authorities and certificate."""
        stub = Stub(stubbed(200, TOKEN.chunks[0]))
        session.mount("https://as.example/", stub)
        session.cert, session.proxies["http"] = "client.pem", "http://of.session:1"
        monkeypatch.setenv("HTTPS_PROXY", "http://of.environment:2")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "authorities.pem")
        fetch_token(REQUEST, "https://as.example/token", client=session)
        ((_, sending),) = stub.sent
        proxies = {"http": "http://of.session:1", "https": "http://of.environment:2"}
        assert {name: sending["proxies"][name] for name in proxies} == proxies
        assert (sending["verify"], sending["cert"]) == ("authorities.pem", "client.pem")

    @pytest.mark.parametrize("on", ["instance", "class"])
    def test_nothing_of_the_response_is_left_in_the_session(
        self, session: requests.Session, on: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """This holds even where a bound `send` was wrapped."""
        if on == "instance":
            monkeypatch.setattr(session, "send", session.send)
        before = {name: repr(value) for name, value in vars(session).items()}
        answer = Answer(headers=(("Set-Cookie", "id=of-as"),), chunks=TOKEN.chunks)
        with serve(answer) as server:
            fetch(server, session)
        assert {name: repr(value) for name, value in vars(session).items()} == before
        assert list(session.cookies) == []

    def test_a_redirect_is_neither_followed_nor_prepared(self, session: requests.Session) -> None:
        """With an invalid target too, and without its cookie."""
        moved = Answer(status=302, headers=(("Location", "http://[::1"), ("Set-Cookie", "id=of-as")))
        with serve(moved) as server, pytest.raises(UnexpectedRedirect):
            fetch(server, session)
        assert list(session.cookies) == []

    @pytest.mark.parametrize("content", [TOKEN.chunks[0], b""])
    def test_a_stub_without_a_raw_response_is_read(self, session: requests.Session, content: bytes) -> None:
        """The library requests reads it in the same way."""
        session.mount("https://as.example/", Stub(stubbed(200, content)))
        if content:
            fetch_token(REQUEST, "https://as.example/token", client=session)
        else:
            with pytest.raises(InvalidResponse):
                fetch_token(REQUEST, "https://as.example/token", client=session)

    def test_a_mock_in_place_of_send_is_read(self, session: requests.Session, monkeypatch: pytest.MonkeyPatch) -> None:
        """It calls no hooks."""
        monkeypatch.setattr(session, "send", lambda *_, **__: stubbed(200, TOKEN.chunks[0]))
        assert fetch_token(REQUEST, "https://as.example/token", client=session).token_type == "Bearer"


class TestHooks:
    """The response hooks of the session."""

    def test_a_hook_sees_the_response_with_its_content(self, session: requests.Session) -> None:
        """It may return another response."""
        seen = []

        def hook(response: requests.Response, **sending: object) -> requests.Response:
            seen.append((response.status_code, response.content, response.raw.version))
            return stubbed(200, TOKEN.chunks[0])

        session.hooks["response"].append(hook)
        with serve(REFUSED) as server:
            fetch(server, session)
        assert seen == [(400, REFUSED.chunks[0], 11)]

    @pytest.mark.parametrize("error", [requests.HTTPError, KeyError])
    def test_a_hook_that_raises_does_not_hide_the_refusal(
        self, session: requests.Session, error: type[Exception]
    ) -> None:
        """The error names the hook."""

        def check_status(response: requests.Response, **sending: object) -> None:
            if error is not requests.HTTPError:
                raise error
            response.raise_for_status()

        session.hooks["response"].append(check_status)
        named = (
            f"; the response hook {check_status.__qualname__} of the session raised {error.__name__} for this response"
        )
        with serve(REFUSED) as server, pytest.raises(TokenRequestRefused) as raised:
            fetch(server, session)
        assert str(raised.value).endswith(f"no such scope{named}")
        assert (raised.value.status, raised.value.code) == (400, "invalid_scope")

    def test_a_hook_without_a_name_is_named_by_its_class(self, session: requests.Session) -> None:
        """It is called after a hook that has nothing to say."""

        class Checking:
            def __call__(self, response: requests.Response, **sending: object) -> None:
                response.raise_for_status()

        session.hooks["response"] += [lambda response, **sending: None, Checking()]
        named = "the response hook Checking of the session raised HTTPError for this response"
        with serve(REFUSED) as server, pytest.raises(TokenRequestRefused, match=named):
            fetch(server, session)

    @pytest.mark.parametrize(("status", "hides"), [(200, True), (299, True), (300, False), (302, False), (503, False)])
    def test_a_hook_that_raises_hides_a_success_only(self, session: requests.Session, status: int, hides: bool) -> None:
        """A redirect is not a success."""

        def fail(response: requests.Response, **sending: object) -> None:
            raise KeyError("of the hook")

        session.hooks["response"].append(fail)
        expected = KeyError if hides else OAuthError
        with serve(Answer(status, chunks=TOKEN.chunks)) as server, pytest.raises(expected) as raised:
            fetch(server, session)
        assert ("raised KeyError for this response" in str(raised.value)) is (status == 503)

    def test_a_hook_that_raises_does_not_hide_an_unreadable_response(self, session: requests.Session) -> None:
        """Its content coding cannot be read."""

        def check(response: requests.Response, **sending: object) -> None:
            assert (response.content, response.status_code) == (b"", 200)
            raise KeyError("of the hook")

        session.hooks["response"].append(check)
        coded = Answer(headers=(("Content-Encoding", "gzip"),), chunks=(b"no gzip",))
        with serve(coded) as server, pytest.raises(InvalidResponse, match="the response has a broken content coding"):
            fetch(server, session)

    def test_the_headers_of_a_stub_are_read(self, session: requests.Session) -> None:
        """The error says when to try again."""
        stubbed_response = stubbed(503, b"")
        stubbed_response.headers["Retry-After"] = "7"
        session.mount("https://as.example/", Stub(stubbed_response))
        with pytest.raises(TokenRequestRefused) as raised:
            fetch_token(REQUEST, "https://as.example/token", client=session, options=ONCE)
        assert (raised.value.status, raised.value.retry_after) == (503, 7.0)

    def test_a_hook_gets_how_the_request_is_sent(self, session: requests.Session) -> None:
        """As requests passes it."""
        seen: list[dict[str, object]] = []

        def note(response: requests.Response, **sending: object) -> None:
            seen.append(sending)

        session.hooks["response"].append(note)
        with serve(TOKEN) as server:
            fetch(server, session)
        assert [sending["timeout"] for sending in seen] == [(5.0, 5.0)]

    def test_a_hook_that_rejects_a_success_raises_its_own_error(self, session: requests.Session) -> None:
        """Its traceback does not hold the request."""

        def reject(response: requests.Response, **sending: object) -> None:
            raise KeyError("not mine")

        session.hooks["response"].append(reject)
        with serve(TOKEN) as server, pytest.raises(KeyError, match="not mine") as raised:
            fetch(server, session)
        assert "s3cret-of-client" not in shown_by(raised.value)


class TestRepeatingAdapter:
    """An adapter that repeats POST by itself."""

    def retrying(self, session: requests.Session, **options: Any) -> None:
        """Mount an adapter with two repetitions."""
        retry = Retry(2, backoff_factor=0, status_forcelist=[503], allowed_methods=["POST"], **options)
        session.mount("http://", HTTPAdapter(max_retries=retry))

    def test_the_log_says_once_that_an_adapter_repeats_the_request(
        self, session: requests.Session, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Each repetition has the same assertion."""
        self.retrying(session)
        with serve(BUSY, TOKEN) as server:
            source = TokenSource(REQUEST, f"{server.url}/token", client=session, options=ONCE)
            source.discard(source.token())
            source.token()
        assert len([line for line in caplog.messages if "the adapter of the session repeats POST" in line]) == 1

    @pytest.mark.parametrize(
        ("retry", "repeats"),
        [
            (Retry(2, allowed_methods=["GET", "POST"]), True),
            (Retry(True, allowed_methods=None), True),
            (Retry(None, status=1, allowed_methods=["POST"]), True),
            (Retry(0, allowed_methods=None), False),
            (Retry(False, allowed_methods=None), False),
            (Retry(2), False),
            (3, False),
        ],
        ids=repr,
    )
    def test_the_log_line_says_what_to_mount_instead(
        self, session: requests.Session, retry: Retry | int, repeats: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Only an adapter that repeats POST is named."""
        session.mount("http://", HTTPAdapter(max_retries=retry))
        with serve(TOKEN) as server:
            fetch(server, session)
            host = server.url.removeprefix("http://")
        expected = (
            f"token endpoint at {host}: the adapter of the session repeats POST by itself, with the same client"
            " assertion; mount one without Retry for this host"
        )
        lines = [(record.levelname, record.name, record.getMessage()) for record in caplog.records]
        assert lines == ([("WARNING", "oauth_cc", expected)] if repeats else [])

    def test_the_status_that_ends_the_repetitions_is_raised(self, session: requests.Session) -> None:
        """It replaces the RetryError, and there is no further attempt."""
        self.retrying(session)
        with serve(BUSY) as server:
            with pytest.raises(TokenRequestRefused, match="raise_on_status") as raised:
                fetch_token(REQUEST, f"{server.url}/token", client=session)
            assert (raised.value.status, len(server.asked)) == (503, 3)

    def test_the_last_answer_is_raised_where_the_adapter_returns_it(self, session: requests.Session) -> None:
        """With the server's own code."""
        self.retrying(session, raise_on_status=False)
        with serve(BUSY) as server, pytest.raises(TokenRequestRefused) as raised:
            fetch(server, session)
        assert raised.value.error == "temporarily_unavailable"

    def test_an_adapter_that_repeats_connecting_only_is_fine(
        self, session: requests.Session, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It sends nothing twice."""
        session.mount("http://", HTTPAdapter(max_retries=3))
        with serve(TOKEN) as server:
            fetch(server, session)
        assert caplog.messages == []


class TestErrors:
    """The errors of the network."""

    def test_an_error_does_not_quote_the_server(self, caplog: pytest.LogCaptureFixture) -> None:
        """A token stands where the size of a chunk belongs."""
        echo = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{"access_token": "tok-of-server"}\r\n'
        for sent in (echo, b"tok-of-server\r\n\r\n", b"HTTP/1.1 tok-of-server\r\n\r\n"):
            with socket.create_server(("127.0.0.1", 0)) as listener, requests.Session() as session:
                port = listener.getsockname()[1]
                source = TokenSource(REQUEST, f"http://127.0.0.1:{port}/token", client=session, options=ONCE)
                error = _error_of(source, listener, sent)
            assert str(error).startswith(f"token endpoint at 127.0.0.1:{port}: ")
            shown = f"{shown_by(error)} {caplog.text}"
            assert "tok-of-server" not in shown
            assert "s3cret-of-client" not in shown

    def test_an_error_says_that_a_proxy_of_the_environment_was_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It does not show the proxy's password."""
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:pr0xy-s3cret@127.0.0.1:{port}")
        with pytest.raises(requests.exceptions.ProxyError) as raised:
            fetch_token(REQUEST, "https://as.example/token", options=ONCE)
        assert str(raised.value) == (
            "token endpoint at as.example: the proxy did not connect ([Errno 111] Connection refused); "
            f"a proxy of the environment is used: 127.0.0.1:{port}"
        )
        assert "pr0xy-s3cret" not in shown_by(raised.value)

    def test_an_untrusted_certificate_is_named(self) -> None:
        """The text is OpenSSL's."""
        server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("localhost").configure_cert(server_side)
        with serve(TOKEN, tls=server_side) as server, pytest.raises(requests.exceptions.SSLError) as raised:
            fetch(server)
        assert "certificate verify failed" in str(raised.value)

    @pytest.mark.parametrize("client", [None, "theirs"])
    def test_headers_count_in_the_size_limit(self, session: requests.Session, client: str | None) -> None:
        """Together with the body."""
        headers = tuple([(f"X-{number}", "x" * 60000) for number in range(18)])
        with serve(Answer(headers=headers, chunks=TOKEN.chunks)) as server:
            theirs = session if client else None
            with pytest.raises(InvalidResponse, match=r"the response exceeds 1048576 bytes with its headers"):
                fetch(server, theirs)

    @pytest.mark.parametrize(("size", "fits"), [(2**20 - 1000, True), (2**20 - 10, False)])
    def test_a_response_fits_with_its_headers_or_not(self, session: requests.Session, size: int, fits: bool) -> None:
        """The limit is 1 MiB."""
        body = TOKEN.chunks[0] + b" " * (size - len(TOKEN.chunks[0]))
        with serve(Answer(headers=(("X-Own", "x" * 200),), chunks=(body,))) as server:
            if fits:
                fetch(server, session)
            else:
                with pytest.raises(InvalidResponse, match="with its headers"):
                    fetch(server, session)


def test_authorities_are_read_for_https_alone() -> None:
    """That takes longer than a token request."""
    before = requests_connection._tls.cache_info()
    with serve(TOKEN) as server:
        fetch(server)
    assert requests_connection._tls.cache_info() == before


def test_tls_to_a_proxy_trusts_the_authorities_of_the_environment(
    one_authority: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This proxy refuses every tunnel."""
    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server_side)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for bundle, reason in ((str(tmp_path / "ca.pem"), "(HTTP 501)"), (one_authority, "certificate verify failed")):
        with serve(TOKEN, tls=server_side) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
            with pytest.raises(requests.RequestException) as raised:
                fetch_token(REQUEST, "https://as.example/token", options=ONCE)
            assert reason in str(raised.value)
            assert str(raised.value).endswith(
                f"a proxy of the environment is used: {proxy.url.removeprefix('https://')}"
            )


def test_a_connection_of_an_own_session_is_cut_at_the_deadline(caplog: pytest.LogCaptureFixture) -> None:
    """Afterwards there is no connection."""
    with drip("header") as server:
        with pytest.raises(requests.ReadTimeout, match=r"no complete response within 0\.2 seconds"):
            fetch_token(REQUEST, f"{server.url}/token", options=Options(retries=Retries(attempts=1), timeout=0.2))
        assert server.ended.wait(10)
    assert "through a client of requests" not in caplog.text


def test_the_authorities_are_read_once_by_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read once more after a change of the file."""
    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server_side)
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    before = requests_connection._tls.cache_info().misses
    with serve(TOKEN, tls=server_side) as server:
        for _ in range(3):
            fetch(server)
        trustme.CA().cert_pem.write_to_path(str(bundle))
        with pytest.raises(requests.exceptions.SSLError):
            fetch(server)
    assert requests_connection._tls.cache_info().misses == before + 2


def _error_of(source: TokenSource, listener: socket.socket, sent: bytes) -> requests.RequestException:
    # One connection, whose response is *sent*.
    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(requests.RequestException) as raised:
        source.token()
    thread.join(10)
    return raised.value
