"""
The aiohttp integration against real servers: token requests, and the middleware for API calls.
"""

import asyncio
import base64
import contextlib
import gzip
import io
import logging
import socket
import ssl
import threading
import time
import traceback
from collections.abc import AsyncGenerator, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import attrs
import pytest
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from oauth_cc import (
    ClientCredentials,
    ClientSecretPost,
    Options,
    Retries,
    Scope,
    Token,
    errors,
    http_request,
    token_request,
)
from oauth_cc.aiohttp import AsyncTokenSource, ClientCredentialsAuth, fetch_token
from oauth_cc.events import Event, RenewalFailed, ScopeInsufficient, TokenDiscarded, TokenWithheld
from oauth_cc.stores.cache import TokenCache
from oauth_cc.testing import AuthorizationServer
from tests.leaks import shown_by
from tests.shells.scripted import TOKEN, Answer, Drop, ScriptedServer, Silence, elapsed_since, serve

T = TypeVar("T")

REQUEST = token_request(ClientCredentials("id", "s3cr3t-marker"), Scope.of("a"))
POST = token_request(ClientCredentials("id", ClientSecretPost("s3cr3t-marker")))
QUICK = Retries(attempts=3, base=0.0, ceiling=1.0)
HIDDEN = ("s3cr3t-marker", "aWQ6czNjcjN0LW1hcmtlcg==", "tok-1", "tok-2", "pr0xy-marker")

OK = Answer(chunks=(b"ok",))
TOKENS = tuple(
    [
        Answer(chunks=(f'{{"access_token": "tok-{n}", "token_type": "Bearer", "expires_in": 3600}}'.encode(),))
        for n in (1, 2, 3)
    ]
)
EXPIRED = Answer(401, (("WWW-Authenticate", 'Bearer error="invalid_token"'),), (b"no",))
NARROW = Answer(403, (("WWW-Authenticate", 'Bearer error="insufficient_scope", scope="b c"'),))


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run *main* on a new event loop."""
    return asyncio.run(main, debug=False)


def fetch(server: ScriptedServer, request: Any = REQUEST, **options: Any) -> Token:
    """Fetch a token from *server*."""
    return run(fetch_token(request, f"{server.url}/token", **options))


def lending(request: Any, server: ScriptedServer, connector: dict[str, Any], **session: Any) -> Token:
    """Fetch a token from *server* through a session of the caller."""

    async def main() -> Token:
        lent = aiohttp.TCPConnector(**connector)
        async with aiohttp.ClientSession(connector=lent, **session) as client:
            token = await fetch_token(request, f"{server.url}/token", client=client)
            assert not client.closed
            assert not lent.closed
        return token

    return run(main())


def sent_as_composed(server: ScriptedServer, request: Any) -> None:
    """Check that the one recorded request is the composed request, with nothing added."""
    composed = http_request(request, f"{server.url}/token")
    (asked,) = server.asked
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert (asked.method, asked.path, asked.body) == ("POST", "/token", composed.body)
    for name, value in composed.headers:
        assert headers.pop(name.lower()) == value
    assert headers.keys() == {"host", "accept-encoding", "content-length", "user-agent"}
    assert headers["accept-encoding"] == "identity"


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


@pytest.fixture(scope="module")
def trust(authority: trustme.CA) -> ssl.SSLContext:
    """Return a client's TLS context that trusts the authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


class TestTokenRequest:
    """The token request and its response on the wire."""

    @pytest.mark.parametrize("request_", [REQUEST, POST])
    def test_one_request_is_sent_exactly_as_composed(self, request_: Any) -> None:
        """The token of the response is returned."""
        with serve(TOKEN) as server:
            token = fetch(server, request_)
            sent_as_composed(server, request_)
        assert token.access_token.reveal() == "tok-1"
        assert abs(token.expires_at - time.time() - 3600) < 60

    @pytest.mark.parametrize("request_", [REQUEST, POST])
    @pytest.mark.filterwarnings("ignore:The 'auth' parameter is deprecated", "ignore:BasicAuth is deprecated")
    def test_the_defaults_of_a_passed_session_are_not_sent(
        self, request_: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Headers, cookies, credentials and middlewares of the session stay out. Its traces see the request."""
        netrc = tmp_path / ".netrc"
        netrc.write_text("default login other password other\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        seen: list[object] = []

        async def middleware(
            asked: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            seen.append(asked)
            return await handler(asked)

        traces: list[object] = []

        async def traced(_session: object, _context: object, params: object) -> None:
            traces.append(type(params))

        async def main(server: ScriptedServer) -> None:
            trace = aiohttp.TraceConfig()
            for signal in (trace.on_request_start, trace.on_request_headers_sent, trace.on_request_chunk_sent):
                signal.append(traced)
            async with aiohttp.ClientSession(
                f"{server.url}/base/",
                auth=aiohttp.BasicAuth("other", "other"),
                headers={"Authorization": "Bearer other", "X-Own": "x"},
                cookies={"session": "x"},
                cookie_jar=aiohttp.CookieJar(unsafe=True),
                middlewares=(middleware,),
                raise_for_status=True,
                trace_configs=[trace],
                trust_env=True,
            ) as client:
                await fetch_token(request_, f"{server.url}/token", client=client)
                assert not [cookie for cookie in client.cookie_jar if cookie.key == "set"]

        with serve(attrs.evolve(TOKEN, headers=(("Set-Cookie", "set=1"),))) as server:
            run(main(server))
            sent_as_composed(server, request_)
        assert seen == []
        assert {aiohttp.TraceRequestStartParams, aiohttp.TraceRequestHeadersSentParams} < set(traces)

    def test_netrc_is_ignored(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The request arrives as composed."""
        netrc = tmp_path / ".netrc"
        netrc.write_text("default login other password other\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        with serve(TOKEN) as server:
            fetch(server, POST)
            sent_as_composed(server, POST)

    def test_the_path_of_the_endpoint_is_sent_unchanged(self) -> None:
        """Dots and escapes are not normalized."""
        with serve(TOKEN) as server:
            endpoint = f"{server.url}/a/../t%6Fken%2F?tenant=a%2Cb+c"
            run(fetch_token(REQUEST, endpoint))
            assert server.asked[0].path == "/a/../t%6Fken%2F?tenant=a%2Cb+c"

    def test_the_proxy_of_a_passed_session_is_used_and_its_password_hidden(self) -> None:
        """No error shows the credentials of the proxy."""

        async def main(proxy: str, endpoint: str) -> None:
            async with aiohttp.ClientSession(proxy=proxy) as client:
                await fetch_token(REQUEST, endpoint, client=client, options=Options(retries=QUICK))

        refusal = b"HTTP/1.1 407 Nope\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        with (
            connect_proxy(refusal) as (url, heads),
            pytest.raises(aiohttp.ClientHttpProxyError, match="407") as refused,
        ):
            run(main(url.replace("//", "//me:pr0xy-marker@"), "https://as.example/token"))
        with pytest.raises(aiohttp.ClientProxyConnectionError) as gone:
            run(main(url.replace("//", "//me:pr0xy-marker@"), "https://as.example/token"))
        assert len(heads) == 1
        assert heads[0].startswith("CONNECT as.example:443 ")
        assert base64.b64encode(b"me:pr0xy-marker").decode() in heads[0]
        assert "authorization: basic awq6" not in heads[0].lower()
        hidden(shown_by(refused.value), shown_by(gone.value), base64.b64encode(b"me:pr0xy-marker").decode())
        with connect_proxy(b"HTTP/1.1 200 OK\r\n\r\n") as (url, _), pytest.raises(aiohttp.ClientSSLError) as no_tls:
            run(main(url.replace("//", "//me:pr0xy-marker@"), "https://as.example/token"))
        hidden(shown_by(no_tls.value))
        with serve(TOKEN) as server:
            run(main(server.url, "http://localhost:9/token"))
            assert server.asked[0].path == "http://localhost:9/token"

    def test_an_error_names_the_endpoint_and_a_proxy_of_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It does not show the password of the proxy."""
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:pr0xy-marker@127.0.0.1:{port}")
        with pytest.raises(aiohttp.ClientProxyConnectionError) as raised:
            run(fetch_token(REQUEST, "https://as.example/token", options=Options(retries=QUICK)))
        assert str(raised.value).startswith("token endpoint at as.example: no connection (")
        assert str(raised.value).endswith(f"a proxy of the environment is used: 127.0.0.1:{port}")
        hidden(shown_by(raised.value))

    def test_a_trace_that_raises_for_status_does_not_hide_the_refusal(self) -> None:
        """The error says that it did."""

        async def raise_for_status(_session: object, _context: object, params: aiohttp.TraceRequestEndParams) -> None:
            params.response.raise_for_status()

        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(raise_for_status)
        refused = Answer(400, chunks=(b'{"error": "invalid_scope"}',))
        with serve(refused) as server, pytest.raises(errors.TokenRequestRefused, match="a trace config") as raised:
            lending(REQUEST, server, {}, trace_configs=[trace])
        assert raised.value.status == 400

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_an_error_and_not_followed(self, status: int) -> None:
        """The redirect target receives nothing."""
        with serve(TOKEN) as other:
            redirect = Answer(status, (("Location", f"{other.url}/token"),))
            with serve(redirect) as server, pytest.raises(errors.UnexpectedRedirect):
                fetch(server, POST)
            assert len(server.asked) == 1
            assert other.asked == []

    def test_reading_stops_soon_after_one_mebibyte(self) -> None:
        """However much the server sends."""
        with serve(Answer(chunks=(b"x" * 65536,) * 2000)) as server:
            with pytest.raises(errors.InvalidResponse):
                fetch(server)
            assert server.sent_bytes < 64 * 2**20

    def test_content_codings_are_decoded_within_limits_or_rejected(self) -> None:
        """A coding that was not requested is decoded by the core, or is an error."""
        packed = Answer(200, (("Content-Encoding", "gzip"),), (gzip.compress(TOKEN.chunks[0]),))
        bomb = Answer(200, (("Content-Encoding", "gzip"),), (gzip.compress(b" " * 2**23),))
        other = Answer(200, (("Content-Encoding", "br"),), (b"x",))
        with serve(packed, bomb, other) as server:
            assert fetch(server).access_token.reveal() == "tok-1"
            with pytest.raises(errors.InvalidResponse):
                fetch(server)
            with pytest.raises(errors.InvalidResponse, match=r"HTTP 200: .* a content coding that was not requested"):
                fetch(server)

    def test_the_connector_of_a_passed_session_sets_the_trust(
        self, trust: ssl.SSLContext, server_side: ssl.SSLContext
    ) -> None:
        """Without that trust the handshake fails once, and nothing is sent."""
        with serve(TOKEN, tls=server_side) as server:
            assert lending(REQUEST, server, {"ssl": trust}).access_token.reveal() == "tok-1"
            connections: list[object] = []

            class Counted(aiohttp.TCPConnector):
                async def _create_connection(self, *given: Any, **named: Any) -> Any:
                    connections.append(given)
                    return await super()._create_connection(*given, **named)

            async def main() -> None:
                async with aiohttp.ClientSession(connector=Counted()) as client:
                    await fetch_token(REQUEST, f"{server.url}/token", client=client, options=Options(retries=QUICK))

            with pytest.raises(aiohttp.ClientConnectorCertificateError) as caught:
                run(main())
            host = server.url.removeprefix("https://")
            assert str(caught.value).startswith(f"token endpoint at {host}: no connection ([SSL: CERTIFICATE_VERIFY_FA")
            assert (len(server.asked), len(connections)) == (1, 1)

    def test_an_error_about_a_certificate_quotes_nothing_of_it(self, authority: trustme.CA) -> None:
        """Its subject and its other names are the server's text. The names of the error's class and its host stay."""
        names = ["subject-M4RKER.example", "other-M4RKER.example"]
        context, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
        authority.issue_cert(*names, common_name=names[0], organization_name="M4RKER").configure_cert(context)
        authority.configure_trust(trusting)
        for given, kind, reason in (
            (True, "ClientConnectorCertificateError", "CERTIFICATE_VERIFY_FAILED"),
            (trusting, "ClientConnectorCertificateError", "certificate is not valid for 'localhost'"),
            (aiohttp.Fingerprint(bytes(32)), "ServerFingerprintMismatch", "the certificate has another fingerprint"),
        ):
            with serve(TOKEN, tls=context) as server:
                with pytest.raises(getattr(aiohttp, kind)) as caught:
                    lending(REQUEST, server, {"ssl": given})
                assert server.asked == []
            assert type(caught.value).__name__ == kind
            assert str(caught.value).startswith(f"token endpoint at {server.url[8:]}: no connection")
            assert reason in str(caught.value)
            assert "Cannot connect" not in str(caught.value)
            assert "M4RKER" not in shown_by(caught.value)

    def test_a_closed_session_is_not_replaced_by_another(self) -> None:
        """The other session might trust other authorities."""

        async def main(url: str) -> None:
            async with aiohttp.ClientSession() as client:
                pass
            await fetch_token(REQUEST, url, client=client)

        with serve(TOKEN) as server, pytest.raises(RuntimeError) as caught:
            run(main(f"{server.url}/token"))
        assert str(caught.value) == "the session for token requests is closed; close it after the last call"
        assert server.asked == []


class TestFailure:
    """Network failures."""

    def test_a_dropped_connection_and_a_503_are_retried(self) -> None:
        """The third attempt succeeds."""
        with serve(Drop, Answer(503), TOKEN) as server:
            assert fetch(server, options=Options(retries=QUICK)).access_token.reveal() == "tok-1"
            assert len(server.asked) == 3

    def test_a_refused_connection_raises_the_connector_error_of_aiohttp(self) -> None:
        """It is raised after the last attempt."""
        with serve(TOKEN) as server:
            pass
        with pytest.raises(
            aiohttp.ClientConnectorError, match=r"^token endpoint at 127\.0\.0\.1:\d+: no connection \("
        ):
            fetch(server, options=Options(retries=QUICK))

    @pytest.mark.parametrize("step", [Silence, Answer(chunks=(b" ",) * 1000, pause=0.05)])
    def test_a_silent_or_slow_server_times_out_without_a_retry(self, step: Any) -> None:
        """The timeout covers the whole response."""
        started = time.monotonic()
        with serve(step) as server:
            with pytest.raises(aiohttp.ServerTimeoutError, match="within 0"):
                fetch(server, options=Options(timeout=0.3, retries=QUICK))
            assert len(server.asked) == 1
        assert elapsed_since(started) < 5

    def test_a_malformed_response_is_retried_and_never_quoted(self) -> None:
        """The response breaks off, or is not HTTP."""
        body = TOKEN.chunks[0]
        broken = [
            Answer(200, (("Content-Length", "999"),), (body,)),
            Answer(200, (("Bad Name tok-1", "tok-1"),), (body,)),
        ]
        for step in broken:
            with serve(step) as server:
                with pytest.raises(aiohttp.ClientPayloadError, match="is incomplete or is not HTTP") as caught:
                    fetch(server, options=Options(retries=QUICK))
                assert len(server.asked) == 3
            hidden(shown_by(caught.value))

    def test_broken_chunks_are_never_quoted(self) -> None:
        """If they arrive after the head, aiohttp itself waits until the timeout."""
        with serve(Answer(200, (("Transfer-Encoding", "chunked"),), TOKEN.chunks)) as server:
            for _ in range(5):
                with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ServerTimeoutError)) as caught:
                    fetch(server, options=Options(retries=QUICK, timeout=0.3))
                hidden(shown_by(caught.value))

    @pytest.mark.parametrize("step", [Drop, Silence, Answer(500), Answer(200, chunks=(b"s3cr3t-marker",)), TOKEN])
    def test_logs_and_errors_show_no_secret_and_no_token(self, step: Any, caplog: pytest.LogCaptureFixture) -> None:
        """This holds at every log level, and for tracebacks with locals."""
        shown: list[str] = []
        with caplog.at_level(logging.DEBUG), serve(step) as server:
            for request in (REQUEST, POST):
                try:
                    shown.append(repr(fetch(server, request, options=Options(timeout=0.3, retries=QUICK))))
                except (errors.OAuthError, aiohttp.ClientError) as error:
                    shown.append(shown_by(error))
                    frames = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
                    assert not [name for name in frames if "site-packages/aiohttp/" in name]
        hidden(*shown, logged(caplog))


@attrs.define
class World:
    """A token server, an API, and the events of the auth."""

    tokens: ScriptedServer
    api: ScriptedServer
    events: list[Event] = attrs.Factory(list)

    def auth(self, *, options: Options = Options(), **others: Any) -> ClientCredentialsAuth:  # noqa: B008  # frozen
        """Return the middleware under test."""
        reported = attrs.evolve(options, on_event=self.events.append)
        return ClientCredentialsAuth(REQUEST, f"{self.tokens.url}/token", options=reported, **others)

    def events_of(self, kind: type[T]) -> list[T]:
        """Return the events of *kind*."""
        return [event for event in self.events if isinstance(event, kind)]

    def carried(self) -> list[str | None]:
        """Return the Authorization header of each call that the API received."""
        return authorizations(self.api)


@contextlib.contextmanager
def world(*steps: Any, tokens: tuple[Answer, ...] = TOKENS) -> Iterator[World]:
    """Yield a world whose API responds with *steps*."""
    with serve(*tokens) as token_server, serve(*steps) as api:
        yield World(token_server, api)


@contextlib.contextmanager
def connect_proxy(reply: bytes) -> Iterator[tuple[str, list[str]]]:
    """Yield the URL of a proxy that responds with *reply*, and the heads of the requests that it received."""
    heads: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    heads.append(connection.recv(65536).decode())
                    connection.sendall(reply)
                    connection.recv(65536)
                    connection.sendall(b"no TLS")

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heads
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def authorizations(server: ScriptedServer) -> list[str | None]:
    """Return the Authorization header of each recorded request."""
    return [asked.headers.get("Authorization") for asked in server.asked]


def hidden(*texts: str) -> None:
    """Check that *texts* hold no secret and no token."""
    for text in texts:
        assert not [mark for mark in HIDDEN if mark in text]


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Return the whole log, with the fields of each record."""
    return "\n".join([caplog.text, *[str(vars(record)) for record in caplog.records]])


def make(world: World, auth: ClientCredentialsAuth, method: str = "GET", **call: Any) -> int:
    """Make one API call and return its status."""

    async def main() -> int:
        async with (
            aiohttp.ClientSession(middlewares=(auth,)) as session,
            session.request(method, f"{world.api.url}/things", **call) as response,
        ):
            await response.read()
            return response.status

    return run(main())


async def stream() -> AsyncGenerator[bytes]:
    """Yield a body that can be read once."""
    yield b"on"
    yield b"ce"


class TestCall:
    """API calls with the token."""

    def test_every_call_carries_the_token_in_place_of_other_authorization(self) -> None:
        """One token request serves both calls."""
        with world(OK) as here:
            auth = here.auth()
            assert make(here, auth) == 200
            assert make(here, auth, headers=[("authorization", "Basic a"), ("Authorization", "Bearer b")]) == 200
            assert here.carried() == ["Bearer tok-1", "Bearer tok-1"]
            assert [name for name in here.api.asked[1].headers if name.lower() == "authorization"] == ["Authorization"]
            assert len(here.tokens.asked) == 1

    def test_a_call_may_have_a_scope_of_its_own(self) -> None:
        """Cache and origins are shared with the first auth."""

        async def main(here: World) -> None:
            auth = here.auth()
            async with aiohttp.ClientSession(middlewares=(auth,)) as session:
                for middlewares in ((auth.with_scope(Scope.of("w")),), None, (auth.with_scope(Scope.of("w")),), ()):
                    async with session.get(f"{here.api.url}/", middlewares=middlewares) as response:
                        assert response.status == 200

        with world(OK) as here:
            run(main(here))
            assert here.carried() == ["Bearer tok-1", "Bearer tok-2", "Bearer tok-1", None]
            assert [asked.body.partition(b"scope=")[2] for asked in here.tokens.asked] == [b"w", b"a"]

    def test_the_token_of_a_resource_goes_to_the_origin_of_the_resource(self) -> None:
        """Named origins replace this origin."""
        with world(OK) as here:
            resource = f"{here.api.url}/base"
            assert make(here, here.auth().with_resource(resource)) == 200
            make(here, here.auth().with_resource("https://other.example/"))
            make(here, here.auth(origins=[here.api.url]).with_resource("https://other.example/"))
            assert here.carried() == ["Bearer tok-1", None, "Bearer tok-2"]
            assert b"resource=" in here.tokens.asked[0].body

    def test_two_hundred_cold_tasks_share_one_token_request(self) -> None:
        """All calls succeed."""

        async def main(server: AuthorizationServer) -> set[int]:
            request = token_request(ClientCredentials("your_id", "s3cret"))
            auth = ClientCredentialsAuth(request, server.token_endpoint)

            async def one(session: aiohttp.ClientSession) -> int:
                async with session.get(server.resource_url) as response:
                    return response.status

            async with aiohttp.ClientSession(middlewares=(auth,)) as session:
                return set(await asyncio.gather(*[one(session) for _ in range(200)]))

        with AuthorizationServer() as server:
            assert run(main(server)) == {200}
            assert len(server.token_requests) == 1

    def test_the_token_request_survives_the_cancellation_of_its_leader(self) -> None:
        """The waiting calls get the token of that request."""

        async def main(here: World) -> list[int]:
            auth = here.auth()
            async with aiohttp.ClientSession(middlewares=(auth,)) as session:

                async def one() -> int:
                    async with session.get(f"{here.api.url}/") as response:
                        return response.status

                tasks = [asyncio.create_task(one()) for _ in range(5)]
                while not here.tokens.asked:
                    await asyncio.sleep(0.01)
                tasks[0].cancel()
                with pytest.raises(asyncio.CancelledError):
                    await tasks[0]
                return await asyncio.gather(*tasks[1:])

        slow = Answer(chunks=(b" ", *TOKEN.chunks), pause=0.3)
        with world(OK, tokens=(slow,)) as here:
            assert run(main(here)) == [200] * 4
            assert len(here.tokens.asked) == 1

    def test_calls_and_token_requests_may_share_one_connection(self) -> None:
        """The session has a limit of one connection."""

        async def main(here: World) -> int:
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
                auth = here.auth(client=session, options=Options(timeout=2.0))
                async with session.get(f"{here.api.url}/", middlewares=(auth,)) as response:
                    return response.status

        with world(attrs.evolve(EXPIRED, chunks=(b"x" * 2**20,)), OK) as here:
            assert run(main(here)) == 200

    def test_the_token_request_uses_the_session_passed_for_it(
        self, trust: ssl.SSLContext, server_side: ssl.SSLContext
    ) -> None:
        """It does not use the session of the calls."""

        async def main(here: World, endpoint: str) -> int:
            connector = aiohttp.TCPConnector(ssl=trust)
            async with aiohttp.ClientSession(connector=connector) as client, aiohttp.ClientSession() as session:
                auth = ClientCredentialsAuth(REQUEST, endpoint, client=client)
                async with session.get(f"{here.api.url}/", middlewares=(auth,)) as response:
                    return response.status

        with world(OK) as here, serve(TOKEN, tls=server_side) as safe:
            assert run(main(here, f"{safe.url}/token")) == 200

    def test_a_call_cancelled_between_its_attempts_leaves_no_connection(self) -> None:
        """The session has a limit of one connection."""

        class Stuck:
            async def load(self, key: str) -> Token | None:
                return None

            async def save(self, key: str, token: Token) -> None:
                pass

            async def discard(self, key: str, token: Token) -> None:
                await asyncio.sleep(60)

            @contextlib.asynccontextmanager
            async def lock(self, key: str, wait: float) -> AsyncGenerator[bool]:
                yield True

        async def main(here: World) -> int:
            auth = here.auth(store=Stuck())
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
                with pytest.raises(TimeoutError) as caught:
                    async with asyncio.timeout(0.3):
                        await session.get(f"{here.api.url}/", middlewares=(auth,))
                async with asyncio.timeout(2), session.get(f"{here.api.url}/") as response:
                    assert caught.value.__cause__ is not None  # its frames, and so the first response, are alive
                    return response.status

        with world(attrs.evolve(EXPIRED, chunks=(b"x" * 2**20,) * 8), OK) as here:
            assert run(main(here)) == 200

    def test_sources_of_one_cache_share_a_token(self) -> None:
        """A closed source raises `SourceClosed`."""

        async def main(here: World) -> None:
            store = TokenCache()
            async with aiohttp.ClientSession() as client:
                for _ in range(2):
                    endpoint = f"{here.tokens.url}/token"
                    source = AsyncTokenSource(REQUEST, endpoint, client=client, store=store)
                    async with source:
                        assert (await source.token()).access_token.reveal() == "tok-1"
                    with pytest.raises(errors.SourceClosed):
                        await source.token()

        with world(OK) as here:
            run(main(here))
            assert len(here.tokens.asked) == 1


def form() -> aiohttp.FormData:
    """Return a form of two parts."""
    data = aiohttp.FormData()
    data.add_field("a", "b", content_type="text/plain")
    data.add_field("c", b"d", filename="c")
    return data


class TestRejectedByTheApi:
    """Responses of the API with status 401 or 403."""

    @pytest.mark.parametrize(
        ("call", "sent"),
        [
            ({}, b""),
            ({"data": b"body"}, b"body"),
            ({"data": "text"}, b"text"),
            ({"json": {"a": 1}}, b'{"a": 1}'),
            ({"data": {"a": "b"}}, b"a=b"),
            ({"data": form}, b"d\r\n"),
        ],
    )
    def test_a_rejected_token_is_replaced_and_the_call_repeated(self, call: dict[str, Any], sent: bytes) -> None:
        """The body is sent again unchanged."""
        call = {key: value() if callable(value) else value for key, value in call.items()}
        with world(EXPIRED, OK) as here:
            assert make(here, here.auth(), "POST", **call) == 200
            assert here.carried() == ["Bearer tok-1", "Bearer tok-2"]
            first, second = here.api.asked
            assert sent in first.body
            assert (first.body, first.headers.get("Content-Type")) == (second.body, second.headers.get("Content-Type"))
            assert len(here.tokens.asked) == 2
            assert len(here.events_of(TokenDiscarded)) == 1

    @pytest.mark.parametrize("body", [stream, lambda: io.BytesIO(b"once"), lambda: with_file()])
    def test_a_call_with_a_one_time_body_is_not_repeated(self, body: Any) -> None:
        """The caller gets the 401, and the next call has a new token."""
        with world(EXPIRED, OK) as here:
            auth = here.auth()
            headers = {"Content-Length": "4"} if body is stream else {}
            assert make(here, auth, "POST", data=body(), headers=headers) == 401
            assert b"once" in here.api.asked[0].body
            assert make(here, auth) == 200
            assert here.carried() == ["Bearer tok-1", "Bearer tok-2"]

    def test_a_call_is_repeated_at_most_once(self) -> None:
        """The caller gets the second 401."""
        with world(EXPIRED) as here:
            assert make(here, here.auth()) == 401
            assert here.carried() == ["Bearer tok-1", "Bearer tok-2"]

    def test_a_refused_token_request_after_a_401_reaches_the_caller(self) -> None:
        """No connection is left open."""
        refusal = Answer(401, chunks=(b'{"error": "invalid_client"}',))
        with world(EXPIRED, tokens=(TOKEN, refusal)) as here:
            with pytest.raises(errors.TokenRequestRefused):
                make(here, here.auth())
            assert len(here.api.asked) == 1
            assert len(here.events_of(RenewalFailed)) == 1

    def test_an_insufficient_scope_is_reported_without_a_repeated_call(self) -> None:
        """The event has the scope that the API requires."""
        with world(NARROW) as here:
            assert make(here, here.auth()) == 403
            (event,) = here.events_of(ScopeInsufficient)
            assert event.scope == Scope.of("b", "c")
            assert len(here.tokens.asked) == len(here.api.asked) == 1


def with_file() -> aiohttp.FormData:
    """Return a form with a file in it."""
    data = aiohttp.FormData()
    data.add_field("file", io.BytesIO(b"once"), filename="f")
    return data


class Loopback(AbstractResolver):
    """A resolver that knows every host, and finds it on loopback."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the address of loopback."""
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        """Do nothing."""


class TestOrigins:
    """Origins that do not receive the token."""

    @pytest.mark.parametrize("status", [302, 307, 308])
    @pytest.mark.parametrize("first", [OK, EXPIRED])
    def test_a_redirect_to_another_port_carries_no_token(self, status: int, first: Answer) -> None:
        """Regardless of the status that this origin returns."""
        with world(OK) as here, serve(first) as other:
            here.api.steps[:] = [Answer(status, (("Location", f"{other.url}/there"),))]
            assert make(here, here.auth()) == first.status
            assert authorizations(other) == [None]
            assert here.carried() == ["Bearer tok-1"]
            assert [event.api for event in here.events_of(TokenWithheld)] == [other.url]
            assert len(here.tokens.asked) == 1

    @pytest.mark.parametrize("host", ["a-.example", "a..b"])
    def test_a_host_that_no_origin_has_is_called_without_the_token(self, host: str) -> None:
        """A session with the middleware also calls such hosts, which its resolver knows."""
        with world(OK) as here:

            async def main() -> None:
                port = URL(here.api.url).port
                for origins in (None, ["https://api.example"]):
                    connector = aiohttp.TCPConnector(resolver=Loopback())
                    async with (
                        aiohttp.ClientSession(
                            middlewares=(here.auth(origins=origins),), connector=connector
                        ) as session,
                        session.get(f"http://{host}:{port}/") as response,
                    ):
                        await response.read()

            run(main())
            assert here.carried() == [None, None]
            assert here.tokens.asked == []
            assert [event.api for event in here.events_of(TokenWithheld)] == [f"http://{host}"] * 2

    def test_a_redirect_to_another_host_name_carries_no_token(self) -> None:
        """Another name of the same machine is another origin."""
        with world(OK) as here:
            there = here.api.url.replace("127.0.0.1", "localhost")
            here.api.steps[:] = [Answer(307, (("Location", f"{there}/there"),)), EXPIRED]
            assert make(here, here.auth()) == 401
            assert here.carried() == ["Bearer tok-1", None]

    def test_a_redirect_within_the_origin_keeps_the_token(self) -> None:
        """Every call to that origin carries it."""
        with world(Answer(302, (("Location", "/there"),)), OK) as here:
            assert make(here, here.auth()) == 200
            assert here.carried() == ["Bearer tok-1", "Bearer tok-1"]

    def test_a_redirect_between_https_and_http_carries_no_token(
        self, trust: ssl.SSLContext, server_side: ssl.SSLContext
    ) -> None:
        """This holds in either direction."""

        async def main(here: World, start: str, meant: str) -> None:
            auth = here.auth(origins=[meant])
            connector = aiohttp.TCPConnector(ssl=trust)
            async with (
                aiohttp.ClientSession(connector=connector, middlewares=(auth,)) as session,
                session.get(f"{start}/a") as response,
            ):
                assert response.status == 200

        with world(OK) as here, serve(OK, tls=server_side) as safe:
            safe.steps[:] = [Answer(307, (("Location", f"{here.api.url}/b"),))]
            run(main(here, safe.url, safe.url))
            assert (authorizations(safe), here.carried()) == (["Bearer tok-1"], [None])
        with world(OK) as here, serve(OK, tls=server_side) as safe:
            here.api.steps[:] = [Answer(307, (("Location", f"{safe.url}/b"),))]
            run(main(here, here.api.url, here.api.url))
            assert (here.carried(), authorizations(safe)) == (["Bearer tok-1"], [None])

    def test_the_token_does_not_stay_on_a_request_that_is_reused(self) -> None:
        """Another middleware may send the request elsewhere."""

        async def main(here: World, other: ScriptedServer) -> None:
            async def astray(
                request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
            ) -> aiohttp.ClientResponse:
                (await handler(request)).release()
                request.url = request.url.with_port(int(other.url.rpartition(":")[2]))
                return await handler(request)

            async with (
                aiohttp.ClientSession(middlewares=(astray, here.auth())) as session,
                session.get(f"{here.api.url}/", headers={"Authorization": "Basic own"}) as response,
            ):
                assert response.status == 200

        with world(OK) as here, serve(OK) as other:
            run(main(here, other))
            assert (here.carried(), authorizations(other)) == (["Bearer tok-1"], ["Basic own"])

    def test_a_first_call_over_plain_http_is_rejected(self) -> None:
        """No token is requested. Loopback is accepted."""

        async def main(auth: ClientCredentialsAuth) -> None:
            async with aiohttp.ClientSession(middlewares=(auth,)) as session:
                await session.get("http://api.example/")

        with serve(TOKEN) as tokens:
            with pytest.raises(errors.InsecureEndpoint):
                run(main(ClientCredentialsAuth(REQUEST, f"{tokens.url}/token")))
            assert tokens.asked == []


class TestSecrecy:
    """Secrecy of a whole run."""

    def test_logs_reprs_and_errors_of_a_run_show_no_secret_and_no_token(self, caplog: pytest.LogCaptureFixture) -> None:
        """The log level is DEBUG."""
        shown: list[str] = []

        async def main(here: World) -> None:
            asyncio.get_running_loop().set_debug(True)
            auth = here.auth()
            shown.extend([repr(auth), str(vars(auth)), repr(auth._source), str(vars(auth._source))])
            async with aiohttp.ClientSession(middlewares=(auth,)) as session:
                for _ in range(6):
                    try:
                        async with session.get(f"{here.api.url}/", raise_for_status=True) as response:
                            shown.extend([repr(response), repr(response.request_info), repr(vars(response))])
                    except aiohttp.ClientError as error:
                        shown.append(shown_by(error))

        steps = (OK, EXPIRED, OK, NARROW, Drop, Answer(302, (("Location", "/there"),)), Answer(500))
        with caplog.at_level(logging.DEBUG), world(*steps) as here:
            run(main(here))
            assert len(here.api.asked) >= 7
            shown.append(repr(here.events))
        assert "token obtained for client id" in caplog.text
        hidden(*shown, logged(caplog))

    def test_the_too_many_redirects_error_shows_no_token(self) -> None:
        """It holds the first request."""
        with world(Answer(302, (("Location", "/again"),))) as here:
            with pytest.raises(aiohttp.TooManyRedirects) as caught:
                make(here, here.auth())
            assert here.carried()[0] == "Bearer tok-1"
        hidden(shown_by(caught.value))
