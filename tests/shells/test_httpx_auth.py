"""
The auth of httpx2 and of httpx, in threads and on both event loops, against real servers.
"""

import io
import logging
import ssl
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import anyio
import httpx
import httpx2
import pytest
import trustme

import oauth_cc.httpx
import oauth_cc.httpx2
from oauth_cc import ClientCredentials, Options, Retries, Scope, token_request
from oauth_cc.errors import InsecureEndpoint, InvalidInput, TokenRequestRefused, UnexpectedRedirect
from oauth_cc.events import Event, ScopeInsufficient, TokenObtained, TokenWithheld
from oauth_cc.stores import TokenCache
from oauth_cc.testing import AuthorizationServer, RegisteredClient
from tests.shells.scripted import TOKEN, Answer, ScriptedServer, serve

REQUEST = token_request(ClientCredentials("your_id", "s3cret-of-client"), Scope.of("read"))
KNOWN = RegisteredClient("your_id", "s3cret-of-client", Scope.of("read", "write"))
SECOND = Answer(chunks=(b'{"access_token": "tok-2", "token_type": "Bearer", "expires_in": 3600}',))
DONE = Answer(chunks=(b"done",))
REJECTED = Answer(status=401, headers=(("WWW-Authenticate", 'Bearer error="invalid_token"'),), chunks=(b"no",))
LACKING = Answer(
    status=403, headers=(("WWW-Authenticate", 'Bearer error="insufficient_scope", scope="admin"'),), chunks=(b"no",)
)

# The two libraries have the same names but no common types, so what is generic over them is not typed.
Auth: TypeAlias = Any
Answers: TypeAlias = list[Any]


class Calls:
    """Calls with one of the libraries, in one of the ways it is used."""

    def __init__(self, library: ModuleType, shell: ModuleType, backend: str | None) -> None:
        self.library, self.shell, self.backend = library, shell, backend

    def auth(self, server: AuthorizationServer | ScriptedServer, **options: Any) -> Auth:
        """Gives an auth for *server*'s tokens."""
        endpoint = server.token_endpoint if isinstance(server, AuthorizationServer) else f"{server.url}/token"
        return self.shell.ClientCredentialsAuth(REQUEST, endpoint, **options)

    def call(self, auth: Auth, *calls: Any, method: str = "GET", client: Any = None, **options: Any) -> Answers:
        """Gives the answers to *calls*: URLs, or functions that give the options of a call."""
        wishes = [one if callable(one) else partial(dict, url=one) for one in calls]
        options = {"auth": auth, "trust_env": False, **(client or {}), **options}
        if self.backend is None:
            with self.library.Client(**options) as api:
                return [api.request(method, **wish()) for wish in wishes]

        async def main() -> Answers:
            async with self.library.AsyncClient(**options) as api:
                return [await api.request(method, **wish()) for wish in wishes]

        return anyio.run(main, backend=self.backend)

    def statuses(self, auth: Auth, *urls: str, **options: Any) -> list[int]:
        """Gives the statuses of calls to *urls*."""
        return [answer.status_code for answer in self.call(auth, *urls, **options)]


WAYS = [
    pytest.param((library, shell, backend), id=f"{library.__name__}-{backend or 'threads'}")
    for library, shell in ((httpx2, oauth_cc.httpx2), (httpx, oauth_cc.httpx))
    for backend in (None, "asyncio", "trio")
]


@pytest.fixture(params=WAYS)
def calls(request: pytest.FixtureRequest) -> Calls:
    """Each library, in each way."""
    return Calls(*request.param)


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """A server that counts."""
    with AuthorizationServer(clients=[KNOWN]) as running:
        yield running


def test_the_two_modules_are_one_text() -> None:
    """What is fixed in one is fixed in the other."""
    texts = [Path(str(module.__file__)).read_text("utf-8") for module in (oauth_cc.httpx2, oauth_cc.httpx)]
    assert texts[0].replace("httpx2", "httpx") == texts[1]


class TestTheToken:
    def test_is_put_on_every_call(self, calls: Calls, server: AuthorizationServer) -> None:
        """And asked for once."""
        assert calls.statuses(calls.auth(server), *[server.resource_url] * 3) == [200, 200, 200]
        assert len(server.token_requests) == 1

    def test_replaces_what_is_there(self, calls: Calls) -> None:
        """A call carries one Authorization field."""
        with serve(TOKEN) as script, serve(DONE) as api:
            calls.call(calls.auth(script), api.url, headers={"Authorization": "Basic other"})
            assert api.asked[0].headers["Authorization"] == "Bearer tok-1"

    def test_of_another_scope_for_one_call(self, calls: Calls, server: AuthorizationServer) -> None:
        """Each kind of token is asked for once."""
        auth = calls.auth(server)
        writing = auth.with_scope(Scope.of("write"))
        urls = [f"{server.resource_url}/write"] * 2
        assert calls.statuses(auth, *urls) == [403, 403]
        assert calls.statuses(writing, *urls) == [200, 200]
        assert len(server.token_requests) == 2

    def test_of_another_resource_for_one_call(self, calls: Calls) -> None:
        """It goes to that resource, and the token of the others does not."""
        with serve(TOKEN, SECOND) as script, serve(DONE) as api, serve(DONE) as other:
            auth = calls.auth(script)
            calls.call(auth, api.url, other.url)
            calls.call(auth.with_resource(f"{other.url}/"), other.url, api.url)
            assert [asked.headers.get("Authorization") for asked in api.asked] == ["Bearer tok-1", None]
            assert [asked.headers.get("Authorization") for asked in other.asked] == [None, "Bearer tok-2"]

    def test_is_shared_by_auths_of_one_store(self, calls: Calls, server: AuthorizationServer) -> None:
        """In whatever way they are used."""
        store = TokenCache()
        assert calls.statuses(calls.auth(server, store=store), server.resource_url) == [200]
        assert calls.statuses(calls.auth(server, store=store), server.resource_url) == [200]
        assert len(server.token_requests) == 1

    def test_cannot_be_had(self, calls: Calls) -> None:
        """The caller gets the server's refusal, and the API is not called."""
        with serve(Answer(status=401, chunks=(b'{"error": "invalid_client"}',))) as script, serve(DONE) as api:
            with pytest.raises(TokenRequestRefused):
                calls.call(calls.auth(script), api.url)
            assert api.asked == []


class TestARejectedToken:
    def test_is_replaced_and_the_call_made_again(self, calls: Calls, server: AuthorizationServer) -> None:
        """Once, with a new token."""
        auth = calls.auth(server)
        assert calls.statuses(auth, server.resource_url) == [200]
        server.revoke_all()
        assert calls.statuses(auth, server.resource_url, server.resource_url) == [200, 200]
        assert len(server.token_requests) == 2

    def test_for_ever(self, calls: Calls) -> None:
        """A call is made twice at the most, and its last answer stands."""
        with serve(TOKEN, SECOND) as script, serve(REJECTED) as api:
            assert calls.statuses(calls.auth(script), api.url) == [401]
            assert [asked.headers["Authorization"] for asked in api.asked] == ["Bearer tok-1", "Bearer tok-2"]
            assert len(script.asked) == 2

    @pytest.mark.parametrize(
        "body",
        [
            lambda: {"content": b"a body"},
            lambda: {"json": {"a": "body"}},
            lambda: {"data": {"a": "body"}},
            lambda: {"files": {"file": io.BytesIO(b"a body")}},
        ],
        ids=["bytes", "json", "form", "file"],
    )
    def test_with_a_body_that_can_be_sent_again(self, calls: Calls, body: Callable[[], dict[str, Any]]) -> None:
        """The very same body goes out again."""
        with serve(TOKEN, SECOND) as script, serve(REJECTED, DONE) as api:
            (answer,) = calls.call(calls.auth(script), lambda: {"url": api.url, **body()}, method="POST")
            assert answer.status_code == 200
            first, second = api.asked
            assert b"body" in first.body
            assert first.body == second.body

    def test_with_a_body_that_cannot(self, calls: Calls) -> None:
        """The answer stands, and the next call has a new token."""

        def parts() -> Iterator[bytes]:
            yield b"a body"

        async def async_parts() -> Any:
            yield b"a body"

        with serve(TOKEN, SECOND) as script, serve(REJECTED, DONE) as api:
            stream = parts if calls.backend is None else async_parts
            headers = {"Content-Length": "6"}
            auth = calls.auth(script)
            wish = lambda: {"url": api.url, "content": stream(), "headers": headers}  # noqa: E731
            answers = calls.call(auth, wish, wish, method="POST")
            assert [answer.status_code for answer in answers] == [401, 200]
            assert [asked.headers["Authorization"] for asked in api.asked] == ["Bearer tok-1", "Bearer tok-2"]

    def test_that_lacks_scope_is_reported(self, calls: Calls) -> None:
        """And the call not made again."""
        told: list[Event] = []
        with serve(TOKEN) as script, serve(LACKING) as api:
            assert calls.statuses(calls.auth(script, options=Options(on_event=told.append)), api.url) == [403]
            assert len(api.asked) == 1
        assert [event.scope for event in told if isinstance(event, ScopeInsufficient)] == [Scope.of("admin")]


class TestOtherOrigins:
    @pytest.mark.parametrize("status", [302, 307, 308])
    def test_a_redirect_carries_no_token_there(self, calls: Calls, status: int) -> None:
        """Nor does a 401 there get one, or make the token at hand forgotten."""
        told: list[Event] = []
        with serve(TOKEN, SECOND) as script, serve(REJECTED) as elsewhere:
            away = Answer(status=status, headers=(("Location", f"{elsewhere.url}/there"),))
            with serve(away) as api:
                auth = calls.auth(script, options=Options(on_event=told.append))
                assert calls.statuses(auth, api.url, api.url, follow_redirects=True) == [401, 401]
            assert ["Authorization" in asked.headers for asked in elsewhere.asked] == [False, False]
            assert len(script.asked) == 1
        assert [type(event) for event in told] == [TokenObtained]

    def test_a_redirect_on_the_origin_keeps_the_token(self, calls: Calls) -> None:
        """As any other call there."""
        with serve(TOKEN) as script, serve(Answer(status=307, headers=(("Location", "/there"),)), DONE) as api:
            assert calls.statuses(calls.auth(script), api.url, follow_redirects=True) == [200]
            assert [asked.headers["Authorization"] for asked in api.asked] == ["Bearer tok-1"] * 2

    def test_the_first_call_decides(self, calls: Calls) -> None:
        """A call to another origin goes out as it is, and that is told."""
        told: list[Event] = []
        with serve(TOKEN) as script, serve(DONE) as api, serve(REJECTED) as other:
            auth = calls.auth(script, options=Options(on_event=told.append))
            assert calls.statuses(auth, api.url, other.url) == [200, 401]
            assert len(other.asked) == 1
            assert "Authorization" not in other.asked[0].headers
            origins = [event.origin for event in told if isinstance(event, TokenWithheld)]
            assert origins == [other.url]

    def test_are_named(self, calls: Calls) -> None:
        """Then the token goes to those, and to no other."""
        with serve(TOKEN) as script, serve(DONE) as api, serve(DONE) as too, serve(DONE) as other:
            auth = calls.auth(script, origins=[api.url, f"{too.url}/some/path"])
            calls.call(auth, other.url, api.url, too.url)
            carried = ["Authorization" in asked.asked[0].headers for asked in (api, too, other)]
            assert carried == [True, True, False]

    def test_http_is_refused(self, calls: Calls) -> None:
        """A token goes over https, or to this machine if that was asked for."""
        with serve(TOKEN) as script:
            with pytest.raises(InsecureEndpoint):
                calls.call(calls.auth(script), "http://api.example/")
            assert script.asked == []


class TestTheTokenRequest:
    def test_goes_through_the_client_given(self, calls: Calls, tmp_path: Path) -> None:
        """With its TLS settings, and with none of its headers, parameters or credentials."""
        authority = trustme.CA()
        server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(server_side)
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        kind = calls.library.Client if calls.backend is None else calls.library.AsyncClient
        client = kind(verify=trusting, headers={"X-Own": "1"}, auth=("someone", "else"), params={"own": "1"})
        with serve(TOKEN, tls=server_side) as script, serve(DONE) as api:
            assert calls.statuses(calls.auth(script, client=client), api.url) == [200]
            (asked,) = script.asked
            assert asked.path == "/token"
            assert "X-Own" not in asked.headers
            assert asked.headers["Authorization"].startswith("Basic eW91cl9pZ")
            with pytest.raises(calls.library.ConnectError):
                calls.call(calls.auth(script, options=Options(retries=Retries(attempts=1))), api.url)

    def test_goes_through_a_transport_of_a_users_test(self, calls: Calls) -> None:
        """Which answers at once, and whole."""
        library = calls.library
        answer = {"access_token": "tok-1", "token_type": "Bearer", "expires_in": 3600}
        network = library.MockTransport(lambda request: library.Response(200, json=answer))
        kind = library.Client if calls.backend is None else library.AsyncClient
        auth = calls.shell.ClientCredentialsAuth(REQUEST, "https://as.example/token", client=kind(transport=network))
        (called,) = calls.call(auth, "https://api.example/things", client={"transport": network})
        assert called.request.headers["Authorization"] == "Bearer tok-1"

    def test_follows_no_redirect(self, calls: Calls) -> None:
        """Whatever the client given does with others."""
        kind = calls.library.Client if calls.backend is None else calls.library.AsyncClient
        with serve(TOKEN) as elsewhere, serve(DONE) as api:
            away = Answer(status=307, headers=(("Location", f"{elsewhere.url}/token"),))
            with serve(away) as script:
                with pytest.raises(UnexpectedRedirect):
                    calls.call(calls.auth(script, client=kind(follow_redirects=True)), api.url)
                assert len(script.asked) == 1
            assert elsewhere.asked == []
            assert api.asked == []

    def test_needs_a_client_of_the_right_kind(self, calls: Calls, server: AuthorizationServer) -> None:
        """One for threads cannot serve async code, nor the other way round."""
        wrong = calls.library.AsyncClient if calls.backend is None else calls.library.Client
        with pytest.raises(InvalidInput, match="give one for"):
            calls.call(calls.auth(server, client=wrong()), server.resource_url)


def test_a_run_shows_nothing(calls: Calls, server: AuthorizationServer, caplog: pytest.LogCaptureFixture) -> None:
    """No secret and no token, in the log of everyone at DEBUG, or in a repr."""
    caplog.set_level(logging.DEBUG)
    store = TokenCache()
    auth = calls.auth(server, store=store)
    calls.call(auth, server.resource_url)
    source = calls.shell.TokenSource(REQUEST, server.token_endpoint, store=store)
    token = source.token().access_token.reveal()
    server.revoke_all()
    calls.call(auth, server.resource_url)
    shown = "\n".join([caplog.text, repr(auth), repr(vars(auth)), repr(store), repr(vars(store))])
    assert "token obtained for client your_id" in shown
    assert token not in shown
    assert "s3cret-of-client" not in shown
    assert "eW91cl9pZ" not in shown
