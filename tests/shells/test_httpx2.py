"""
Token requests on httpx2 against real servers: on threads, asyncio and trio.
"""

import logging
import ssl
import time
import traceback
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
import trustme

from oauth_cc import (
    ClientCredentials,
    ClientSecretPost,
    Options,
    Retries,
    Scope,
    Token,
    TokenRequest,
    errors,
    http_request,
    token_request,
)
from oauth_cc._io.user_agent import USER_AGENT
from oauth_cc.httpx2 import fetch_token, fetch_token_async
from tests.leaks import shown_by
from tests.shells.scripted import TOKEN, Answer, Drop, ScriptedServer, Silence, elapsed_since, serve
from tests.vectors import content, load

REQUEST = token_request(ClientCredentials("id", "s3cr3t-marker"), Scope.of("a"))
POST = token_request(ClientCredentials("id", ClientSecretPost("s3cr3t-marker")))
QUICK = Retries(attempts=3, base=0.0, ceiling=1.0)

Fetch = Callable[..., Token]


def fetch_sync(request: TokenRequest, url: str, **options: Any) -> Token:
    """Fetch a token in the current thread."""
    return fetch_token(request, url, **options)


def fetch_on(backend: str) -> Fetch:
    """Return a function that fetches a token on an event loop of *backend*."""

    def fetch(request: TokenRequest, url: str, **options: Any) -> Token:
        async def main() -> Token:
            return await fetch_token_async(request, url, **options)

        return anyio.run(main, backend=backend)

    return fetch


@pytest.fixture(params=["threads", "asyncio", "trio"])
def fetch(request: pytest.FixtureRequest) -> Fetch:
    """Return each way to fetch a token."""
    return fetch_sync if request.param == "threads" else fetch_on(request.param)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return a certificate authority."""
    return trustme.CA()


@pytest.fixture(scope="module")
def server_side(authority: trustme.CA) -> ssl.SSLContext:
    """Return the server's TLS context, with a certificate for localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


def client_for(fetch: Fetch, **options: Any) -> Any:
    """Return a client of the class that *fetch* takes."""
    return httpx2.Client(**options) if fetch is fetch_sync else httpx2.AsyncClient(**options)


def sent_as_composed(server: ScriptedServer, request: TokenRequest) -> None:
    """Check that the one recorded request is the composed request, with nothing added."""
    composed = http_request(request, f"{server.url}/token")
    (asked,) = server.asked
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert (asked.method, asked.path, asked.body) == ("POST", "/token", composed.body)
    for name, value in composed.headers:
        assert headers.pop(name.lower()) == value
    assert headers.keys() == {"host", "accept-encoding", "content-length", "user-agent"}
    assert (headers["accept-encoding"], headers["user-agent"]) == ("identity", USER_AGENT)


class TestRequest:
    """The token request on the wire."""

    def test_one_request_is_sent_exactly_as_composed(self, fetch: Fetch) -> None:
        """The token of the response is returned."""
        with serve(TOKEN) as server:
            token = fetch(REQUEST, f"{server.url}/token")
            sent_as_composed(server, REQUEST)
        assert token.access_token.reveal() == "tok-1"
        assert not token.lifetime_assumed
        assert abs(token.expires_at - time.time() - 3600) < 60

    def test_the_defaults_of_a_passed_client_are_not_sent(self, fetch: Fetch) -> None:
        """Headers, cookies, parameters and credentials of the client stay out."""
        client = client_for(
            fetch,
            auth=("other", "other"),
            headers={"Authorization": "Bearer other", "X-Own": "x"},
            cookies={"session": "x"},
            params={"q": "x"},
            follow_redirects=True,
        )
        with serve(TOKEN) as server:
            fetch(REQUEST, f"{server.url}/token", client=client)
            sent_as_composed(server, REQUEST)

    def test_netrc_is_ignored(self, fetch: Fetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The request arrives as composed."""
        netrc = tmp_path / ".netrc"
        netrc.write_text("machine 127.0.0.1 login other password other\ndefault login other password other\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("NETRC", str(netrc))
        with serve(TOKEN) as server:
            fetch(REQUEST, f"{server.url}/token")
            sent_as_composed(server, REQUEST)

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_an_error_and_not_followed(self, fetch: Fetch, status: int) -> None:
        """The redirect target receives nothing."""
        with serve(TOKEN) as other:
            redirect = Answer(status, (("Location", f"{other.url}/token"),))
            with serve(redirect) as server, pytest.raises(errors.UnexpectedRedirect):
                fetch(POST, f"{server.url}/token")
            assert len(server.asked) == 1
            assert other.asked == []


class TestAnswer:
    """Responses, read within limits."""

    def test_a_refusal_raises_token_request_refused_after_one_request(self, fetch: Fetch) -> None:
        """The description is redacted."""
        body = b'{"error": "invalid_client", "error_description": "got s3cr3t-marker"}'
        with serve(Answer(401, chunks=(body,))) as server:
            with pytest.raises(errors.TokenRequestRefused, match=r"got \*\*\*"):
                fetch(REQUEST, f"{server.url}/token")
            assert len(server.asked) == 1

    def test_reading_stops_soon_after_one_mebibyte(self, fetch: Fetch) -> None:
        """However much the server sends."""
        endless = Answer(chunks=(b"x" * 65536,) * 2000)
        with serve(endless) as server:
            with pytest.raises(errors.InvalidResponse):
                fetch(REQUEST, f"{server.url}/token")
            assert server.sent_bytes < 64 * 2**20

    def test_a_decompression_bomb_is_cut_off_while_decoding(self, fetch: Fetch) -> None:
        """Memory stays bounded."""
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        bomb = b"".join([packer.compress(b" " * 2**20) for _ in range(200)]) + packer.flush()
        with serve(Answer(200, (("Content-Encoding", "gzip"),), (bomb,))) as server:
            tracemalloc.start()
            try:
                with pytest.raises(errors.InvalidResponse):
                    fetch(REQUEST, f"{server.url}/token")
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
        assert peak < 16 * 2**20

    @pytest.mark.parametrize(
        "case",
        [case for case in load("token_responses.json") if case.name.startswith(("enc-gzip", "enc-unknown-content"))],
        ids=lambda case: case.name,
    )
    def test_the_content_coding_vectors_hold_on_the_wire(self, fetch: Fetch, case: Any) -> None:
        """The same vectors as in the tests of `parse_token_response`."""
        headers = tuple((name, value) for name, value in case.data["headers"])
        with serve(Answer(case.data["status"], headers, (content(case.data),))) as server:
            try:
                token = fetch(REQUEST, f"{server.url}/token")
            except errors.InvalidResponse:
                assert case.expect["outcome"] == "error"
            else:
                assert case.expect["token"]["access_token"] == token.access_token.reveal()

    def test_an_unrequested_content_coding_is_rejected(self, fetch: Fetch) -> None:
        """The error says so."""
        with (
            serve(Answer(200, (("Content-Encoding", "br"),), (b"x",))) as server,
            pytest.raises(errors.InvalidResponse, match="a content coding that was not requested"),
        ):
            fetch(REQUEST, f"{server.url}/token")


class TestFailure:
    """Network failures."""

    def test_a_dropped_connection_and_a_503_are_retried(self, fetch: Fetch) -> None:
        """The third attempt succeeds."""
        with serve(Drop, Answer(503), TOKEN) as server:
            assert (
                fetch(REQUEST, f"{server.url}/token", options=Options(retries=QUICK)).access_token.reveal() == "tok-1"
            )
            assert len(server.asked) == 3

    def test_a_refused_connection_raises_the_connect_error_of_httpx2(self, fetch: Fetch) -> None:
        """It is raised after the last attempt."""
        with serve(TOKEN) as server:
            url = f"{server.url}/token"
        with pytest.raises(httpx2.ConnectError):
            fetch(REQUEST, url, options=Options(retries=QUICK))

    def test_a_silent_server_times_out_without_a_retry(self, fetch: Fetch) -> None:
        """The request may have arrived."""
        started = time.monotonic()
        with serve(Silence) as server:
            with pytest.raises(httpx2.ReadTimeout):
                fetch(REQUEST, f"{server.url}/token", options=Options(timeout=0.2, retries=QUICK))
            assert elapsed_since(started) < 5
            assert len(server.asked) == 1

    def test_the_timeout_covers_the_whole_response(self, fetch: Fetch) -> None:
        """The server sends a byte now and then."""
        started = time.monotonic()
        drip = Answer(chunks=(b" ",) * 1000, pause=0.05)
        with serve(drip) as server, pytest.raises(httpx2.ReadTimeout):
            fetch(REQUEST, f"{server.url}/token", options=Options(timeout=0.3))
        assert elapsed_since(started) < 10

    def test_cancellation_closes_the_connection_at_once(self) -> None:
        """This holds on asyncio and on trio."""

        async def main(url: str) -> None:
            with anyio.move_on_after(0.2) as scope:
                await fetch_token_async(REQUEST, url)
            assert scope.cancelled_caught

        for backend in ("asyncio", "trio"):
            started = time.monotonic()
            with serve(Silence) as server:
                anyio.run(main, f"{server.url}/token", backend=backend)
                assert elapsed_since(started) < 5


class TestTls:
    """Connections with real certificates."""

    def test_a_client_that_trusts_the_authority_gets_a_token(
        self, fetch: Fetch, authority: trustme.CA, server_side: ssl.SSLContext
    ) -> None:
        """The passed client sets the trust."""
        trust = ssl.create_default_context()
        authority.configure_trust(trust)
        with serve(TOKEN, tls=server_side) as server:
            token = fetch(POST, f"{server.url}/token", client=client_for(fetch, verify=trust))
        assert token.access_token.reveal() == "tok-1"

    def test_an_untrusted_certificate_fails_once_before_anything_is_sent(
        self, fetch: Fetch, server_side: ssl.SSLContext, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It is not retried."""
        with caplog.at_level(logging.DEBUG), serve(TOKEN, tls=server_side) as server:
            with pytest.raises(httpx2.ConnectError) as caught:
                fetch(POST, f"{server.url}/token", options=Options(retries=QUICK))
            assert server.asked == []
        assert caplog.text.count("start_tls.started") == 1
        assert "CERTIFICATE_VERIFY_FAILED" in shown_by(caught.value)


class TestSecrecy:
    """Secrecy of logs and errors."""

    def test_a_network_error_keeps_no_frame_and_no_request_of_the_library(self, fetch: Fetch) -> None:
        """Its request has no Authorization header and no body."""
        with serve(Drop) as server, pytest.raises(httpx2.RemoteProtocolError) as caught:
            fetch(POST, f"{server.url}/token", options=Options(retries=QUICK))
        link: BaseException | None = caught.value
        while link is not None:
            frames = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(link.__traceback__)]
            assert not [name for name in frames if "httpx2/" in name or "httpcore2/" in name]
            link = link.__cause__ or link.__context__
        assert "authorization" not in caught.value.request.headers
        assert caught.value.request.content == b""

    @pytest.mark.parametrize("step", [Drop, Silence, Answer(500), Answer(200, chunks=(b"s3cr3t-marker",)), TOKEN])
    def test_logs_and_errors_show_no_secret_and_no_token(
        self, fetch: Fetch, step: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """This holds at every log level, and for tracebacks with locals."""
        shown: list[str] = []
        with caplog.at_level(logging.DEBUG), serve(step) as server:
            for request in (REQUEST, POST):
                try:
                    shown.append(
                        repr(fetch(request, f"{server.url}/token", options=Options(timeout=0.2, retries=QUICK)))
                    )
                except (errors.OAuthError, httpx2.TransportError) as error:
                    shown.append(shown_by(error))
        text = "\n".join([*shown, caplog.text, *[str(vars(record)) for record in caplog.records]])
        for hidden in ("s3cr3t-marker", "aWQ6czNjcjN0LW1hcmtlcg==", "tok-1"):
            assert hidden not in text
