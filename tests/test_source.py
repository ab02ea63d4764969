"""
The source of tokens for threads, over real sockets.
"""

import logging
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx2
import pytest

from oauth_cc import ClientCredentials, ClientSecretPost, Options, RenewalWindow, Retries, Scope, Token, token_request
from oauth_cc.errors import (
    InsecureEndpoint,
    InvalidInput,
    RenewalTimedOut,
    SourceClosed,
    TokenRequestRefused,
)
from oauth_cc.events import Event, RenewalFailed, StoreFailed, StoreReturned, TokenDiscarded, TokenFound, TokenObtained
from oauth_cc.httpx2 import AsyncTokenSource, TokenSource
from oauth_cc.stores import Store, TokenCache
from oauth_cc.testing import AuthorizationServer
from tests.gates import Gate, GatedTransport
from tests.shells.scripted import TOKEN, Answer, Drop, ScriptedServer, serve

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))
AGEING_AT_ONCE = RenewalWindow(opens=1e-9, closes=1e-9)
ONCE = Retries(attempts=1)
GONE = Answer(status=503)
REFUSED = Answer(status=401, chunks=(b'{"error": "invalid_client"}',))
SECOND = Answer(chunks=(b'{"access_token": "tok-2", "token_type": "Bearer", "expires_in": 3600}',))
STALE_AT_ONCE = Answer(chunks=(b'{"access_token": "tok-0", "token_type": "Bearer", "expires_in": 0}',))


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """A server that counts."""
    with AuthorizationServer() as running:
        yield running


def shown(token: Token) -> str:
    """Gives the text of *token*."""
    return token.access_token.reveal()


class TestTheToken:
    def test_is_kept(self, server: AuthorizationServer) -> None:
        """A token that is fresh is given again."""
        source = TokenSource(REQUEST, server.token_endpoint)
        assert source.token() is source.token()
        assert len(server.token_requests) == 1

    def test_discarded_is_never_given_again(self, server: AuthorizationServer) -> None:
        """After a discard the next caller gets another token, and one discard too many harms nobody."""
        source = TokenSource(REQUEST, server.token_endpoint)
        first = source.token()
        source.discard(first)
        second = source.token()
        source.discard(first)
        assert source.token() is second
        assert second.access_token != first.access_token
        assert len(server.token_requests) == 2

    def test_with_a_lifetime_of_0_serves_whoever_asked_for_it(self) -> None:
        """It is stale at once, and so never given to anyone else."""
        with serve(STALE_AT_ONCE, TOKEN) as script:
            source = TokenSource(REQUEST, f"{script.url}/token")
            assert [shown(source.token()) for _ in range(3)] == ["tok-0", "tok-1", "tok-1"]

    def test_of_another_scope_or_resource(self, server: AuthorizationServer) -> None:
        """Sources made from a source share its store: each kind of token is asked for once."""
        source = TokenSource(REQUEST, server.token_endpoint)
        for _ in range(2):
            source.token()
            source.with_resource("https://a.example/").token()
            source.with_resource("https://b.example/").token()
        bodies = ["resource" in seen.parameters for seen in server.token_requests]
        assert bodies == [False, True, True]

    def test_of_another_scope(self) -> None:
        """A scope is a set: its order makes no other token."""
        with serve(TOKEN) as script:
            source = TokenSource(REQUEST, f"{script.url}/token")
            source.with_scope(Scope.of("a", "b")).token()
            source.with_scope(Scope.of("b", "a")).token()
            source.with_scope(Scope.of("a")).token()
            assert [asked.body.partition(b"scope=")[2] for asked in script.asked] == [b"a+b", b"a"]

    def test_shared_by_sources_of_one_store(self, server: AuthorizationServer) -> None:
        """Two sources over one store share its tokens; a store is otherwise a source's own."""
        store = TokenCache()
        first = TokenSource(REQUEST, server.token_endpoint, store=store)
        second = TokenSource(REQUEST, server.token_endpoint, store=store)
        alone = TokenSource(REQUEST, server.token_endpoint)
        assert first.token() is second.token()
        assert alone.token() is not first.token()
        assert len(server.token_requests) == 2

    def test_is_not_given_by_a_closed_source(self, server: AuthorizationServer) -> None:
        """A source that was closed, and each made from it, says so."""
        with TokenSource(REQUEST, server.token_endpoint) as source:
            other = source.with_scope(Scope())
            source.token()
        for closed in (source, other):
            with pytest.raises(SourceClosed, match="make a new one"):
                closed.token()


class TestWhatCannotBeSent:
    def test_fails_when_the_source_is_made(self) -> None:
        """Not at the first call."""
        with pytest.raises(InsecureEndpoint):
            TokenSource(REQUEST, "http://as.example/token")
        with pytest.raises(InvalidInput):
            TokenSource(token_request(ClientCredentials("your_id")), "https://as.example/token")
        with pytest.raises(InvalidInput, match="wait_timeout"):
            TokenSource(REQUEST, "https://as.example/token", options=Options(wait_timeout=0))

    @pytest.mark.parametrize("awaited", ["load", "save", "discard"])
    def test_a_store_for_async_code(self, awaited: str) -> None:
        """A source for threads cannot await, not even one of its methods."""

        async def method(*_: object) -> None:
            return None

        members = {name: lambda *_: None for name in ("load", "save", "discard", "lock")}
        store: Any = type("Awaited", (), {**members, awaited: method})()
        with pytest.raises(InvalidInput, match="Awaited is for async code"):
            TokenSource(REQUEST, "https://as.example/token", store=store)

    @pytest.mark.parametrize(("store", "name"), [({}, "dict"), (Path("tokens"), type(Path()).__name__), (5, "int")])
    def test_what_is_no_store(self, store: Any, name: str) -> None:
        """It would be one that always fails, and leave each process alone."""
        with pytest.raises(InvalidInput, match=f"store: {name} is no store: it has no load and no save and no"):
            TokenSource(REQUEST, "https://as.example/token", store=store)
        with pytest.raises(InvalidInput, match=f"store: {name} is no store"):
            AsyncTokenSource(REQUEST, "https://as.example/token", store=store)


class TestTheServerIsInTrouble:
    def test_recovers(self) -> None:
        """A 5xx is tried again."""
        with serve(GONE, Drop, TOKEN) as script:
            quick = Retries(attempts=3, base=0.0, ceiling=0.0)
            source = TokenSource(REQUEST, f"{script.url}/token", options=Options(retries=quick))
            assert shown(source.token()) == "tok-1"
            assert len(script.asked) == 3

    def test_gone_while_the_token_is_ageing(self) -> None:
        """The token at hand goes on being used; one attempt is made, then none for a while."""
        told: list[Event] = []
        with serve(TOKEN, GONE) as script:
            source = ageing(script, told)
            assert [shown(source.token()) for _ in range(5)] == ["tok-1"] * 5
            assert len(script.asked) == 2
        failures = [event for event in told if isinstance(event, RenewalFailed)]
        assert len(failures) == 1
        assert isinstance(failures[0].error, TokenRequestRefused)
        assert failures[0].seconds_left is not None
        assert failures[0].seconds_left > 3000

    def test_gone_when_the_token_is_stale(self) -> None:
        """There is an error, for each caller his own, and the next one tries anew."""
        with serve(STALE_AT_ONCE, GONE) as script:
            source = TokenSource(REQUEST, f"{script.url}/token", options=Options(retries=ONCE))
            source.token()
            errors: list[TokenRequestRefused] = []
            for _ in range(2):
                with pytest.raises(TokenRequestRefused) as raised:
                    source.token()
                errors.append(raised.value)
            assert len(script.asked) == 3
        assert errors[0] is not errors[1]

    def test_refusals_are_remembered(self) -> None:
        """Whoever asks right after a refusal gets the same one, and the server is left in peace."""
        with serve(REFUSED) as script:
            source = TokenSource(REQUEST, f"{script.url}/token")
            for _ in range(10):
                with pytest.raises(TokenRequestRefused):
                    source.token()
            assert len(script.asked) == 1

    def test_refuses_while_the_token_is_ageing(self) -> None:
        """Nobody who has a token that is good hears of it."""
        with serve(TOKEN, REFUSED) as script:
            source = ageing(script, [])
            assert [shown(source.token()) for _ in range(5)] == ["tok-1"] * 5
            assert len(script.asked) == 2

    def test_slow_while_the_token_is_ageing(self, server: AuthorizationServer) -> None:
        """While one caller renews, the others go on with the token at hand."""
        gate = Gate()
        gate.opened.set()
        with httpx2.Client(transport=GatedTransport(gate)) as client, ThreadPoolExecutor(1) as pool:
            source = TokenSource(
                REQUEST, server.token_endpoint, client=client, options=Options(renewal_window=AGEING_AT_ONCE)
            )
            first = source.token()
            gate.opened.clear()
            gate.arrived.clear()
            renewing = pool.submit(source.token)
            assert gate.arrived.wait(30)
            assert [source.token() for _ in range(3)] == [first] * 3
            gate.opened.set()
            assert renewing.result(30).access_token != first.access_token
        assert len(server.token_requests) == 2

    def test_patience_ends(self, server: AuthorizationServer) -> None:
        """Whoever waits too long for the request of another is told, and the request goes on."""
        gate = Gate()
        with httpx2.Client(transport=GatedTransport(gate)) as client, ThreadPoolExecutor(1) as pool:
            source = TokenSource(REQUEST, server.token_endpoint, client=client, options=Options(wait_timeout=0.01))
            leader = pool.submit(source.token)
            assert gate.arrived.wait(30)
            with pytest.raises(RenewalTimedOut, match=r"within 0\.01 seconds"):
                source.token()
            gate.opened.set()
            assert leader.result(30).token_type == "Bearer"


class TestOtherWorlds:
    def test_interrupted(self, server: AuthorizationServer) -> None:
        """An interrupt ends the renewal of whoever is interrupted; the next caller leads."""

        class Interrupted(httpx2.HTTPTransport):
            def handle_request(self, request: httpx2.Request) -> httpx2.Response:
                raise KeyboardInterrupt

        store = TokenCache()
        with httpx2.Client(transport=Interrupted()) as client:
            source = TokenSource(REQUEST, server.token_endpoint, client=client, store=store)
            with pytest.raises(KeyboardInterrupt):
                source.token()
        other = TokenSource(REQUEST, server.token_endpoint, store=store)
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(other.token).result(30).token_type == "Bearer"

    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    def test_forked_while_another_thread_renews(self, server: AuthorizationServer) -> None:
        """The child does not wait for a thread that it does not have."""
        gate = Gate()
        store = TokenCache()
        with httpx2.Client(transport=GatedTransport(gate)) as client, ThreadPoolExecutor(1) as pool:
            held = TokenSource(REQUEST, server.token_endpoint, client=client, store=store)
            leader = pool.submit(held.token)
            assert gate.arrived.wait(30)
            reader, writer = os.pipe()
            child = os.fork()
            if child == 0:
                outcome = b"failed"
                try:
                    own = TokenSource(REQUEST, server.token_endpoint, store=store)
                    outcome = own.token().token_type.encode()
                finally:
                    os.write(writer, outcome)
                    os._exit(0)
            os.close(writer)
            with os.fdopen(reader, "rb") as answer:
                assert answer.read() == b"Bearer"
            os.waitpid(child, 0)
            gate.opened.set()
            assert leader.result(30).token_type == "Bearer"
        assert len(server.token_requests) == 2

    def test_asked_in_the_thread_of_the_event_loop_that_renews(self, server: AuthorizationServer) -> None:
        """The loop cannot go on while its thread waits: so the source does not wait, and asks by itself."""
        store = TokenCache()

        async def main() -> None:
            source = AsyncTokenSource(REQUEST, server.token_endpoint, store=store)
            blocking = TokenSource(REQUEST, server.token_endpoint, store=store)
            async with anyio.create_task_group() as group:
                group.start_soon(source.token)
                await anyio.lowlevel.checkpoint()
                assert blocking.token().token_type == "Bearer"

        anyio.run(main)
        assert len(server.token_requests) <= 2


class TestWhatIsTold:
    def test_events(self, server: AuthorizationServer) -> None:
        """The hook hears what happened, with the client, the key's beginning and the lifetime."""
        told: list[Event] = []
        source = TokenSource(REQUEST, server.token_endpoint, options=Options(on_event=told.append))
        token = source.token()
        source.discard(token)
        source.discard(token)
        obtained, discarded = told
        assert isinstance(obtained, TokenObtained)
        assert (obtained.client_id, obtained.lifetime, obtained.renewed) == ("your_id", 3600, False)
        assert obtained.milliseconds > 0
        assert discarded == TokenDiscarded("your_id", obtained.cache_key)
        assert len(obtained.cache_key) == 8

    def test_a_renewal(self) -> None:
        """A token that replaces one still in use is a renewal."""
        told: list[Event] = []
        with serve(TOKEN, SECOND) as script:
            source = ageing(script, told)
            assert [shown(source.token()) for _ in range(2)] == ["tok-1", "tok-2"]
        assert [event.renewed for event in told if isinstance(event, TokenObtained)] == [False, True]

    def test_a_hook_that_fails_harms_no_call(
        self, server: AuthorizationServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Its error is logged, with the name of the event."""

        def failing(event: Event) -> None:
            raise ValueError("the hook's own")

        source = TokenSource(REQUEST, server.token_endpoint, options=Options(on_event=failing))
        assert source.token().token_type == "Bearer"
        assert "the on_event hook raised an exception on TokenObtained" in caplog.text

    def test_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        """It names client, key, lifetime and milliseconds, and holds no secret and no token at any level."""
        caplog.set_level(logging.DEBUG)
        request = token_request(ClientCredentials("your_id", ClientSecretPost("p0st-s3cret")))
        with serve(TOKEN, GONE, REFUSED) as script:
            source = TokenSource(
                request, f"{script.url}/token", options=Options(renewal_window=AGEING_AT_ONCE, retries=ONCE)
            )
            token = source.token()
            source.token()
            source.discard(token)
            with pytest.raises(TokenRequestRefused):
                source.token()
        lines = [record.getMessage() for record in caplog.records if record.name == "oauth_cc"]
        assert lines[0].startswith("token obtained for client your_id (cache key ")
        assert " s, took " in lines[0]
        assert lines[1].startswith("token not renewed for client your_id")
        assert lines[2].startswith("token discarded for client your_id")
        assert lines[3].startswith("no token for client your_id")
        assert len(lines) == 4
        assert "p0st-s3cret" not in caplog.text
        assert "tok-1" not in caplog.text


class Shared:
    """A store that processes could share; *fault* is raised instead while there is one."""

    def __init__(self) -> None:
        self.tokens: dict[str, Token] = {}
        self.fault: Exception | None = None
        self.mutex = threading.Lock()

    def load(self, key: str) -> Token | None:
        """Gives what is under *key*."""
        self._fail()
        return self.tokens.get(key)

    def save(self, key: str, token: Token) -> None:
        """Keeps *token*."""
        self._fail()
        self.tokens[key] = token

    def discard(self, key: str, token: Token) -> None:
        """Forgets *token*."""
        self._fail()
        if self.tokens.get(key) == token:
            del self.tokens[key]

    def lock(self, key: str, wait: float) -> "Taken":
        """Gives the lock."""
        self._fail()
        return Taken(self.mutex, wait)

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault


class Taken:
    """A lock that is taken and let go."""

    def __init__(self, mutex: threading.Lock, wait: float) -> None:
        self.mutex, self.wait, self.held = mutex, wait, False

    def __enter__(self) -> bool:
        self.held = self.mutex.acquire(timeout=self.wait)
        return self.held

    def __exit__(self, *_: object) -> None:
        if self.held:
            self.mutex.release()


class TestASharedStore:
    def test_two_processes_make_one_request(self, server: AuthorizationServer) -> None:
        """What one put there, the other finds; what one discards, both have lost."""
        told: list[Event] = []
        shared = Shared()
        first = TokenSource(REQUEST, server.token_endpoint, store=shared)
        second = TokenSource(REQUEST, server.token_endpoint, store=shared, options=Options(on_event=told.append))
        token = first.token()
        assert second.token() == token
        assert [type(event) for event in told] == [TokenFound]
        second.discard(token)
        assert shared.tokens == {}
        assert second.token() != token
        assert len(server.token_requests) == 2
        assert not shared.mutex.locked()

    def test_is_away_and_comes_back(self, server: AuthorizationServer, caplog: pytest.LogCaptureFixture) -> None:
        """Memory serves alone meanwhile, and both changes are told once."""
        told: list[Event] = []
        shared = Shared()
        shared.fault = ConnectionError("no route")
        source = TokenSource(REQUEST, server.token_endpoint, store=shared, options=Options(on_event=told.append))
        source.discard(source.token())
        source.discard(source.token())
        shared.fault = None
        source.discard(source.token())
        news = [type(event) for event in told if isinstance(event, StoreFailed | StoreReturned)]
        assert news == [StoreFailed, StoreReturned]
        assert "using the in-memory cache only" in caplog.text

    def test_is_for_async_code_and_does_not_say_so(
        self, server: AuthorizationServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Methods that hand on what another store gives, to be awaited: memory serves alone, and the log says why."""

        class Inner:
            async def load(self, key: str) -> Token | None:
                raise NotImplementedError

        members = {name: lambda *_: Inner().load("key") for name in ("load", "save", "discard")}
        store: Any = type("Delegating", (), {**members, "lock": lambda *_: nullcontext(True)})()
        source = TokenSource(REQUEST, server.token_endpoint, store=store)
        source.discard(source.token())
        assert "declare them by async def" in caplog.text
        caplog.clear()

        async def main() -> Token:
            awaited = AsyncTokenSource(REQUEST, server.token_endpoint, store=store)
            return await awaited.token()

        for backend in ("asyncio", "trio"):
            assert anyio.run(main, backend=backend).token_type == "Bearer"
        assert "declare them by async def" in caplog.text

    def test_is_satisfied_by_any_class_of_its_shape(self) -> None:
        """No base class is asked for."""
        store: Store = Shared()
        assert store.load("nothing") is None


def ageing(script: ScriptedServer, told: list[Event]) -> TokenSource:
    """Gives a source whose tokens are due for renewal as soon as they come."""
    return TokenSource(
        REQUEST,
        f"{script.url}/token",
        options=Options(renewal_window=AGEING_AT_ONCE, retries=ONCE, on_event=told.append),
    )


def test_repr_shows_the_request_alone(server: AuthorizationServer) -> None:
    """No secret, no token."""
    source = TokenSource(REQUEST, server.token_endpoint)
    token = shown(source.token())
    assert repr(source).startswith("TokenSource(TokenRequest(")
    assert "s3cret" not in repr(source)
    assert token not in repr(vars(source))
