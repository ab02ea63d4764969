"""
What a token request on httpx2 and httpx takes from the environment and from the user's client, and its errors.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from oauth_cc import (
    ClientCredentials,
    InvalidResponse,
    OAuthError,
    Options,
    Retries,
    TokenRequestRefused,
    token_request,
)
from tests.leaks import shown_by
from tests.shells.asking import DEFAULT_TLS, WAYS, Ask
from tests.shells.dripping import answer_with
from tests.shells.scripted import TOKEN, Answer, ScriptedServer, serve

REQUEST = token_request(ClientCredentials("id", "s3cr3t-marker"))
ONCE = Options(retries=Retries(attempts=1))
REFUSED = Answer(400, chunks=(b'{"error": "invalid_scope", "error_description": "no such scope"}',))

httpx_ways = [way for way in WAYS if way.library.__name__.startswith("httpx")]
pytestmark = pytest.mark.parametrize("way", httpx_ways, ids=lambda way: f"{way.library.__name__}-{way.backend}")


def client_of(way: Ask, **options: Any) -> Any:
    """Return the user's client."""
    return (way.library.Client if way.backend is None else way.library.AsyncClient)(**options)


def hook_of(way: Ask, function: Any) -> Any:
    """Return *function* as the user's event hook."""
    if way.backend is None:
        return function

    async def hook(message: Any) -> None:
        function(message)

    return hook


@contextlib.contextmanager
def trusted_by_environment(way: Ask, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """Yield the TLS context of a server that the environment has the default client trust."""
    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server_side)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
    DEFAULT_TLS[way.library].cache_clear()
    try:
        yield server_side
    finally:
        DEFAULT_TLS[way.library].cache_clear()


def paths(server: ScriptedServer) -> list[str]:
    """Return the target of each request to *server*."""
    return [asked.path for asked in server.asked]


class TestEnvironment:
    def test_a_proxy_of_the_environment_is_used(self, way: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
        """An API call of the library uses the same proxy."""
        with serve(TOKEN) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            way.token(REQUEST, "http://127.0.0.1:1/token")
            assert paths(proxy) == ["http://127.0.0.1:1/token"]

    def test_a_host_of_no_proxy_is_called_directly(self, way: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
        """An API call of the library does the same."""
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with serve(TOKEN) as server:
            way.token(REQUEST, f"{server.url}/token")
            assert paths(server) == ["/token"]

    def test_an_authority_of_the_environment_is_trusted(
        self, way: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """SSL_CERT_FILE names it."""
        with trusted_by_environment(way, tmp_path, monkeypatch) as server_side, serve(TOKEN, tls=server_side) as server:
            way.token(REQUEST, f"{server.url}/token")
            assert paths(server) == ["/token"]

    def test_a_default_client_reads_authorities_for_https_alone(
        self, way: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """That takes longer than a token request. The case of the scheme does not matter."""
        with trusted_by_environment(way, tmp_path, monkeypatch) as server_side:
            with serve(TOKEN) as server:
                way.token(REQUEST, f"{server.url}/token")
            assert DEFAULT_TLS[way.library].cache_info().currsize == 0
            with serve(TOKEN, tls=server_side) as server:
                way.token(REQUEST, f"{server.url}/token".replace("https", "HTTPS"))
            assert DEFAULT_TLS[way.library].cache_info().currsize == 1

    def test_a_network_error_names_the_proxy_of_the_environment(
        self, way: Ask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It does not show the proxy's password."""
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        monkeypatch.setenv("HTTP_PROXY", f"http://someone:s3cret-of-proxy@127.0.0.1:{port}")
        with pytest.raises(way.library.ConnectError) as caught:
            way.token(REQUEST, "http://127.0.0.1:1/token", options=ONCE)
        assert str(caught.value).startswith("token endpoint at 127.0.0.1:1: no connection (")
        assert str(caught.value).endswith(f"; a proxy of the environment is used: 127.0.0.1:{port}")
        assert "s3cret-of-proxy" not in shown_by(caught.value)

    def test_a_socks_proxy_that_the_library_cannot_use_is_named(
        self, way: Ask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It does not show the proxy's password."""
        monkeypatch.setenv("ALL_PROXY", "socks5://someone:s3cret-of-proxy@127.0.0.1:9")
        extra = f"{way.library.__name__}[socks]"
        with pytest.raises(ImportError) as caught:
            way.token(REQUEST, "http://127.0.0.1:1/token", options=ONCE)
        assert str(caught.value) == (
            f"token endpoint at 127.0.0.1:1: {way.library.__name__} needs socksio for a SOCKS proxy; install {extra}"
            "; a proxy of the environment is used: 127.0.0.1:9"
        )
        assert "s3cret-of-proxy" not in shown_by(caught.value)

    def test_a_network_error_names_a_proxy_of_the_client(self, way: Ask) -> None:
        """The environment has none."""
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        client = client_of(way, proxy=f"http://127.0.0.1:{port}")
        with pytest.raises(way.library.ConnectError) as caught:
            way.token(REQUEST, "http://127.0.0.1:1/token", options=ONCE, client=client)
        assert str(caught.value).endswith(f"; the client uses a proxy: 127.0.0.1:{port}")


class TestClient:
    def test_a_cookie_of_the_token_endpoint_stays_out_of_the_client(self, way: Ask) -> None:
        """No cookie of the client is sent either."""
        answer = Answer(200, (("Set-Cookie", "session=of-one-user"),), TOKEN.chunks)
        client = client_of(way, cookies={"own": "x"})
        with serve(answer) as server:
            for _ in range(2):
                way.token(REQUEST, f"{server.url}/token", client=client)
            assert ["Cookie" in asked.headers for asked in server.asked] == [False, False]
        assert dict(client.cookies) == {"own": "x"}

    def test_headers_hooks_and_settings_of_the_client_stay_as_they_were(self, way: Ask) -> None:
        """A token request leaves no trace."""
        hooks = {"request": [hook_of(way, lambda request: None)], "response": [hook_of(way, lambda response: None)]}
        client = client_of(way, headers={"X-Own": "x"}, event_hooks=hooks, timeout=3)
        before = {**vars(client), "_event_hooks": {name: [*own] for name, own in client.event_hooks.items()}}
        with serve(TOKEN) as server:
            way.token(REQUEST, f"{server.url}/token", client=client)
        assert vars(client) == before
        assert client.headers["X-Own"] == "x"

    def test_hooks_of_the_client_see_the_request_and_the_response(self, way: Ask) -> None:
        """They find the whole response in memory."""
        seen: list[Any] = []
        hooks = {"request": [hook_of(way, seen.append)], "response": [hook_of(way, seen.append)]}
        with serve(TOKEN) as server:
            way.token(REQUEST, f"{server.url}/token", client=client_of(way, event_hooks=hooks))
        assert [type(message) for message in seen] == [way.library.Request, way.library.Response]
        assert b"".join(seen[1].stream) == TOKEN.chunks[0]

    def test_a_hook_can_read_the_response(self, way: Ask) -> None:
        """Programs that log responses have such hooks."""
        read: list[Any] = []

        def read_sync(response: Any) -> None:
            read.append(response.read())

        async def read_async(response: Any) -> None:
            read.append(await response.aread())

        hooks = {"response": [read_sync if way.backend is None else read_async]}
        with serve(TOKEN) as server:
            token = way.token(REQUEST, f"{server.url}/token", client=client_of(way, event_hooks=hooks))
        assert read == [TOKEN.chunks[0]]
        assert token.access_token.reveal() == "tok-1"

    def test_a_hook_that_raises_for_status_hides_no_refusal(self, way: Ask) -> None:
        """The libraries close the response unread. The error names the hook."""

        def check(response: Any) -> None:
            response.raise_for_status()

        async def check_async(response: Any) -> None:
            response.raise_for_status()

        client = client_of(way, event_hooks={"response": [check if way.backend is None else check_async]})
        with serve(REFUSED) as server, pytest.raises(TokenRequestRefused) as caught:
            way.token(REQUEST, f"{server.url}/token", client=client)
        assert (caught.value.status, caught.value.code, caught.value.description) == (
            400,
            "invalid_scope",
            "no such scope",
        )
        name = check.__qualname__ if way.backend is None else check_async.__qualname__
        remark = f"the response hook {name} of the client raised HTTPStatusError for this response"
        assert remark in str(caught.value)

    @pytest.mark.parametrize(("status", "hides"), [(200, True), (299, True), (300, False), (503, False)])
    def test_another_error_of_a_hook_reaches_the_caller(self, way: Ask, status: int, hides: bool) -> None:
        """The response is a success."""

        def fail(response: Any) -> None:
            raise LookupError("of the hook")

        client = client_of(way, event_hooks={"response": [hook_of(way, fail)]})
        expected = LookupError if hides else OAuthError
        with serve(Answer(status, chunks=TOKEN.chunks)) as server, pytest.raises(expected) as caught:
            way.token(REQUEST, f"{server.url}/token", client=client, options=ONCE)
        assert ("raised LookupError for this response" in str(caught.value)) is (status == 503)

    def test_an_error_of_a_hook_hides_no_unreadable_response(self, way: Ask) -> None:
        """Its content coding cannot be read."""

        def fail(response: Any) -> None:
            raise LookupError("of the hook")

        client = client_of(way, event_hooks={"response": [hook_of(way, fail)]})
        coded = Answer(400, headers=(("Content-Encoding", "gzip"),), chunks=(b"no gzip",))
        with serve(coded) as server, pytest.raises(InvalidResponse, match="the response has a broken content coding"):
            way.token(REQUEST, f"{server.url}/token", client=client)


class TestErrors:
    @pytest.mark.parametrize(
        "raw",
        [
            b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{"access_token": "tok-1"}\r\n',
            b'HTTP/1.1 200 OK\r\n{"access_token": "tok-1"}\r\n\r\n',
            b'{"access_token": "tok-1"}\r\n\r\n',
            b"HTTP/1.1 200 OK\r\nContent-Length: tok-1\r\n\r\n",
        ],
        ids=["chunk size", "header", "status line", "length"],
    )
    def test_an_error_does_not_quote_what_the_server_sent(
        self, way: Ask, raw: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The class of the error stays."""
        source = way.shell.TokenSource if way.backend is None else way.shell.AsyncTokenSource
        logged = threading.Event()
        options = Options(retries=ONCE.retries, on_event=lambda event: logged.set())
        with answer_with(raw) as url, pytest.raises(way.library.RemoteProtocolError) as caught:
            way._run(lambda: source(REQUEST, url, options=options).token())
        assert logged.wait(10)
        named = url.removeprefix("http://").removesuffix("/token")
        expected = f"token endpoint at {named}: the connection was closed early, or the response is not HTTP"
        assert str(caught.value) == expected
        assert "tok-1" not in shown_by(caught.value)
        assert "tok-1" not in caplog.text
        assert expected in caplog.text

    def test_an_error_of_a_metadata_request_says_so(self, way: Ask) -> None:
        """The issuer may have another host than the token endpoint."""
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        with pytest.raises(way.library.ConnectError, match=f"^metadata endpoint at 127.0.0.1:{port}: no connection"):
            way.metadata(f"http://127.0.0.1:{port}", options=ONCE)

    def test_the_reason_of_a_failed_tls_handshake_is_in_the_text(self, way: Ask) -> None:
        """On trio the library's own text is empty."""
        server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("localhost").configure_cert(server_side)
        with serve(TOKEN, tls=server_side) as server, pytest.raises(way.library.ConnectError) as caught:
            way.token(REQUEST, f"{server.url}/token", options=ONCE)
        assert "certificate verify failed" in str(caught.value)
        assert isinstance(caught.value.__cause__, ssl.SSLError)
