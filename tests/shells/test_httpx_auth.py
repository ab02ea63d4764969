"""
The auth of httpx2 and of httpx, on threads and both event loops, against real servers.
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
from oauth_cc._io import library_httpx, library_httpx2
from oauth_cc.errors import InsecureEndpoint, InvalidInput, TokenRequestRefused, UnexpectedRedirect
from oauth_cc.events import Event, ScopeInsufficient, TokenDiscarded, TokenObtained, TokenWithheld
from oauth_cc.jose import new_key
from oauth_cc.stores import TokenCache
from oauth_cc.testing import AuthorizationServer, RegisteredClient
from tests.resting import at_rest
from tests.shells.scripted import TOKEN, Answer, ScriptedServer, serve
from tests.test_call_proofs import claims

REQUEST = token_request(ClientCredentials("your_id", "s3cret-of-client"), Scope.of("read"))
KNOWN = RegisteredClient("your_id", "s3cret-of-client", Scope.of("read", "write"))
SECOND = Answer(chunks=(b'{"access_token": "tok-2", "token_type": "Bearer", "expires_in": 3600}',))
THIRD = Answer(chunks=(b'{"access_token": "tok-3", "token_type": "Bearer", "expires_in": 3600}',))
DONE = Answer(chunks=(b"done",))
REJECTED = Answer(status=401, headers=(("WWW-Authenticate", 'Bearer error="invalid_token"'),), chunks=(b"no",))
LACKING = Answer(
    status=403, headers=(("WWW-Authenticate", 'Bearer error="insufficient_scope", scope="admin"'),), chunks=(b"no",)
)

ODD_HOSTS = ["a-.example", "a..b", "1.2.3.4.5"]
"""Host names that no URL has an origin with."""

# The two libraries share names but no types, so values of either library are not typed.
Auth: TypeAlias = Any
Answers: TypeAlias = list[Any]


class Calls:
    """API calls with one of the libraries, on threads or on one event loop."""

    def __init__(self, library: ModuleType, shell: ModuleType, backend: str | None) -> None:
        self.library, self.shell, self.backend = library, shell, backend

    def auth(self, server: AuthorizationServer | ScriptedServer, **options: Any) -> Auth:
        """Return an auth for tokens of *server*."""
        endpoint = server.token_endpoint if isinstance(server, AuthorizationServer) else f"{server.url}/token"
        return self.shell.ClientCredentialsAuth(REQUEST, endpoint, **options)

    def call(self, auth: Auth, *calls: Any, method: str = "GET", client: Any = None, **options: Any) -> Answers:
        """Return the responses to *calls*: URLs, or functions that return the options of a call."""
        calls_options = [one if callable(one) else partial(dict, url=one) for one in calls]
        options = {"auth": auth, **(client or {}), **options}
        if self.backend is None:
            with self.library.Client(**options) as api:
                return [api.request(method, **options_of_call()) for options_of_call in calls_options]

        async def main() -> Answers:
            async with self.library.AsyncClient(**options) as api:
                return [await api.request(method, **options_of_call()) for options_of_call in calls_options]

        return anyio.run(main, backend=self.backend)

    def statuses(self, auth: Auth, *urls: str, **options: Any) -> list[int]:
        """Return the statuses of calls to *urls*."""
        return [answer.status_code for answer in self.call(auth, *urls, **options)]


WAYS = [
    pytest.param((library, shell, backend), id=f"{library.__name__}-{backend or 'threads'}")
    for library, shell in ((httpx2, oauth_cc.httpx2), (httpx, oauth_cc.httpx))
    for backend in (None, "asyncio", "trio")
]


@pytest.fixture(params=WAYS)
def calls(request: pytest.FixtureRequest) -> Calls:
    """Return each library, on threads and on each event loop."""
    return Calls(*request.param)


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """Run a server that records its requests."""
    with AuthorizationServer(clients=[KNOWN]) as running:
        yield running


def test_httpx_py_equals_httpx2_py_but_for_the_name() -> None:
    """An edit of one module goes to both."""
    for pair in ((oauth_cc.httpx2, oauth_cc.httpx), (library_httpx2, library_httpx)):
        newer, older = [Path(str(module.__file__)).read_text("utf-8") for module in pair]
        assert newer.replace("httpx2", "httpx") == older


class TestToken:
    def test_every_call_carries_the_token_of_one_request(self, calls: Calls, server: AuthorizationServer) -> None:
        """The token is cached."""
        assert calls.statuses(calls.auth(server), *[server.resource_url] * 3) == [200, 200, 200]
        assert len(server.token_requests) == 1

    def test_the_token_replaces_another_authorization_header(self, calls: Calls) -> None:
        """A call carries one Authorization header."""
        with serve(TOKEN) as script, serve(DONE) as api:
            calls.call(calls.auth(script), api.url, headers={"Authorization": "Basic other"})
            assert api.asked[0].headers["Authorization"] == "Bearer tok-1"

    def test_with_scope_requests_each_token_once(self, calls: Calls, server: AuthorizationServer) -> None:
        """Both scopes have a cached token."""
        auth = calls.auth(server)
        writing = auth.with_scope(Scope.of("write"))
        urls = [f"{server.resource_url}/write"] * 2
        assert calls.statuses(auth, *urls) == [403, 403]
        assert calls.statuses(writing, *urls) == [200, 200]
        assert len(server.token_requests) == 2

    def test_with_resource_sends_the_token_to_that_resource_only(self, calls: Calls) -> None:
        """The token of the first origin does not go to the resource."""
        with serve(TOKEN, SECOND) as script, serve(DONE) as api, serve(DONE) as other:
            auth = calls.auth(script)
            calls.call(auth, api.url, other.url)
            calls.call(auth.with_resource(f"{other.url}/"), other.url, api.url)
            assert [asked.headers.get("Authorization") for asked in api.asked] == ["Bearer tok-1", None]
            assert [asked.headers.get("Authorization") for asked in other.asked] == [None, "Bearer tok-2"]

    def test_over_https_the_token_of_a_resource_and_the_others_stay_apart(self, calls: Calls) -> None:
        """No guard of the hops looks at such a call, whose redirects the library handles."""
        carried: list[tuple[str, str | None]] = []

        def answer(request: Any) -> Any:
            carried.append((request.url.host, request.headers.get("Authorization")))
            return calls.library.Response(200)

        with serve(TOKEN, SECOND, THIRD) as script:
            auth = calls.auth(script)
            special = auth.with_resource("https://special.example/")
            same = special.with_resource("https://api.example/").with_scope(Scope.of("read"))
            for each in (auth, special, same):
                urls = ("https://api.example/", "https://special.example/")
                calls.call(each, *urls, client={"transport": calls.library.MockTransport(answer)})
        assert carried == [
            *[("api.example", "Bearer tok-1"), ("special.example", None)],
            *[("api.example", None), ("special.example", "Bearer tok-2")],
            *[("api.example", "Bearer tok-3"), ("special.example", None)],
        ]

    def test_auths_of_one_cache_share_a_token(self, calls: Calls, server: AuthorizationServer) -> None:
        """One request serves both."""
        store = TokenCache()
        assert calls.statuses(calls.auth(server, store=store), server.resource_url) == [200]
        assert calls.statuses(calls.auth(server, store=store), server.resource_url) == [200]
        assert len(server.token_requests) == 1

    def test_a_refused_token_request_reaches_the_caller(self, calls: Calls) -> None:
        """The API is not called."""
        with serve(Answer(status=401, chunks=(b'{"error": "invalid_client"}',))) as script, serve(DONE) as api:
            with pytest.raises(TokenRequestRefused):
                calls.call(calls.auth(script), api.url)
            assert api.asked == []


class TestRejectedToken:
    def test_a_rejected_token_is_replaced_and_the_call_repeated(
        self, calls: Calls, server: AuthorizationServer
    ) -> None:
        """The call succeeds with the new token."""
        auth = calls.auth(server)
        assert calls.statuses(auth, server.resource_url) == [200]
        server.revoke_all()
        assert calls.statuses(auth, server.resource_url, server.resource_url) == [200, 200]
        assert len(server.token_requests) == 2

    def test_a_rejection_that_a_response_hook_raises_names_the_api(self, calls: Calls) -> None:
        """Over https, where no guard looks at the hops. The next call has a new token."""
        library, carried, events = calls.library, list[str](), list[Event]()

        def network(request: Any) -> Any:
            carried.append(request.headers["Authorization"])
            return library.Response(401 if len(carried) == 1 else 200)

        def check(response: Any) -> None:
            response.raise_for_status()

        async def async_check(response: Any) -> None:
            response.raise_for_status()

        hooks = {"response": [check if calls.backend is None else async_check]}
        client = {"transport": library.MockTransport(network), "event_hooks": hooks}
        with serve(TOKEN, SECOND) as script:
            auth = calls.auth(script, options=Options(on_event=events.append))
            with pytest.raises(library.HTTPStatusError, match="401"):
                calls.call(auth, "https://api.example/", client=client)
            assert calls.call(auth, "https://api.example/", client=client)[0].status_code == 200
            if calls.backend is None:
                at_rest(auth.source)
        assert carried == ["Bearer tok-1", "Bearer tok-2"]
        assert [event.api for event in events if isinstance(event, TokenDiscarded)] == ["https://api.example:443"]

    def test_the_repeated_call_has_the_timeout_of_the_first_one(self, calls: Calls) -> None:
        """The rest of the first response is read in less, and its body is empty afterwards."""
        library, timeouts = calls.library, list[Any]()

        def network(request: Any) -> Any:
            timeouts.append(dict(request.extensions["timeout"]))
            return library.Response(401 if len(timeouts) == 1 else 200, stream=library.ByteStream(b"no"))

        with serve(TOKEN, SECOND) as script:
            client = {"transport": library.MockTransport(network), "timeout": 9.0}
            (answer,) = calls.call(calls.auth(script), "https://api.example/", client=client)
        assert timeouts == [dict.fromkeys(("connect", "read", "write", "pool"), 9.0)] * 2
        assert ([each.content for each in answer.history], answer.content) == ([b""], b"no")

    def test_a_call_is_repeated_at_most_once(self, calls: Calls) -> None:
        """The caller gets the second 401."""
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
    def test_a_replayable_body_is_sent_again_unchanged(self, calls: Calls, body: Callable[[], dict[str, Any]]) -> None:
        """The repeated call has the same body."""
        with serve(TOKEN, SECOND) as script, serve(REJECTED, DONE) as api:
            (answer,) = calls.call(calls.auth(script), lambda: {"url": api.url, **body()}, method="POST")
            assert answer.status_code == 200
            first, second = api.asked
            assert b"body" in first.body
            assert first.body == second.body

    def test_a_call_with_a_one_time_body_is_not_repeated(self, calls: Calls) -> None:
        """The caller gets the 401, and the next call has a new token."""

        def parts() -> Iterator[bytes]:
            yield b"a body"

        async def async_parts() -> Any:
            yield b"a body"

        with serve(TOKEN, SECOND) as script, serve(REJECTED, DONE) as api:
            stream = parts if calls.backend is None else async_parts
            headers = {"Content-Length": "6"}
            auth = calls.auth(script)
            options_of_call = lambda: {"url": api.url, "content": stream(), "headers": headers}  # noqa: E731
            answers = calls.call(auth, options_of_call, options_of_call, method="POST")
            assert [answer.status_code for answer in answers] == [401, 200]
            assert [asked.headers["Authorization"] for asked in api.asked] == ["Bearer tok-1", "Bearer tok-2"]

    def test_an_insufficient_scope_is_reported_without_a_repeated_call(self, calls: Calls) -> None:
        """The event has the scope that the API requires."""
        events: list[Event] = []
        with serve(TOKEN) as script, serve(LACKING) as api:
            assert calls.statuses(calls.auth(script, options=Options(on_event=events.append)), api.url) == [403]
            assert len(api.asked) == 1
        assert [event.scope for event in events if isinstance(event, ScopeInsufficient)] == [Scope.of("admin")]


class TestOtherOrigins:
    @pytest.mark.parametrize("status", [302, 307, 308])
    def test_a_redirect_to_another_origin_carries_no_token(self, calls: Calls, status: int) -> None:
        """A 401 of that origin does not discard the token."""
        events: list[Event] = []
        with serve(TOKEN, SECOND) as script, serve(REJECTED) as elsewhere:
            away = Answer(status=status, headers=(("Location", f"{elsewhere.url}/there"),))
            with serve(away) as api:
                auth = calls.auth(script, options=Options(on_event=events.append))
                assert calls.statuses(auth, api.url, api.url, follow_redirects=True) == [401, 401]
            assert ["Authorization" in asked.headers for asked in elsewhere.asked] == [False, False]
            assert len(script.asked) == 1
            if calls.backend is None:
                at_rest(auth.source)
        assert [type(event) for event in events] == [TokenObtained]

    def test_a_redirect_within_the_origin_keeps_the_token(self, calls: Calls) -> None:
        """Every call to that origin carries it."""
        with serve(TOKEN) as script, serve(Answer(status=307, headers=(("Location", "/there"),)), DONE) as api:
            assert calls.statuses(calls.auth(script), api.url, follow_redirects=True) == [200]
            assert [asked.headers["Authorization"] for asked in api.asked] == ["Bearer tok-1"] * 2

    def test_the_first_call_sets_the_origin(self, calls: Calls) -> None:
        """A call to another origin goes out without the token and is reported."""
        events: list[Event] = []
        with serve(TOKEN) as script, serve(DONE) as api, serve(REJECTED) as other:
            auth = calls.auth(script, options=Options(on_event=events.append))
            assert calls.statuses(auth, api.url, other.url) == [200, 401]
            assert len(other.asked) == 1
            assert "Authorization" not in other.asked[0].headers
            origins = [event.api for event in events if isinstance(event, TokenWithheld)]
            assert origins == [other.url]

    @pytest.mark.parametrize("host", ODD_HOSTS)
    @pytest.mark.parametrize("scheme", ["http+unix", "http", "https"])
    def test_a_url_without_an_origin_is_called_without_the_token(self, calls: Calls, scheme: str, host: str) -> None:
        """A client with an auth also calls such URLs, which its transports know."""
        events: list[Event] = []
        asked: list[Any] = []

        def answer(request: Any) -> Any:
            asked.append(request)
            return calls.library.Response(200)

        transport = calls.library.MockTransport(answer)
        with serve(TOKEN) as script:
            for origins in (None, ["https://api.example"]):
                auth = calls.auth(script, origins=origins, options=Options(on_event=events.append))
                mounted = {"mounts": {"all://": transport}}
                assert calls.statuses(auth, f"{scheme}://u:p@{host}/a?b=c", client=mounted) == [200]
            assert script.asked == []
        assert [request.headers.get("Authorization", "") for request in asked] == ["", ""]
        assert [event.api for event in events if isinstance(event, TokenWithheld)] == [f"{scheme}://{host}"] * 2

    def test_only_named_origins_receive_the_token(self, calls: Calls) -> None:
        """Paths of the named URLs do not matter."""
        with serve(TOKEN) as script, serve(DONE) as api, serve(DONE) as too, serve(DONE) as other:
            auth = calls.auth(script, origins=[api.url, f"{too.url}/some/path"])
            calls.call(auth, other.url, api.url, too.url)
            carried = ["Authorization" in asked.asked[0].headers for asked in (api, too, other)]
            assert carried == [True, True, False]

    def test_a_first_call_over_plain_http_is_rejected(self, calls: Calls) -> None:
        """No token is requested."""
        with serve(TOKEN) as script:
            with pytest.raises(InsecureEndpoint):
                calls.call(calls.auth(script), "http://api.example/")
            assert script.asked == []


class TestTokenRequest:
    def test_the_token_request_uses_the_tls_of_the_passed_client(self, calls: Calls, tmp_path: Path) -> None:
        """It does not use the client's headers, parameters or credentials."""
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

    def test_the_token_request_uses_a_mock_transport(self, calls: Calls) -> None:
        """Users mock the network in their tests."""
        library = calls.library
        answer = {"access_token": "tok-1", "token_type": "Bearer", "expires_in": 3600}
        network = library.MockTransport(lambda request: library.Response(200, json=answer))
        kind = library.Client if calls.backend is None else library.AsyncClient
        auth = calls.shell.ClientCredentialsAuth(REQUEST, "https://as.example/token", client=kind(transport=network))
        (called,) = calls.call(auth, "https://api.example/things", client={"transport": network})
        assert called.request.headers["Authorization"] == "Bearer tok-1"

    def test_a_call_over_a_mock_transport_gets_a_new_proof(self, calls: Calls) -> None:
        """The transport emits no events, so the request itself says whether it carried the token."""
        library = calls.library
        answer = {"access_token": "tok-1", "token_type": "DPoP", "expires_in": 3600}
        demand = {"WWW-Authenticate": 'DPoP error="use_dpop_nonce"', "DPoP-Nonce": "n-1"}
        proofs: list[str] = []

        def network(request: Any) -> Any:
            if request.url.path == "/token":
                return library.Response(200, json=answer)
            proofs.append(request.headers["DPoP"])
            return library.Response(401, headers=demand) if len(proofs) == 1 else library.Response(200)

        transport = library.MockTransport(network)
        kind = library.Client if calls.backend is None else library.AsyncClient
        bound = REQUEST.with_dpop(new_key())
        auth = calls.shell.ClientCredentialsAuth(bound, "https://as.example/token", client=kind(transport=transport))
        (called,) = calls.call(auth, "https://api.example/things", client={"transport": transport})
        assert called.status_code == 200
        assert [claims(proof).get("nonce") for proof in proofs] == [None, "n-1"]
        assert "DPoP" not in called.request.headers

    def test_the_token_request_follows_no_redirect(self, calls: Calls) -> None:
        """The passed client may follow redirects."""
        kind = calls.library.Client if calls.backend is None else calls.library.AsyncClient
        with serve(TOKEN) as elsewhere, serve(DONE) as api:
            away = Answer(status=307, headers=(("Location", f"{elsewhere.url}/token"),))
            with serve(away) as script:
                with pytest.raises(UnexpectedRedirect):
                    calls.call(calls.auth(script, client=kind(follow_redirects=True)), api.url)
                assert len(script.asked) == 1
            assert elsewhere.asked == []
            assert api.asked == []

    def test_a_client_for_the_other_mode_is_rejected(self, calls: Calls, server: AuthorizationServer) -> None:
        """Threads require a sync client, async code an async client."""
        wrong = calls.library.AsyncClient if calls.backend is None else calls.library.Client
        with pytest.raises(InvalidInput, match="use the auth with"):
            calls.call(calls.auth(server, client=wrong()), server.resource_url)


def test_logs_and_reprs_show_no_secret_and_no_token(
    calls: Calls, server: AuthorizationServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The log level is DEBUG."""
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
