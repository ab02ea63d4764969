"""
The token source for threads, against servers on real sockets.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx2
import pytest

from oauth_cc import (
    ClientCredentials,
    ClientSecretPost,
    HttpRequest,
    HttpResponse,
    Options,
    RenewalWindow,
    Retries,
    Scope,
    Secret,
    Token,
    token_request,
)
from oauth_cc._io.arguments import source_context
from oauth_cc._io.source import TokenSource as BaseSource
from oauth_cc.endpoint import origin
from oauth_cc.errors import (
    InsecureEndpoint,
    InvalidInput,
    RenewalTimedOut,
    SourceClosed,
    TokenRequestRefused,
)
from oauth_cc.events import Event, RenewalFailed, StoreFailed, StoreReturned, TokenDiscarded, TokenFound, TokenObtained
from oauth_cc.flows import Failed, Load, Lock, Received, Save
from oauth_cc.httpx2 import AsyncTokenSource, TokenSource
from oauth_cc.stores import Store, TokenCache
from oauth_cc.stores._pending import Limits, PendingRenewal
from oauth_cc.testing import AuthorizationServer
from tests.gates import Gate, GatedTransport
from tests.resting import at_rest
from tests.shells.scripted import TOKEN, Answer, Drop, ScriptedServer, elapsed_since, serve
from tests.world import raising, token_answer

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))
AGEING_AT_ONCE = RenewalWindow(opens=1e-9, closes=1e-9)
ONCE = Retries(attempts=1)
UNAVAILABLE = Answer(status=503)
REFUSED = Answer(status=401, chunks=(b'{"error": "invalid_client"}',))
SECOND = Answer(chunks=(b'{"access_token": "tok-2", "token_type": "Bearer", "expires_in": 3600}',))
STALE_AT_ONCE = Answer(chunks=(b'{"access_token": "tok-0", "token_type": "Bearer", "expires_in": 0}',))


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """Run a server that records its requests."""
    with AuthorizationServer() as running:
        yield running


def shown(token: Token) -> str:
    """Return the text of *token*."""
    return token.access_token.reveal()


class TestToken:
    def test_a_fresh_token_is_cached(self, server: AuthorizationServer) -> None:
        """One token request serves both calls."""
        source = TokenSource(REQUEST, server.token_endpoint)
        assert source.token() is source.token()
        assert len(server.token_requests) == 1

    def test_the_parts_of_the_cached_token_are_returned_alone(self, server: AuthorizationServer) -> None:
        """One token request serves them all."""
        source = TokenSource(REQUEST, server.token_endpoint)
        assert source.peek() is None
        token = source.token()
        assert source.access_token() == shown(token)
        assert source.authorization() == f"Bearer {shown(token)}"
        assert source.expires_at() == token.expires_at
        assert source.peek() is token
        assert len(server.token_requests) == 1

    def test_a_discarded_token_is_never_returned_again(self, server: AuthorizationServer) -> None:
        """Discarding a token that is no longer cached changes nothing."""
        source = TokenSource(REQUEST, server.token_endpoint)
        first = source.token()
        source.discard(first)
        second = source.token()
        source.discard(first)
        assert source.token() is second
        assert second.access_token != first.access_token
        assert len(server.token_requests) == 2

    def test_a_token_with_lifetime_0_is_used_for_a_second(self) -> None:
        """It does not cost one token request per call."""
        with serve(STALE_AT_ONCE, TOKEN) as script:
            source = TokenSource(REQUEST, f"{script.url}/token")
            assert [shown(source.token()) for _ in range(3)] == ["tok-0"] * 3
            assert len(script.asked) == 1

    def test_each_resource_has_its_own_cached_token(self, server: AuthorizationServer) -> None:
        """Sources derived from a source share its cache."""
        source = TokenSource(REQUEST, server.token_endpoint)
        for _ in range(2):
            source.token()
            source.with_resource("https://a.example/").token()
            source.with_resource("https://b.example/").token()
        bodies = ["resource" in seen.parameters for seen in server.token_requests]
        assert bodies == [False, True, True]

    def test_scopes_in_another_order_share_one_token(self) -> None:
        """A scope is a set."""
        with serve(TOKEN) as script:
            source = TokenSource(REQUEST, f"{script.url}/token")
            source.with_scope(Scope.of("a", "b")).token()
            source.with_scope(Scope.of("b", "a")).token()
            source.with_scope(Scope.of("a")).token()
            assert [asked.body.partition(b"scope=")[2] for asked in script.asked] == [b"a+b", b"a"]

    def test_sources_share_tokens_only_through_one_cache(self, server: AuthorizationServer) -> None:
        """Without a common cache each source requests its own token."""
        store = TokenCache()
        first = TokenSource(REQUEST, server.token_endpoint, store=store)
        second = TokenSource(REQUEST, server.token_endpoint, store=store)
        alone = TokenSource(REQUEST, server.token_endpoint)
        assert first.token() is second.token()
        assert alone.token() is not first.token()
        assert len(server.token_requests) == 2

    def test_a_closed_source_and_its_derived_sources_raise_source_closed(self, server: AuthorizationServer) -> None:
        """The error says what to do."""
        with TokenSource(REQUEST, server.token_endpoint) as source:
            other = source.with_scope(Scope())
            source.token()
        for closed in (source, other):
            with pytest.raises(SourceClosed, match="create a new one"):
                closed.token()


class TestInvalidInput:
    def test_invalid_input_is_rejected_at_construction(self) -> None:
        """It is not rejected only at the first call."""
        with pytest.raises(InsecureEndpoint):
            TokenSource(REQUEST, "http://as.example/token")
        with pytest.raises(InvalidInput):
            TokenSource(token_request(ClientCredentials("your_id")), "https://as.example/token")
        with pytest.raises(InvalidInput, match="wait_timeout"):
            TokenSource(REQUEST, "https://as.example/token", options=Options(wait_timeout=0))

    @pytest.mark.parametrize("method", ["load", "save", "discard"])
    def test_an_async_store_is_rejected(self, method: str) -> None:
        """One async method is enough to make a store async."""

        async def asynchronous(*_: object) -> None:
            return None

        members = {name: lambda *_: None for name in ("load", "save", "discard", "lock")}
        store: Any = type("Awaited", (), {**members, method: asynchronous})()
        with pytest.raises(InvalidInput) as caught:
            TokenSource(REQUEST, "https://as.example/token", store=store)
        assert caught.value.parameter == "store"
        assert str(caught.value) == (
            "store must be for threads, but Awaited is for async code; use AsyncTokenSource, or another store"
        )

    @pytest.mark.parametrize(("store", "name"), [({}, "dict"), (Path("tokens"), type(Path()).__name__), (5, "int")])
    def test_an_object_without_the_methods_of_a_store_is_rejected(self, store: Any, name: str) -> None:
        """Such a store would fail at every call, and each process would be alone."""
        for kind in (TokenSource, AsyncTokenSource):
            with pytest.raises(InvalidInput) as caught:
                kind(REQUEST, "https://as.example/token", store=store)
            assert caught.value.parameter == "store"
            kinds = "a FileStore, a RedisStore, a TokenCache or an object with load, save, discard and lock"
            assert str(caught.value) == f"store must be {kinds}, not {name}"

    @pytest.mark.parametrize("missing", [["lock"], ["load", "discard"]])
    def test_an_object_without_some_methods_of_a_store_is_rejected(self, missing: list[str]) -> None:
        """The error names the missing methods. An attribute that cannot be called is not a method."""
        members: dict[str, object] = {name: lambda *_: None for name in ("load", "save", "discard", "lock")}
        store: Any = type("Partial", (), {**members, **dict.fromkeys(missing)})()
        with pytest.raises(InvalidInput) as caught:
            TokenSource(REQUEST, "https://as.example/token", store=store)
        assert str(caught.value).endswith(f", not Partial, which lacks {' and '.join(missing)}")


class Pauses(threading.Event):
    """An event that records for how long it is waited for, and is set after *number* waits."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self.number = number

    def wait(self, timeout: float | None = None) -> bool:
        """Record *timeout*."""
        assert timeout is not None
        self.seconds.append(timeout)
        return len(self.seconds) == self.number


class TestClose:
    def test_close_waits_for_a_renewal_for_the_timeout_at_most(self) -> None:
        """A renewal that ends in time has ended after it."""
        for timeout, ends in ((0.01, False), (30.0, True)):
            source = TokenSource(REQUEST, "https://as.example/token", options=Options(timeout=timeout))
            pending = PendingRenewal("key", None, (), time.time(), Limits())
            source._started["key"] = pending
            if ends:
                threading.Timer(0.01, pending.ended.settle, [True]).start()
            source.close()
            assert pending.ended.is_settled is ends
            with pytest.raises(SourceClosed):
                source.token()

    def test_a_source_is_closed_after_its_block(self, server: AuthorizationServer) -> None:
        """So are the sources derived from it."""
        with TokenSource(REQUEST, server.token_endpoint) as source:
            derived = source.with_scope(Scope.of("a"))
            source.token()
        for closed in (source, derived):
            with pytest.raises(SourceClosed):
                closed.token()


class TestKeepFresh:
    @pytest.mark.parametrize(
        ("answer", "pauses"),
        [(TOKEN, [1.0, 30.0, 30.0]), (STALE_AT_ONCE, [1.0, 1.0, 1.0]), (REFUSED, [1.0, 1.0, 1.0])],
        ids=["an hour", "no lifetime", "refused"],
    )
    def test_pauses_are_from_a_second_to_half_a_minute(self, answer: Answer, pauses: list[float]) -> None:
        """The clock may be set, and a machine may sleep. An error is reported, and does not end the renewals."""
        with serve(answer) as script:
            source, left = TokenSource(REQUEST, f"{script.url}/token", options=Options(retries=ONCE)), Pauses(3)
            source._stay_fresh(left)
            assert left.seconds == pytest.approx(pauses, abs=0.5)
            assert len(script.asked) == 1

    def test_a_token_that_is_due_is_asked_for_again_within_a_twentieth_of_its_lifetime(self) -> None:
        """A second is too long for a token of two seconds."""
        for lifetime, pause in ((10, 0.5), (20, 1.0), (3600, 1.0)):
            body = b'{"access_token": "tok-1", "token_type": "Bearer", "expires_in": %d}' % lifetime
            with serve(Answer(chunks=(body,))) as script:
                due = Options(renewal_window=RenewalWindow(1e-9, 1e-9, 1e-9), background_renewal=False)
                source, left = TokenSource(REQUEST, f"{script.url}/token", options=due), Pauses(1)
                source.token()
                source._stay_fresh(left)
            assert left.seconds == [pytest.approx(pause)]

    def test_a_token_is_renewed_when_it_is_due(self) -> None:
        """The window says when."""
        lives = Answer(chunks=(b'{"access_token": "tok-1", "token_type": "Bearer", "expires_in": 20}',))
        with serve(lives) as script:
            early = Options(renewal_window=RenewalWindow(0.5, 0.5, 0.5))
            source, left = TokenSource(REQUEST, f"{script.url}/token", options=early), Pauses(2)
            source._stay_fresh(left)
        assert left.seconds[0] == 1.0
        assert 5 < left.seconds[1] <= 10

    def test_a_closed_source_is_not_renewed(self, server: AuthorizationServer) -> None:
        """The thread ends with the source."""
        source, left = TokenSource(REQUEST, server.token_endpoint), Pauses(5)
        source.close()
        source._stay_fresh(left)
        assert (left.seconds, len(server.token_requests)) == ([1.0], 0)

    def test_a_token_is_not_renewed_after_the_block(self, server: AuthorizationServer) -> None:
        """Its thread ends."""
        source, left = TokenSource(REQUEST, server.token_endpoint), threading.Event()
        left.set()
        source._stay_fresh(left)
        assert not server.token_requests

    def test_an_error_of_the_first_token_is_raised(self) -> None:
        """No thread is started."""
        with serve(REFUSED) as script:
            source = TokenSource(REQUEST, f"{script.url}/token", options=Options(retries=ONCE))
            with pytest.raises(TokenRequestRefused), source.keep_fresh():
                raise AssertionError
        assert "oauth_cc renewal without calls" not in [thread.name for thread in threading.enumerate()]

    def test_a_thread_of_its_own_renews_during_the_block(self, server: AuthorizationServer) -> None:
        """The block begins with a usable token."""
        source = TokenSource(REQUEST, server.token_endpoint)
        with source.keep_fresh():
            assert source.peek() == source.token()
            assert "oauth_cc renewal without calls" in [thread.name for thread in threading.enumerate()]


class TestServerFailure:
    def test_a_503_and_a_dropped_connection_are_retried(self) -> None:
        """The third attempt returns the token."""
        with serve(UNAVAILABLE, Drop, TOKEN) as script:
            quick = Retries(attempts=3, base=0.0, ceiling=0.0)
            source = TokenSource(REQUEST, f"{script.url}/token", options=Options(retries=quick))
            assert shown(source.token()) == "tok-1"
            assert len(script.asked) == 3

    def test_a_failed_renewal_keeps_the_current_token_and_pauses(self) -> None:
        """The source makes one attempt, and no other for a while."""
        events: list[Event] = []
        with serve(TOKEN, UNAVAILABLE) as script:
            source = ageing(script, events)
            assert [shown(source.token()) for _ in range(5)] == ["tok-1"] * 5
            at_rest(source)
            assert [shown(source.token()) for _ in range(5)] == ["tok-1"] * 5
            assert len(script.asked) == 2
        failures = [event for event in events if isinstance(event, RenewalFailed)]
        assert len(failures) == 1
        assert isinstance(failures[0].error, TokenRequestRefused)
        assert failures[0].seconds_left is not None
        assert failures[0].seconds_left > 3000

    def test_without_a_usable_token_each_caller_gets_its_own_error(self) -> None:
        """One request serves them all for some seconds."""
        with serve(UNAVAILABLE) as script:
            source = TokenSource(REQUEST, f"{script.url}/token", options=Options(retries=ONCE))
            errors: list[TokenRequestRefused] = []
            for _ in range(2):
                with pytest.raises(TokenRequestRefused) as raised:
                    source.token()
                errors.append(raised.value)
            assert len(script.asked) == 1
        assert errors[0] is not errors[1]

    def test_a_refusal_is_cached_for_a_while(self) -> None:
        """Callers soon after a refusal get the same error without a request."""
        with serve(REFUSED) as script:
            source = TokenSource(REQUEST, f"{script.url}/token")
            for _ in range(10):
                with pytest.raises(TokenRequestRefused):
                    source.token()
            assert len(script.asked) == 1

    def test_a_refused_renewal_does_not_reach_callers_with_a_usable_token(self) -> None:
        """They keep using the current token."""
        with serve(TOKEN, REFUSED) as script:
            source = ageing(script, [])
            assert [shown(source.token()) for _ in range(5)] == ["tok-1"] * 5
            at_rest(source)
            assert [shown(source.token()) for _ in range(5)] == ["tok-1"] * 5
            assert len(script.asked) == 2

    def test_no_caller_waits_for_the_renewal_of_a_usable_token(
        self, server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The caller that starts it does not wait either. A wait would take twenty seconds here."""
        monkeypatch.setattr("oauth_cc._io.source.LOOK", 20.0)
        gate = Gate()
        gate.opened.set()
        with httpx2.Client(transport=GatedTransport(gate)) as client:
            source = TokenSource(
                REQUEST, server.token_endpoint, client=client, options=Options(renewal_window=AGEING_AT_ONCE)
            )
            first = source.token()
            gate.opened.clear()
            gate.arrived.clear()
            began = time.monotonic()
            assert source.token() == first
            assert elapsed_since(began) < 10
            assert gate.arrived.wait(30)
            assert [source.token() for _ in range(3)] == [first] * 3
            gate.opened.set()
            at_rest(source)
            assert source.token().access_token != first.access_token
            at_rest(source)

    def test_without_background_renewal_the_caller_renews(self, server: AuthorizationServer) -> None:
        """This is for places without threads."""
        threads: list[str] = []

        class Recording(httpx2.HTTPTransport):
            def handle_request(self, request: httpx2.Request) -> httpx2.Response:
                threads.append(threading.current_thread().name)
                return super().handle_request(request)

        with httpx2.Client(transport=Recording()) as client:
            options = Options(renewal_window=AGEING_AT_ONCE, background_renewal=False)
            source = TokenSource(REQUEST, server.token_endpoint, client=client, options=options)
            assert source.token().access_token != source.token().access_token
        assert not [name for name in threads if "renewal" in name]

    def test_every_caller_gives_up_after_the_wait_timeout(self, server: AuthorizationServer) -> None:
        """The first one too. The next caller leads another renewal."""
        gate = Gate()
        with httpx2.Client(transport=GatedTransport(gate)) as client:
            source = TokenSource(REQUEST, server.token_endpoint, client=client, options=Options(wait_timeout=0.01))
            for _ in range(2):
                with pytest.raises(RenewalTimedOut, match=r"within 0\.01 seconds"):
                    source.token()
            gate.opened.set()
            at_rest(source)
            assert source.token().token_type == "Bearer"


class TestInterruptsForksAndLoops:
    def test_after_an_interrupt_the_next_caller_leads(self, server: AuthorizationServer) -> None:
        """KeyboardInterrupt passes through the caller that was interrupted."""

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

    def test_an_interrupt_of_the_caller_that_renews_reaches_no_other_caller(self, server: AuthorizationServer) -> None:
        """Without a background, the caller renews itself. A waiting caller leads next."""
        gate = Gate()

        class Interrupted(GatedTransport):
            def handle_request(self, request: httpx2.Request) -> httpx2.Response:
                super().handle_request(request)
                raise KeyboardInterrupt

        cache, options = TokenCache(), Options(background_renewal=False)
        with httpx2.Client(transport=Interrupted(gate)) as client, ThreadPoolExecutor(2) as pool:
            leading = TokenSource(REQUEST, server.token_endpoint, client=client, store=cache, options=options)
            waiting = TokenSource(REQUEST, server.token_endpoint, store=cache, options=options)
            first = pool.submit(leading.token)
            assert gate.arrived.wait(30)
            second = pool.submit(waiting.token)
            (pending,) = leading._started.values()
            while not pending.outcome._wakers:
                threading.Event().wait(0.001)
            gate.opened.set()
            assert isinstance(first.exception(30), KeyboardInterrupt)
            # It would interrupt pytest.
            assert second.exception(30) is None

    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    def test_a_forked_child_does_not_wait_for_a_thread_of_its_parent(self, server: AuthorizationServer) -> None:
        """The child has no such thread."""
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

    def test_blocking_the_thread_of_the_leading_event_loop_does_not_deadlock(self, server: AuthorizationServer) -> None:
        """The loop cannot run meanwhile, so the blocking source makes a request of its own."""
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


class TestEventsAndLog:
    def test_the_hook_receives_obtained_and_discarded_with_the_cache_key(self, server: AuthorizationServer) -> None:
        """The cache key is shortened to 8 characters."""
        events: list[Event] = []
        source = TokenSource(REQUEST, server.token_endpoint, options=Options(on_event=events.append))
        token = source.token()
        at_rest(source)
        source.discard(token)
        source.discard(token)
        obtained, discarded = events
        assert isinstance(obtained, TokenObtained)
        assert (obtained.client_id, obtained.lifetime, obtained.renewed) == ("your_id", 3600, False)
        assert obtained.token_endpoint == str(origin(server.token_endpoint))
        assert obtained.milliseconds > 0
        assert discarded == TokenDiscarded("your_id", obtained.token_endpoint, obtained.cache_key)
        assert len(obtained.cache_key) == 8

    def test_a_token_that_replaces_a_usable_one_counts_as_renewed(self) -> None:
        """The event has `renewed` set."""
        events: list[Event] = []
        with serve(TOKEN, SECOND) as script:
            source = ageing(script, events)
            for _ in range(2):
                source.token()
                at_rest(source)
            assert shown(source.token()) == "tok-2"
            at_rest(source)
        assert [event.renewed for event in events if isinstance(event, TokenObtained)][:2] == [False, True]

    def test_an_exception_of_the_hook_does_not_reach_the_caller(
        self, server: AuthorizationServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It is logged with the name of the event."""

        def failing(event: Event) -> None:
            raise ValueError("error of the hook")

        source = TokenSource(REQUEST, server.token_endpoint, options=Options(on_event=failing))
        assert source.token().token_type == "Bearer"
        at_rest(source)
        assert "the on_event hook raised an exception on TokenObtained" in caplog.text

    def test_log_lines_name_client_and_cache_key_and_no_secret(self, caplog: pytest.LogCaptureFixture) -> None:
        """The log level is DEBUG."""
        caplog.set_level(logging.DEBUG)
        request = token_request(ClientCredentials("your_id", ClientSecretPost("p0st-s3cret")))
        with serve(TOKEN, Drop, REFUSED) as script:
            source = TokenSource(
                request, f"{script.url}/token", options=Options(renewal_window=AGEING_AT_ONCE, retries=ONCE)
            )
            token = source.token()
            at_rest(source)
            source.token()
            at_rest(source)
            source.discard(token)
            with pytest.raises(TokenRequestRefused):
                source.token()
            at_rest(source)
        lines = [record.getMessage() for record in caplog.records if record.name == "oauth_cc"]
        assert lines[0].startswith(f"token obtained for client your_id at token endpoint {script.url} (cache key ")
        assert " s, took " in lines[0]
        assert lines[1].startswith("token not renewed for client your_id")
        assert lines[2].startswith("token discarded for client your_id")
        assert lines[3].startswith("no token for client your_id")
        assert len(lines) == 4
        assert "p0st-s3cret" not in caplog.text
        assert "tok-1" not in caplog.text


class Shared:
    """A store that processes could share. It raises *fault* while one is set."""

    def __init__(self) -> None:
        self.tokens: dict[str, Token] = {}
        self.fault: Exception | None = None
        self.mutex = threading.Lock()

    def load(self, key: str) -> Token | None:
        """Return the token under *key*, or None."""
        self._fail()
        return self.tokens.get(key)

    def save(self, key: str, token: Token) -> None:
        """Keep *token* under *key*."""
        self._fail()
        self.tokens[key] = token

    def discard(self, key: str, token: Token) -> None:
        """Remove *token*."""
        self._fail()
        if self.tokens.get(key) == token:
            del self.tokens[key]

    def lock(self, key: str, wait: float) -> "SharedLock":
        """Return the lock."""
        self._fail()
        return SharedLock(self.mutex, wait)

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault


class SharedLock:
    """The lock of `Shared`, as a context manager."""

    def __init__(self, mutex: threading.Lock, wait: float) -> None:
        self.mutex, self.wait, self.held = mutex, wait, False

    def __enter__(self) -> bool:
        self.held = self.mutex.acquire(timeout=self.wait)
        return self.held

    def __exit__(self, *_: object) -> None:
        if self.held:
            self.mutex.release()


class Unreleasable(Shared):
    """A store whose locks cannot be released."""

    def lock(self, key: str, wait: float) -> SharedLock:
        """Return a lock that raises an error at its end."""

        class Lost(SharedLock):
            def __exit__(self, *_: object) -> None:
                super().__exit__()
                raise OSError("lost")

        return Lost(self.mutex, wait)


class Busy(Shared):
    """A store whose locks another process holds. It records how long they are waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def lock(self, key: str, wait: float) -> SharedLock:
        """Record *wait*."""
        self.waits.append(wait)
        self.mutex.acquire(blocking=False)
        return SharedLock(self.mutex, 0.0)


def answering(response: HttpResponse | Failed) -> Callable[[HttpRequest], Received | Failed]:
    """Return a function that answers each request with *response*."""
    return lambda _: response if isinstance(response, Failed) else Received(response, time.time())


class TestRenewalBesideALoop:
    """The event loop of this thread leads a renewal, and cannot run while this thread waits."""

    def source(self, store: Shared, response: HttpResponse | Failed, events: list[Event]) -> BaseSource:
        """Return a source that gets *response*."""
        options = Options(renewal_window=RenewalWindow(0.5, 0.5, 0.5), retries=ONCE, on_event=events.append)
        context = source_context(REQUEST, "https://as.example/token", store, options)
        return BaseSource(context, answering(response))

    def test_it_waits_for_no_lock_and_keeps_its_token(self) -> None:
        """Its events are reported."""
        store, events = Busy(), list[Event]()
        source = self.source(store, token_answer(), events)
        slot = source.context.terms.slot
        found = source._renew_beside(PendingRenewal(slot, None, (), time.time(), Limits()))
        assert found == source.peek() == store.tokens[source.context.terms.cache_key]
        assert found is not None
        assert store.waits == [0.0]
        assert [type(event) for event in events] == [TokenObtained]
        assert source.context.cache.state(slot).fresh_until == found.received_at + 1800

    def test_it_keeps_a_token_that_another_process_renews(self) -> None:
        """Nothing is requested."""
        events = list[Event]()
        source = self.source(Busy(), Failed(AssertionError("sent"), retryable=False), events)
        held = Token(Secret("tok-0"), "Bearer", time.time())
        assert source._renew_beside(PendingRenewal(source.context.terms.slot, held, (), time.time(), Limits())) is None
        assert events == []

    def test_its_error_is_raised_after_its_events(self) -> None:
        """The error is that of the HTTP library."""
        store, events, error = Busy(), list[Event](), OSError("down")
        store.fault = ConnectionError("no route")
        source = self.source(store, Failed(error, retryable=False), events)
        with pytest.raises(OSError, match="down") as caught:
            source._renew_beside(PendingRenewal(source.context.terms.slot, None, (), time.time(), Limits()))
        assert caught.value is error
        assert [type(event) for event in events] == [StoreFailed]


class TestDiscard:
    def test_a_store_that_cannot_discard_has_failed_to_save(self) -> None:
        """It is available again when it can. The cache has dropped the token."""
        store, events = Shared(), list[Event]()
        context = source_context(REQUEST, "https://as.example/token", store, Options(on_event=events.append))
        source = BaseSource(context, answering(token_answer()))
        token = source.token()
        at_rest(source)
        store.fault = ConnectionError("no route")
        assert source.discard(token)
        assert [type(event) for event in events] == [TokenObtained, TokenDiscarded, StoreFailed]
        assert not context.cache.note_store(Load, failed=False)
        assert context.cache.note_store(Save, failed=False)
        assert source.peek() is None


class TestLeader:
    def test_events_before_an_interrupt_of_the_thread_are_reported(self) -> None:
        """Every waiting caller raises the interrupt."""
        store, events = Shared(), list[Event]()
        store.fault = ConnectionError("no route")
        context = source_context(REQUEST, "https://as.example/token", store, Options(on_event=events.append))
        source = BaseSource(context, raising(SystemExit(3)))
        with pytest.raises(SystemExit):
            source.token()
        at_rest(source)
        assert [type(event) for event in events] == [StoreFailed]

    def test_a_lock_that_cannot_be_released_is_a_failure_of_the_store(self) -> None:
        """The token is used. The lock expires by itself."""
        events = list[Event]()
        context = source_context(REQUEST, "https://as.example/token", Unreleasable(), Options(on_event=events.append))
        source = BaseSource(context, answering(token_answer()))
        assert shown(source.token()) == "tok-1"
        at_rest(source)
        obtained, failed = events
        assert isinstance(obtained, TokenObtained)
        assert isinstance(failed, StoreFailed)
        assert str(failed.error) == "lost"
        assert context.cache.note_store(Lock, failed=False)


class TestSharedStore:
    def test_two_sources_of_one_store_make_one_request(self, server: AuthorizationServer) -> None:
        """A token that one source discards is discarded for both."""
        events: list[Event] = []
        shared = Shared()
        first = TokenSource(REQUEST, server.token_endpoint, store=shared)
        second = TokenSource(REQUEST, server.token_endpoint, store=shared, options=Options(on_event=events.append))
        token = first.token()
        assert second.token() == token
        at_rest(second)
        assert [type(event) for event in events] == [TokenFound]
        second.discard(token)
        assert shared.tokens == {}
        assert second.token() != token
        assert len(server.token_requests) == 2
        assert not shared.mutex.locked()

    def test_an_unavailable_store_is_reported_once_and_its_return_once(
        self, server: AuthorizationServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Tokens are kept in memory meanwhile."""
        events: list[Event] = []
        shared = Shared()
        shared.fault = ConnectionError("no route")
        source = TokenSource(REQUEST, server.token_endpoint, store=shared, options=Options(on_event=events.append))
        for fault, name in ((shared.fault, "a"), (shared.fault, "b"), (None, "c")):
            shared.fault = fault
            source.with_resource(f"https://{name}.example/").token()
            at_rest(source)
        store_events = [type(event) for event in events if isinstance(event, StoreFailed | StoreReturned)]
        assert store_events == [StoreFailed, StoreReturned]
        assert "using the in-memory cache only" in caplog.text

    def test_a_store_that_returns_awaitables_from_plain_methods_is_reported(
        self, server: AuthorizationServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Tokens are kept in memory, and the log says how to declare the methods."""

        class Inner:
            async def load(self, key: str) -> Token | None:
                raise NotImplementedError

        members = {name: lambda *_: Inner().load("key") for name in ("load", "save", "discard")}
        store: Any = type("Delegating", (), {**members, "lock": lambda *_: nullcontext(True)})()
        source = TokenSource(REQUEST, server.token_endpoint, store=store)
        source.discard(source.token())
        at_rest(source)
        assert "must be declared with async def" in caplog.text
        caplog.clear()

        async def main() -> Token:
            async with AsyncTokenSource(REQUEST, server.token_endpoint, store=store) as source:
                return await source.token()

        for backend in ("asyncio", "trio"):
            assert anyio.run(main, backend=backend).token_type == "Bearer"
        assert "must be declared with async def" in caplog.text

    def test_a_store_needs_no_base_class(self) -> None:
        """`Store` is a protocol."""
        store: Store = Shared()
        assert store.load("nothing") is None


def ageing(script: ScriptedServer, events: list[Event]) -> TokenSource:
    """Return a source whose tokens are due for renewal at once."""
    return TokenSource(
        REQUEST,
        f"{script.url}/token",
        options=Options(renewal_window=AGEING_AT_ONCE, retries=ONCE, on_event=events.append),
    )


def test_repr_of_a_source_shows_the_request_without_secret_or_token(server: AuthorizationServer) -> None:
    """The attributes of the source do not show them either."""
    source = TokenSource(REQUEST, server.token_endpoint)
    token = shown(source.token())
    assert repr(source).startswith("TokenSource(TokenRequest(")
    assert "s3cret" not in repr(source)
    assert token not in repr(vars(source))
