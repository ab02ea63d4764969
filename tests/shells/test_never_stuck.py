"""
Single flight never sticks: leaders that vanish, hang, or are interrupted, and functions of the user that call back.
"""

import asyncio
import gc
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType
from typing import Any

import anyio
import anyio.to_thread
import attrs
import httpx2
import pytest

from oauth_cc import (
    ClientAssertion,
    ClientAuthentication,
    ClientCredentials,
    ClientSecretPost,
    Options,
    PrivateKeyJwt,
    RenewalWindow,
    SigningKey,
    Token,
    TokenCache,
    errors,
)
from oauth_cc.authentication import KeySource
from oauth_cc.events import Event, TokenObtained
from oauth_cc.httpx2 import AsyncTokenSource, TokenSource
from oauth_cc.stores._threads import on_this_thread
from oauth_cc.testing import AuthorizationServer
from tests.gates import AsyncGatedTransport, Gate, GatedTransport, arrival
from tests.resting import at_rest, at_rest_async
from tests.shells.scripted import TOKEN, Answer, Held, ScriptedServer, serve
from tests.test_source import Shared

CREDENTIALS = ClientCredentials("your_id", "s3cret")
AGEING_AT_ONCE = RenewalWindow(opens=1e-9, closes=1e-9)


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """Run a server that records its requests."""
    with AuthorizationServer() as running:
        yield running


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Yield a gate that is opened at the end of the test."""
    made = Gate()
    yield made
    made.opened.set()


@pytest.fixture
def own_trace() -> Iterator[None]:
    """Restore the trace function, which measures the coverage of the tests that follow."""
    before = sys.gettrace()
    yield
    sys.settrace(before)


# anyio leaves a coroutine of its own behind when it is cancelled while it connects.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
class TestVanishedLeaders:
    def test_task_that_is_cancelled_before_its_first_step(self, server: AuthorizationServer) -> None:
        """`asyncio.run` cancels a task that it has not started."""
        source = AsyncTokenSource(CREDENTIALS, server.token_endpoint)
        kept: list[object] = []

        async def leave() -> None:
            kept.append(asyncio.create_task(source.token()))

        asyncio.run(leave())
        assert asyncio.run(source.token()).token_type == "Bearer"

    def test_renewal_whose_task_is_cancelled_before_its_first_step(self, server: AuthorizationServer) -> None:
        """The renewal is known, but nobody performs it."""
        cache = TokenCache()
        source = AsyncTokenSource(CREDENTIALS, server.token_endpoint, store=cache)

        async def leave() -> None:
            asking = source.token()
            # The first step starts the renewal's task, and the loop ends before it runs.
            asking.send(None)
            asking.close()

        asyncio.run(leave())
        assert TokenSource(CREDENTIALS, server.token_endpoint, store=cache).token().token_type == "Bearer"

    @pytest.mark.filterwarnings("ignore:.*")
    def test_loop_that_is_closed_with_the_renewal_under_way(self, server: AuthorizationServer, gate: Gate) -> None:
        """A call that timed out left the renewal behind."""
        cache = TokenCache()

        async def give_up() -> None:
            client = httpx2.AsyncClient(transport=AsyncGatedTransport(gate))
            source = AsyncTokenSource(CREDENTIALS, server.token_endpoint, client=client, store=cache)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(source.token(), 0.05)

        loop = asyncio.new_event_loop()
        loop.run_until_complete(give_up())
        logging.getLogger("asyncio").disabled = True
        try:
            loop.close()
            blocking = TokenSource(CREDENTIALS, server.token_endpoint, store=cache)
            assert blocking.token().token_type == "Bearer"
            gc.collect()
        finally:
            logging.getLogger("asyncio").disabled = False

    def test_waiting_thread_notices_that_the_loop_of_the_leader_was_closed(
        self, server: AuthorizationServer, gate: Gate
    ) -> None:
        """It does not wait for the whole `wait_timeout`."""
        cache = TokenCache()
        found: list[Token] = []

        async def lead() -> None:
            async with httpx2.AsyncClient(transport=AsyncGatedTransport(gate)) as client:
                source = AsyncTokenSource(CREDENTIALS, server.token_endpoint, client=client, store=cache)
                leading = asyncio.create_task(source.token())
                await arrival(gate)
                blocking = TokenSource(CREDENTIALS, server.token_endpoint, store=cache)
                thread.start()
                leading.cancel()
                del blocking

        thread = threading.Thread(
            target=lambda: found.append(TokenSource(CREDENTIALS, server.token_endpoint, store=cache).token())
        )
        asyncio.run(lead())
        thread.join(30)
        assert [token.token_type for token in found] == ["Bearer"]

    def test_caller_leaves_a_hanging_assertion_function_and_the_next_one_leads(
        self, server: AuthorizationServer
    ) -> None:
        """The late result of the first one is not needed any more."""
        release, calls = threading.Event(), list[int]()

        def fetch() -> str:
            calls.append(len(calls))
            if len(calls) == 1:
                release.wait(60)
            raise errors.InvalidInput("assertion", "assertion must be there")

        credentials = ClientCredentials("your_id", ClientAssertion(fetch))
        source = TokenSource(credentials, server.token_endpoint, options=Options(wait_timeout=0.2))
        with pytest.raises(errors.RenewalTimedOut):
            source.token()
        with pytest.raises(errors.InvalidInput, match="must be there"):
            source.token()
        release.set()
        at_rest(source)
        assert calls == [0, 1]


class TestSignals:
    def test_exception_of_a_signal_handler_passes_at_once(self, server: AuthorizationServer, gate: Gate) -> None:
        """A worker's soft time limit ends the call, and the renewal serves the next."""

        class SoftTimeLimitExceeded(Exception):
            pass

        def limit(number: int, frame: FrameType | None) -> None:
            raise SoftTimeLimitExceeded

        before = signal.signal(signal.SIGUSR1, limit)
        try:
            with httpx2.Client(transport=GatedTransport(gate)) as client:
                source = TokenSource(CREDENTIALS, server.token_endpoint, client=client)

                def interrupt() -> None:
                    assert gate.arrived.wait(30)
                    os.kill(os.getpid(), signal.SIGUSR1)

                interrupting = threading.Thread(target=interrupt)
                interrupting.start()
                with pytest.raises(SoftTimeLimitExceeded):
                    source.token()
                interrupting.join()
                gate.opened.set()
                assert source.token().token_type == "Bearer"
                at_rest(source)
        finally:
            signal.signal(signal.SIGUSR1, before)
        assert len(server.token_requests) == 1

    @pytest.mark.usefixtures("own_trace")
    def test_signal_handler_that_asks_for_a_token_gets_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its own thread may be at any bytecode of the same source, which has no token yet."""
        # The handler begins a renewal that its own thread was about to begin, without half a second's wait here.
        monkeypatch.setattr("oauth_cc._io.source.LOOK", 0.01)
        monkeypatch.setattr("oauth_cc.stores._pending._SLOWEST_START", 0.0)
        requests: list[httpx2.Request] = []

        def transport(request: httpx2.Request) -> httpx2.Response:
            requests.append(request)
            return httpx2.Response(200, json={"access_token": "tok-1", "token_type": "Bearer", "expires_in": 3600})

        def asked_twice(source: TokenSource, at: int) -> set[Token]:
            found, left = set[Token](), at

            def ask(frame: FrameType, event: str, argument: object) -> Any:
                nonlocal left
                frame.f_trace_opcodes = True
                if event in ("opcode", "line") and "oauth_cc/stores" in frame.f_code.co_filename:
                    left -= 1
                    if left == 0:
                        sys.settrace(None)
                        found.add(source.token())
                return ask

            sys.settrace(ask)
            try:
                found.add(source.token())
            finally:
                sys.settrace(None)
            at_rest(source)
            return found if left <= 0 else set()

        def at_each_bytecode() -> None:
            with httpx2.Client(transport=httpx2.MockTransport(transport)) as client:
                for at in range(1, 1000):
                    requests.clear()
                    source = TokenSource(CREDENTIALS, "https://as.example/token", client=client)
                    counts.append((len(asked_twice(source, at)), len(requests)))
                    if counts[-1] == (0, 1):
                        return

        counts: list[tuple[int, int]] = []
        asking = threading.Thread(target=at_each_bytecode, daemon=True)
        asking.start()
        asking.join(60)
        assert not asking.is_alive()
        assert counts[-1] == (0, 1)
        assert set(counts[:-1]) == {(1, 1)}
        assert len(counts) > 100

    @pytest.mark.usefixtures("own_trace")
    @pytest.mark.parametrize("background", [True, False])
    def test_source_survives_an_interrupt_at_every_bytecode(self, background: bool) -> None:
        """After each interrupt the next call soon gets a token."""

        class Interrupt(BaseException):
            pass

        def transport(request: httpx2.Request) -> httpx2.Response:
            return httpx2.Response(200, json={"access_token": "tok-1", "token_type": "Bearer", "expires_in": 3600})

        def interrupted(source: TokenSource, at: int) -> bool:
            left = at

            def trace(frame: FrameType, event: str, argument: object) -> Any:
                nonlocal left
                frame.f_trace_opcodes = True
                if event in ("opcode", "line") and "oauth_cc" in frame.f_code.co_filename:
                    left -= 1
                    if left == 0:
                        raise Interrupt
                return trace

            sys.settrace(trace)
            try:
                source.token()
            except Interrupt:
                return True
            finally:
                sys.settrace(None)
            return False

        options = Options(background_renewal=background, wait_timeout=20.0)
        with httpx2.Client(transport=httpx2.MockTransport(transport)) as client:
            make = partial(TokenSource, CREDENTIALS, "https://as.example/token", client=client, options=options)
            # Every bytecode of the first steps, and then some of the rest, which a caller without threads performs.
            for at in [*range(1, 400), *range(400, 20_000, 173)]:
                source = make()
                if not interrupted(source, at):
                    break
                began = time.monotonic()
                assert source.token().token_type == "Bearer"
                assert time.monotonic() - began < 10
                if background:
                    at_rest(source)


class TestCallbacks:
    @pytest.mark.parametrize("way", ["hook", "log"])
    def test_callback_that_calls_an_api_gets_the_new_token(self, server: AuthorizationServer, way: str) -> None:
        """One renewal makes one token request."""
        tokens: list[Token] = []
        source: list[TokenSource] = []

        def ask(event: object) -> None:
            if isinstance(event, TokenObtained) or way == "log":
                tokens.append(source[0].token())

        class Handler(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                if record.name == "oauth_cc":
                    ask(record)

        handler, logger = Handler(), logging.getLogger("oauth_cc")
        level = logger.level
        if way == "log":
            logger.addHandler(handler)
            logger.setLevel(logging.INFO)
        try:
            hook: Callable[[Event], None] | None = ask if way == "hook" else None
            source.append(TokenSource(CREDENTIALS, server.token_endpoint, options=Options(on_event=hook)))
            token = source[0].token()
            at_rest(source[0])
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
        assert tokens == [token]
        assert len(server.token_requests) == 1

    def test_slow_hook_delays_no_caller(self, server: AuthorizationServer) -> None:
        """The token is there before the hook is called."""
        release = threading.Event()

        def hold(event: Event) -> None:
            release.wait(60)

        source = TokenSource(CREDENTIALS, server.token_endpoint, options=Options(on_event=hold))
        assert source.token() == source.token()
        release.set()
        at_rest(source)

    def test_assertion_function_that_asks_its_own_source_gets_an_error(self, server: AuthorizationServer) -> None:
        """It would wait for itself."""
        source: list[TokenSource] = []

        def fetch() -> str:
            return source[0].access_token()

        credentials = ClientCredentials("your_id", ClientAssertion(fetch))
        source.append(TokenSource(credentials, server.token_endpoint))
        with pytest.raises(errors.InvalidInput) as caught:
            source[0].token()
        assert caught.value.parameter == "token"
        assert str(caught.value) == (
            "a signer, assertion source, store or log handler that a renewal calls must not ask for the same token; "
            "use another source for its calls"
        )
        at_rest(source[0])


def _sign(_: bytes) -> bytes:
    return bytes(64)


KEY = SigningKey("ES256", _sign, thumbprint="key-1")
BLOCKING: dict[str, Callable[[str], ClientAuthentication]] = {
    "store": lambda _: ClientSecretPost("s3cret"),
    "secret function": lambda _: ClientSecretPost(lambda: "s3cret"),
    "assertion function": lambda _: ClientAssertion(lambda: "eyJ-1"),
    "signer": lambda issuer: PrivateKeyJwt(KEY, issuer),
    "key": lambda issuer: PrivateKeyJwt(attrs.evolve(KEY, source=KeySource("client.pem", lambda: KEY)), issuer),
}
"""What blocks a renewal, and the authentication at an issuer with it."""


class TestThreadPools:
    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    @pytest.mark.parametrize("blocking", BLOCKING)
    def test_leader_does_not_need_the_thread_pool_of_its_callers(self, blocking: str, backend: str) -> None:
        """All threads of the pool wait for its token, while it calls a store or a function of the user."""
        cache = TokenCache(Shared() if blocking == "store" else None)

        async def main(script: ScriptedServer, metadata: Held) -> None:
            credentials = ClientCredentials("your_id", BLOCKING[blocking](script.url))
            source = AsyncTokenSource.from_issuer(script.url, credentials, store=cache)
            waiting = TokenSource.from_issuer(script.url, credentials, store=cache)
            limiter = anyio.to_thread.current_default_thread_limiter()
            limiter.total_tokens = 4
            with anyio.fail_after(20):
                async with anyio.create_task_group() as group:
                    group.start_soon(source.token)
                    while not script.asked:
                        await anyio.sleep(0.001)
                    for _ in range(12):
                        group.start_soon(anyio.to_thread.run_sync, waiting.token)
                    while limiter.statistics().tasks_waiting < 8:
                        await anyio.sleep(0.001)
                    metadata.released.set()

        with serve(TOKEN) as script:
            endpoints = {"issuer": script.url, "token_endpoint": f"{script.url}/token"}
            metadata = Held(Answer(chunks=(json.dumps(endpoints).encode(),)))
            script.steps.insert(0, metadata)
            anyio.run(main, script, metadata, backend=backend)
        assert [asked.method for asked in script.asked] == ["GET", "POST"]


each_error = pytest.mark.parametrize(
    "error",
    [ValueError("of the block"), KeyboardInterrupt(), SystemExit(1), ExceptionGroup("two", [ValueError(), KeyError()])],
    ids=lambda error: type(error).__name__,
)


class TestKeepingFresh:
    def test_token_is_renewed_without_calls(self, server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """`peek` finds it."""
        monkeypatch.setattr("oauth_cc._io.base_source._SHORTEST_PAUSE", 0.01)
        renewed = threading.Semaphore(0)
        options = Options(renewal_window=AGEING_AT_ONCE, on_event=lambda _: renewed.release())
        source = TokenSource(CREDENTIALS, server.token_endpoint, options=options)
        assert source.peek() is None
        with source.keep_fresh():
            first = source.peek()
            for _ in range(3):
                assert renewed.acquire(timeout=30)
            assert source.peek() not in (None, first)
        source.close()

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_token_is_renewed_without_calls_in_async_code(
        self, server: AuthorizationServer, backend: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`peek` finds it."""
        monkeypatch.setattr("oauth_cc._io.base_source._SHORTEST_PAUSE", 0.01)

        async def main() -> None:
            renewed = anyio.Event()
            seen: list[Event] = []

            def note(event: Event) -> None:
                seen.append(event)
                if len(seen) == 3:
                    renewed.set()

            options = Options(renewal_window=AGEING_AT_ONCE, on_event=note)
            source = AsyncTokenSource(CREDENTIALS, server.token_endpoint, options=options)
            async with source.keep_fresh():
                first = source.peek()
                with anyio.fail_after(30):
                    await renewed.wait()
                assert source.peek() not in (None, first)
            await at_rest_async(source)

        anyio.run(main, backend=backend)

    @each_error
    def test_exception_of_the_block_passes_unchanged(self, server: AuthorizationServer, error: BaseException) -> None:
        """The caller catches what it raised."""
        with TokenSource(CREDENTIALS, server.token_endpoint) as source:
            with pytest.raises(type(error)) as caught, source.keep_fresh():
                raise error
            assert caught.value is error

    @each_error
    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_exception_of_the_block_passes_unchanged_in_async_code(
        self, server: AuthorizationServer, error: BaseException, backend: str
    ) -> None:
        """It is not in a group, and the task of the block ends."""

        async def main() -> None:
            async with AsyncTokenSource(CREDENTIALS, server.token_endpoint) as source:
                await source.token()
                before = len(anyio.get_running_tasks())
                with pytest.raises(type(error)) as caught:
                    async with source.keep_fresh():
                        raise error
                assert caught.value is error
                with anyio.fail_after(30):
                    while len(anyio.get_running_tasks()) > before:
                        await anyio.sleep(0)

        anyio.run(main, backend=backend)

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_block_ends_when_its_task_is_cancelled(self, server: AuthorizationServer, backend: str) -> None:
        """The scope that was cancelled catches the exception."""

        async def main() -> None:
            async with AsyncTokenSource(CREDENTIALS, server.token_endpoint) as source:
                with anyio.CancelScope() as scope:
                    async with source.keep_fresh():
                        scope.cancel()
                        await anyio.sleep_forever()
                assert scope.cancelled_caught

        anyio.run(main, backend=backend)

    def test_block_of_a_cancelled_task_raises_the_cancellation(self, server: AuthorizationServer) -> None:
        """It is the same cancellation."""

        async def main() -> None:
            source = AsyncTokenSource(CREDENTIALS, server.token_endpoint)

            async def stay() -> None:
                async with source.keep_fresh():
                    entered.set()
                    await anyio.sleep_forever()

            entered = asyncio.Event()
            task = asyncio.create_task(stay())
            await entered.wait()
            task.cancel("by the program")
            with pytest.raises(asyncio.CancelledError, match="by the program"):
                await task
            assert task.cancelled()

        asyncio.run(main())

    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    def test_token_of_a_forked_child_is_renewed_without_calls_from_its_first_look(
        self, server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A server with preloaded workers enters the block before it forks. The child has no thread of its parent."""
        monkeypatch.setattr("oauth_cc._io.base_source._SHORTEST_PAUSE", 0.01)
        options = Options(renewal_window=AGEING_AT_ONCE)
        source = TokenSource(CREDENTIALS, server.token_endpoint, options=options)
        with source.keep_fresh():
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    first, ends_at = source.peek(), time.monotonic() + 30
                    while source.peek() in (None, first) and time.monotonic() < ends_at:
                        time.sleep(0.01)
                    names = [thread.name for thread in threading.enumerate()]
                    code = 0 if names.count("oauth_cc renewal without calls") == 1 and source.peek() != first else 2
                finally:
                    os._exit(code)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        source.close()

    def test_block_without_a_thread_is_logged(
        self, server: AuthorizationServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Otherwise `peek` would return None one day without a word."""
        with TokenSource(CREDENTIALS, server.token_endpoint) as source:
            source.token()
            with on_this_thread(), source.keep_fresh():
                assert source.peek() is not None
        lines = [line for line in caplog.messages if line.startswith("no thread can be started to keep a token fresh")]
        assert len(lines) == 1


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_child_renews_by_itself_while_its_parent_renews_in_the_background(
    server: AuthorizationServer, gate: Gate
) -> None:
    """The child has no thread of its parent. Both use their token meanwhile."""
    cache = TokenCache()
    options = Options(renewal_window=AGEING_AT_ONCE)
    first = TokenSource(CREDENTIALS, server.token_endpoint, store=cache, options=options).token()
    with httpx2.Client(transport=GatedTransport(gate)) as client:
        held = TokenSource(CREDENTIALS, server.token_endpoint, client=client, store=cache, options=options)
        assert held.token() == first
        assert gate.arrived.wait(30)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            seen = b"failed"
            try:
                own = TokenSource(CREDENTIALS, server.token_endpoint, store=cache, options=options)
                used = own.token()
                at_rest(own)
                seen = f"{used == first} {own.peek() not in (None, first)}".encode()
            finally:
                os.write(writer, seen)
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as answer:
            assert answer.read() == b"True True"
        os.waitpid(child, 0)
        assert held.token() == first
        gate.opened.set()
        at_rest(held)
    assert held.peek() not in (None, first)
    assert len(server.token_requests) == 3


GREENLETS = """
from gevent import monkey
monkey.patch_all()
import sys, gevent
from oauth_cc import ClientCredentials, Options, RenewalWindow
from oauth_cc.requests import TokenSource

options = Options(renewal_window=RenewalWindow(1e-9, 1e-9), wait_timeout=20)
source = TokenSource(ClientCredentials("your_id", "s3cret"), sys.argv[1], options=options)
callers = [gevent.spawn(source.token) for _ in range(50)]
first = {caller.get(timeout=20) for caller in callers}
while source.token() in first:
    gevent.sleep()
busy = gevent.spawn(lambda: [(source.token(), gevent.sleep()) for _ in iter(int, 1)])
gevent.sleep()
busy.kill(timeout=20)
source.close()
print(len(first), busy.dead)
"""


@pytest.mark.slow
def test_greenlets_share_a_token_that_is_renewed_in_the_background(server: AuthorizationServer) -> None:
    """Gevent makes the thread of the renewal a greenlet. A greenlet that is killed harms no other."""
    done = subprocess.run(  # our own program
        [sys.executable, "-c", GREENLETS, server.token_endpoint],
        capture_output=True,
        timeout=60,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 True\n", "")


@pytest.mark.slow
def test_process_ends_while_a_renewal_is_under_way() -> None:
    """A call at exit and in a finaliser do not wait for it either. Nothing is printed."""
    program = """
import atexit, sys, threading
from oauth_cc import ClientCredentials, Options, RenewalWindow
from oauth_cc.httpx2 import TokenSource
from tests.shells.scripted import Held, TOKEN, serve

with serve(TOKEN, Held(TOKEN)) as script:
    options = Options(renewal_window=RenewalWindow(1e-9, 1e-9), timeout=300.0, wait_timeout=300.0)
    source, cold = (
        TokenSource(ClientCredentials("your_id", "s3cret"), f"{script.url}/token", options=options) for _ in range(2)
    )
    source.token()
    source.token()
    threading.Thread(target=cold.token, daemon=True).start()
    for _ in range(3):
        script.arrived.acquire(timeout=30)

class Last:
    def __del__(self):
        try:
            source.token()
            source.close()
        except Exception as error:
            print(error)
        try:
            cold.token()
        except Exception:
            # The modules that a request needs may be gone.
            pass
        cold.close()

last = Last()
atexit.register(source.token)
"""
    done = subprocess.run(  # our own program
        [sys.executable, "-c", program], capture_output=True, timeout=60, check=False, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


LAST = """
import os, sys
from oauth_cc import ClientCredentials, Options, RenewalWindow
from oauth_cc.{library} import TokenSource

options = Options(renewal_window=RenewalWindow(1e-9, 1e-9))
source = TokenSource(ClientCredentials("your_id", "s3cret"), sys.argv[1], options=options)
first = source.token()

class Last:
    def __del__(self, write=os.write, source=source, first=first):
        try:
            write(1, str(source.token() is first).encode())
        except BaseException as error:
            write(1, repr(error).encode())

last = Last()
"""


@pytest.mark.slow
@pytest.mark.parametrize("library", ["httpx2", "requests"])
def test_finaliser_gets_the_token_that_can_be_used_while_the_interpreter_shuts_down(
    server: AuthorizationServer, library: str
) -> None:
    """A renewal is due, but the threads and modules that it needs are gone."""
    done = subprocess.run(  # our own program
        [sys.executable, "-c", LAST.format(library=library), server.token_endpoint],
        capture_output=True,
        timeout=60,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True", "")


def test_background_renewal_that_finds_its_client_closed_says_nothing(
    server: AuthorizationServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The program has left its client."""
    events: list[Event] = []
    client = httpx2.Client()
    options = Options(renewal_window=AGEING_AT_ONCE, on_event=events.append)
    source = TokenSource(CREDENTIALS, server.token_endpoint, client=client, options=options)
    first = source.token()
    at_rest(source)
    client.close()
    assert source.token() == first
    at_rest(source)
    assert [type(event) for event in events] == [TokenObtained]
    assert caplog.records == []
