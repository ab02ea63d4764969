"""
The aiohttp shell against real servers: token requests, and the middleware that puts tokens on calls.
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
    """Runs *main* in an event loop of its own, which tells of what it finds odd."""
    return asyncio.run(main, debug=False)


def fetch(server: ScriptedServer, request: Any = REQUEST, **options: Any) -> Token:
    """Fetches a token from *server*."""
    return run(fetch_token(request, f"{server.url}/token", **options))


def lending(request: Any, server: ScriptedServer, connector: dict[str, Any], **session: Any) -> Token:
    """Fetches a token from *server* through a session of the caller's."""

    async def main() -> Token:
        lent = aiohttp.TCPConnector(**connector)
        async with aiohttp.ClientSession(connector=lent, **session) as client:
            token = await fetch_token(request, f"{server.url}/token", client=client)
            assert not client.closed
            assert not lent.closed
        return token

    return run(main())


def sent_as_composed(server: ScriptedServer, request: Any) -> None:
    """Checks that the one request that arrived carries what was composed, and nothing that someone added."""
    composed = http_request(request, f"{server.url}/token")
    (asked,) = server.asked
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert (asked.method, asked.path, asked.body) == ("POST", "/token", composed.body)
    for name, value in composed.headers:
        assert headers.pop(name.lower()) == value
    assert headers.keys() == {"host", "accept-encoding", "content-length"}
    assert headers["accept-encoding"] == "identity"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority of our own."""
    return trustme.CA()


@pytest.fixture(scope="module")
def server_side(authority: trustme.CA) -> ssl.SSLContext:
    """A server's side of TLS with a certificate for localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def trust(authority: trustme.CA) -> ssl.SSLContext:
    """A client's side of TLS that trusts the authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


class TestTokenRequest:
    """What goes out, and what comes back."""

    @pytest.mark.parametrize("request_", [REQUEST, POST])
    def test_as_composed(self, request_: Any) -> None:
        """One request brings the token, and is exactly what was composed."""
        with serve(TOKEN) as server:
            token = fetch(server, request_)
            sent_as_composed(server, request_)
        assert token.access_token.reveal() == "tok-1"
        assert abs(token.expires_at - time.time() - 3600) < 60

    @pytest.mark.parametrize("request_", [REQUEST, POST])
    @pytest.mark.filterwarnings("ignore:The 'auth' parameter is deprecated", "ignore:BasicAuth is deprecated")
    def test_a_session_adds_nothing(self, request_: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A caller's session lends its connector only: not its headers, cookies, credentials, middlewares, hooks."""
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

        async def traced(*given: object) -> None:
            seen.append(given)

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

    def test_no_netrc_no_proxy(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Credentials and proxies of the environment play no part."""
        netrc = tmp_path / ".netrc"
        netrc.write_text("default login other password other\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        with serve(TOKEN) as server:
            fetch(server, POST)
            sent_as_composed(server, POST)

    def test_url_as_checked(self) -> None:
        """The path goes out as it was given: no dot or escape of it is tidied."""
        with serve(TOKEN) as server:
            endpoint = f"{server.url}/a/../t%6Fken%2F?tenant=a%2Cb+c"
            run(fetch_token(REQUEST, endpoint))
            assert server.asked[0].path == "/a/../t%6Fken%2F?tenant=a%2Cb+c"

    def test_proxy_of_the_session(self) -> None:
        """A session's proxy is used, for https with its credentials, which no error shows."""

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

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_no_redirect(self, status: int) -> None:
        """A redirect is an error after one request; the place it names sees nothing."""
        with serve(TOKEN) as other:
            redirect = Answer(status, (("Location", f"{other.url}/token"),))
            with serve(redirect) as server, pytest.raises(errors.UnexpectedRedirect):
                fetch(server, POST)
            assert len(server.asked) == 1
            assert other.asked == []

    def test_endless_body(self) -> None:
        """Reading stops soon after 1 MiB, however much is sent."""
        with serve(Answer(chunks=(b"x" * 65536,) * 2000)) as server:
            with pytest.raises(errors.InvalidResponse):
                fetch(server)
            assert server.sent_bytes < 64 * 2**20

    def test_codings(self) -> None:
        """A coding that was not asked for is undone by us, within bounds, or is an error."""
        packed = Answer(200, (("Content-Encoding", "gzip"),), (gzip.compress(TOKEN.chunks[0]),))
        bomb = Answer(200, (("Content-Encoding", "gzip"),), (gzip.compress(b" " * 2**23),))
        other = Answer(200, (("Content-Encoding", "br"),), (b"x",))
        with serve(packed, bomb, other) as server:
            assert fetch(server).access_token.reveal() == "tok-1"
            with pytest.raises(errors.InvalidResponse):
                fetch(server)
            with pytest.raises(errors.InvalidResponse, match="a content coding that was not asked for"):
                fetch(server)

    def test_tls_of_the_session(self, trust: ssl.SSLContext, server_side: ssl.SSLContext) -> None:
        """Over https the connector's trust counts; without it the handshake fails, once, and nothing is sent."""
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

            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                run(main())
            assert (len(server.asked), len(connections)) == (1, 1)

    def test_closed_session(self) -> None:
        """A session that is closed is never stood in for by another, with other trust."""

        async def main(url: str) -> None:
            async with aiohttp.ClientSession() as client:
                pass
            await fetch_token(REQUEST, url, client=client)

        with serve(TOKEN) as server, pytest.raises(RuntimeError, match="closed"):
            run(main(f"{server.url}/token"))
        assert server.asked == []


class TestFailure:
    """Networks fail."""

    def test_dropped(self) -> None:
        """A dropped connection and a busy server are met with another attempt."""
        with serve(Drop, Answer(503), TOKEN) as server:
            assert fetch(server, options=Options(retries=QUICK)).access_token.reveal() == "tok-1"
            assert len(server.asked) == 3

    def test_gone(self) -> None:
        """A server that is not there is the library's own error."""
        with serve(TOKEN) as server:
            pass
        with pytest.raises(aiohttp.ClientConnectorError):
            fetch(server, options=Options(retries=QUICK))

    @pytest.mark.parametrize("step", [Silence, Answer(chunks=(b" ",) * 1000, pause=0.05)])
    def test_slow(self, step: Any) -> None:
        """A server that says nothing, or a byte now and then, is given up in time, and not asked again."""
        started = time.monotonic()
        with serve(step) as server:
            with pytest.raises(aiohttp.ServerTimeoutError, match="within 0"):
                fetch(server, options=Options(timeout=0.3, retries=QUICK))
            assert len(server.asked) == 1
        assert elapsed_since(started) < 5

    def test_no_http(self) -> None:
        """An answer that is no HTTP, or breaks off, is tried again, and never quoted."""
        body = TOKEN.chunks[0]
        broken = [
            Answer(200, (("Content-Length", "999"),), (body,)),
            Answer(200, (("Bad Name tok-1", "tok-1"),), (body,)),
        ]
        for step in broken:
            with serve(step) as server:
                with pytest.raises(aiohttp.ClientPayloadError, match="broke off, or is no HTTP") as caught:
                    fetch(server, options=Options(retries=QUICK))
                assert len(server.asked) == 3
            hidden(shown_by(caught.value))

    def test_no_chunks(self) -> None:
        """A body in broken chunks is never quoted; if it comes after its head, aiohttp itself goes on waiting."""
        with serve(Answer(200, (("Transfer-Encoding", "chunked"),), TOKEN.chunks)) as server:
            for _ in range(5):
                with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ServerTimeoutError)) as caught:
                    fetch(server, options=Options(retries=QUICK, timeout=0.3))
                hidden(shown_by(caught.value))

    @pytest.mark.parametrize("step", [Drop, Silence, Answer(500), Answer(200, chunks=(b"s3cr3t-marker",)), TOKEN])
    def test_nowhere(self, step: Any, caplog: pytest.LogCaptureFixture) -> None:
        """No log record at any level and no traceback with locals holds the secret, the Basic field or the token."""
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
    """A token server, an API, and what was told."""

    tokens: ScriptedServer
    api: ScriptedServer
    events: list[Event] = attrs.Factory(list)

    def auth(self, *, options: Options = Options(), **others: Any) -> ClientCredentialsAuth:  # noqa: B008  # frozen
        """Gives the middleware under test."""
        reported = attrs.evolve(options, on_event=self.events.append)
        return ClientCredentialsAuth(REQUEST, f"{self.tokens.url}/token", options=reported, **others)

    def told(self, kind: type[T]) -> list[T]:
        """Gives the events of *kind*."""
        return [event for event in self.events if isinstance(event, kind)]

    def put(self) -> list[str | None]:
        """Gives the Authorization of each call that arrived at the API."""
        return authorizations(self.api)


@contextlib.contextmanager
def world(*steps: Any, tokens: tuple[Answer, ...] = TOKENS) -> Iterator[World]:
    """Gives a world whose API answers with *steps*."""
    with serve(*tokens) as token_server, serve(*steps) as api:
        yield World(token_server, api)


@contextlib.contextmanager
def connect_proxy(reply: bytes) -> Iterator[tuple[str, list[str]]]:
    """Gives a proxy that answers *reply*, and what it was told."""
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
    """Gives the Authorization of each request that arrived."""
    return [asked.headers.get("Authorization") for asked in server.asked]


def hidden(*texts: str) -> None:
    """Checks that no secret and no token stands in *texts*."""
    for text in texts:
        assert not [mark for mark in HIDDEN if mark in text]


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Gives all that was logged, with the fields of each record."""
    return "\n".join([caplog.text, *[str(vars(record)) for record in caplog.records]])


def make(world: World, auth: ClientCredentialsAuth, method: str = "GET", **call: Any) -> int:
    """Makes one call of the API and gives its status."""

    async def main() -> int:
        async with (
            aiohttp.ClientSession(middlewares=(auth,)) as session,
            session.request(method, f"{world.api.url}/things", **call) as response,
        ):
            await response.read()
            return response.status

    return run(main())


async def stream() -> AsyncGenerator[bytes]:
    """A body that can be read once."""
    yield b"on"
    yield b"ce"


class TestCall:
    """The token on calls."""

    def test_put_on(self) -> None:
        """The token goes with the call, in place of any other Authorization, and is asked for once."""
        with world(OK) as here:
            auth = here.auth()
            assert make(here, auth) == 200
            assert make(here, auth, headers=[("authorization", "Basic a"), ("Authorization", "Bearer b")]) == 200
            assert here.put() == ["Bearer tok-1", "Bearer tok-1"]
            assert [name for name in here.api.asked[1].headers if name.lower() == "authorization"] == ["Authorization"]
            assert len(here.tokens.asked) == 1

    def test_per_call(self) -> None:
        """A call may have a scope of its own; memory and origins are shared with the rest."""

        async def main(here: World) -> None:
            auth = here.auth()
            async with aiohttp.ClientSession(middlewares=(auth,)) as session:
                for middlewares in ((auth.with_scope(Scope.of("w")),), None, (auth.with_scope(Scope.of("w")),), ()):
                    async with session.get(f"{here.api.url}/", middlewares=middlewares) as response:
                        assert response.status == 200

        with world(OK) as here:
            run(main(here))
            assert here.put() == ["Bearer tok-1", "Bearer tok-2", "Bearer tok-1", None]
            assert [asked.body.partition(b"scope=")[2] for asked in here.tokens.asked] == [b"w", b"a"]

    def test_resource(self) -> None:
        """A token of a resource goes to the resource's origin, unless origins were given."""
        with world(OK) as here:
            resource = f"{here.api.url}/base"
            assert make(here, here.auth().with_resource(resource)) == 200
            make(here, here.auth().with_resource("https://other.example/"))
            make(here, here.auth(origins=[here.api.url]).with_resource("https://other.example/"))
            assert here.put() == ["Bearer tok-1", None, "Bearer tok-2"]
            assert b"resource=" in here.tokens.asked[0].body

    def test_cold_crowd(self) -> None:
        """200 tasks that come at once share one token request."""

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

    def test_leader_cancelled(self) -> None:
        """The task that led goes away: the others are answered by the same token request."""

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

    def test_only_connection(self) -> None:
        """The session of the calls may serve the token requests too, even with one connection."""

        async def main(here: World) -> int:
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
                auth = here.auth(client=session, options=Options(timeout=2.0))
                async with session.get(f"{here.api.url}/", middlewares=(auth,)) as response:
                    return response.status

        with world(attrs.evolve(EXPIRED, chunks=(b"x" * 2**20,)), OK) as here:
            assert run(main(here)) == 200

    def test_session_for_tokens(self, trust: ssl.SSLContext, server_side: ssl.SSLContext) -> None:
        """The token is asked for through the session that is given for it, not through that of the calls."""

        async def main(here: World, endpoint: str) -> int:
            connector = aiohttp.TCPConnector(ssl=trust)
            async with aiohttp.ClientSession(connector=connector) as client, aiohttp.ClientSession() as session:
                auth = ClientCredentialsAuth(REQUEST, endpoint, client=client)
                async with session.get(f"{here.api.url}/", middlewares=(auth,)) as response:
                    return response.status

        with world(OK) as here, serve(TOKEN, tls=server_side) as safe:
            assert run(main(here, f"{safe.url}/token")) == 200

    def test_cancelled_between(self) -> None:
        """A call that is cancelled between its two attempts leaves no connection behind."""

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

    def test_source(self) -> None:
        """The source alone gives the token, through the session it is given, and shares a store."""

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
    """A form of parts."""
    data = aiohttp.FormData()
    data.add_field("a", "b", content_type="text/plain")
    data.add_field("c", b"d", filename="c")
    return data


class TestRefusedByTheApi:
    """What an API's 401 and 403 do."""

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
    def test_once_more(self, call: dict[str, Any], sent: bytes) -> None:
        """Exactly that token is discarded, one is asked for, and the call made again with the same body."""
        call = {key: value() if callable(value) else value for key, value in call.items()}
        with world(EXPIRED, OK) as here:
            assert make(here, here.auth(), "POST", **call) == 200
            assert here.put() == ["Bearer tok-1", "Bearer tok-2"]
            first, second = here.api.asked
            assert sent in first.body
            assert (first.body, first.headers.get("Content-Type")) == (second.body, second.headers.get("Content-Type"))
            assert len(here.tokens.asked) == 2
            assert len(here.told(TokenDiscarded)) == 1

    @pytest.mark.parametrize("body", [stream, lambda: io.BytesIO(b"once"), lambda: with_file()])
    def test_body_not_repeatable(self, body: Any) -> None:
        """A body that is read once is not sent again: the 401 stands, and the next call has a new token."""
        with world(EXPIRED, OK) as here:
            auth = here.auth()
            headers = {"Content-Length": "4"} if body is stream else {}
            assert make(here, auth, "POST", data=body(), headers=headers) == 401
            assert b"once" in here.api.asked[0].body
            assert make(here, auth) == 200
            assert here.put() == ["Bearer tok-1", "Bearer tok-2"]

    def test_no_loop(self) -> None:
        """An API that accepts nothing is called twice, and its last answer stands."""
        with world(EXPIRED) as here:
            assert make(here, here.auth()) == 401
            assert here.put() == ["Bearer tok-1", "Bearer tok-2"]

    def test_new_token_refused(self) -> None:
        """If no new token is to be had, the caller gets the reason, and no connection is left open."""
        refusal = Answer(401, chunks=(b'{"error": "invalid_client"}',))
        with world(EXPIRED, tokens=(TOKEN, refusal)) as here:
            with pytest.raises(errors.TokenRequestRefused):
                make(here, here.auth())
            assert len(here.api.asked) == 1
            assert len(here.told(RenewalFailed)) == 1

    def test_scope(self) -> None:
        """A 403 is told of, and changes nothing."""
        with world(NARROW) as here:
            assert make(here, here.auth()) == 403
            (event,) = here.told(ScopeInsufficient)
            assert event.scope == Scope.of("b", "c")
            assert len(here.tokens.asked) == len(here.api.asked) == 1


def with_file() -> aiohttp.FormData:
    """A form with a file in it."""
    data = aiohttp.FormData()
    data.add_field("file", io.BytesIO(b"once"), filename="f")
    return data


class TestOrigins:
    """Where the token does not go."""

    @pytest.mark.parametrize("status", [302, 307, 308])
    @pytest.mark.parametrize("first", [OK, EXPIRED])
    def test_other_port(self, status: int, first: Answer) -> None:
        """Where a redirect leads to another port the token is withheld, whatever is answered there."""
        with world(OK) as here, serve(first) as other:
            here.api.steps[:] = [Answer(status, (("Location", f"{other.url}/there"),))]
            assert make(here, here.auth()) == first.status
            assert authorizations(other) == [None]
            assert here.put() == ["Bearer tok-1"]
            assert [event.origin for event in here.told(TokenWithheld)] == [other.url]
            assert len(here.tokens.asked) == 1

    def test_other_host(self) -> None:
        """Another name of the same machine is another origin."""
        with world(OK) as here:
            there = here.api.url.replace("127.0.0.1", "localhost")
            here.api.steps[:] = [Answer(307, (("Location", f"{there}/there"),)), EXPIRED]
            assert make(here, here.auth()) == 401
            assert here.put() == ["Bearer tok-1", None]

    def test_same_origin(self) -> None:
        """Where a redirect stays, the token stays."""
        with world(Answer(302, (("Location", "/there"),)), OK) as here:
            assert make(here, here.auth()) == 200
            assert here.put() == ["Bearer tok-1", "Bearer tok-1"]

    def test_https_to_http(self, trust: ssl.SSLContext, server_side: ssl.SSLContext) -> None:
        """From https to http the token does not go along; nor the other way, to where it is not meant for."""

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
            assert (authorizations(safe), here.put()) == (["Bearer tok-1"], [None])
        with world(OK) as here, serve(OK, tls=server_side) as safe:
            here.api.steps[:] = [Answer(307, (("Location", f"{safe.url}/b"),))]
            run(main(here, here.api.url, here.api.url))
            assert (here.put(), authorizations(safe)) == (["Bearer tok-1"], [None])

    def test_request_that_is_used_again(self) -> None:
        """A token that was put on a request does not stay on it, where another middleware leads it elsewhere."""

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
            assert (here.put(), authorizations(other)) == (["Bearer tok-1"], ["Basic own"])

    def test_first_call_over_http(self) -> None:
        """Http is refused as the first call's origin, unless it is this machine's; nothing is sent."""

        async def main(auth: ClientCredentialsAuth) -> None:
            async with aiohttp.ClientSession(middlewares=(auth,)) as session:
                await session.get("http://api.example/")

        with serve(TOKEN) as tokens:
            with pytest.raises(errors.InsecureEndpoint):
                run(main(ClientCredentialsAuth(REQUEST, f"{tokens.url}/token")))
            assert tokens.asked == []


class TestSecrecy:
    """A whole run shows nothing."""

    def test_run(self, caplog: pytest.LogCaptureFixture) -> None:
        """Neither logs nor reprs, of answers and errors too, hold the secret or a token."""
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

    def test_too_many_redirects(self) -> None:
        """An error that holds the first request shows no token of it."""
        with world(Answer(302, (("Location", "/again"),))) as here:
            with pytest.raises(aiohttp.TooManyRedirects) as caught:
                make(here, here.auth())
            assert here.put()[0] == "Bearer tok-1"
        hidden(shown_by(caught.value))
