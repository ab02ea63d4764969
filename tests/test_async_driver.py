"""
The driver for async code, on asyncio and trio.
"""

import inspect
import threading
import time
from functools import partial

import anyio
import anyio.to_thread
import pytest

from oauth_cc import HttpRequest, Secret, Token
from oauth_cc._io.async_driver import ThreadedStore, _setter, current_leader, drive, wait_for
from oauth_cc.flows import Failed, Flow, Moment, Received, Sleep
from oauth_cc.flows.effects import load, lock, observe, send
from oauth_cc.stores._cell import Outcome
from oauth_cc.stores._pending import Leader
from tests.test_source import Shared
from tests.world import raising, token_answer

REQUEST = HttpRequest("POST", "https://as.example/token")
ANSWER = Received(token_answer(), 1.0)

pytestmark = pytest.mark.parametrize("backend", ["asyncio", "trio"])


async def answering(request: HttpRequest) -> Received | Failed:
    """Return a response at once."""
    return ANSWER if request is REQUEST else pytest.fail("another request")


def flow() -> Flow[tuple[object, Moment]]:
    """Yield every kind of effect without a store."""
    outcome = yield from send(REQUEST)
    yield Sleep(0.0)
    moment = yield from observe()
    return outcome, moment


def test_async_driver_sends_sleeps_and_observes(backend: str) -> None:
    """The moment is the present one."""
    before = time.time()
    outcome, moment = anyio.run(drive, flow(), answering, backend=backend)
    assert outcome is ANSWER
    assert before <= moment.now <= time.time()


@pytest.mark.parametrize("error", [StopIteration("not a result"), OSError("gone")])
def test_async_send_errors_pass_through_and_close_the_flow(backend: str, error: Exception) -> None:
    """Python turns a StopIteration in a coroutine into a RuntimeError."""
    running = flow()

    async def failing(request: HttpRequest) -> Received | Failed:
        return raising(error)(request)

    with pytest.raises(RuntimeError if isinstance(error, StopIteration) else type(error)):
        anyio.run(drive, running, failing, backend=backend)
    assert inspect.getgeneratorstate(running) == inspect.GEN_CLOSED


def test_without_a_store_nothing_is_found_and_the_lock_is_free(backend: str) -> None:
    """A flow for a store ends as with an empty one."""
    assert anyio.run(drive, load("key"), answering, backend=backend) is None
    assert anyio.run(drive, lock("key", 0.0), answering, backend=backend) is True


def test_a_sleeping_flow_does_not_block_other_tasks(backend: str) -> None:
    """A cancelled flow is closed."""
    order: list[str] = []

    def pausing(name: str, seconds: float) -> Flow[None]:
        yield Sleep(seconds)
        order.append(name)

    endless = pausing("endless", 3600.0)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(drive, endless, answering)
            group.start_soon(drive, pausing("later", 0.1), answering)
            group.start_soon(drive, pausing("sooner", 0.0), answering)
            while len(order) < 2:
                await anyio.sleep(0.01)
            group.cancel_scope.cancel()

    anyio.run(main, backend=backend)
    assert order == ["sooner", "later"]
    assert inspect.getgeneratorstate(endless) == inspect.GEN_CLOSED


def test_calls_of_a_store_for_threads_need_no_thread_of_the_pool(backend: str) -> None:
    """Threads that wait for a token may use up the pool, and the renewal must go on."""
    shared = Shared()
    store = ThreadedStore(shared)
    token = Token(Secret("tok-1"), "Bearer", 1700000000.0, 1700003600.0)

    async def main() -> None:
        pool = anyio.to_thread.current_default_thread_limiter()
        pool.total_tokens = 1
        await pool.acquire_on_behalf_of("a thread that waits")
        with anyio.fail_after(10):
            await store.save("key", token)
            assert await store.load("key") == token
            async with store.lock("key", 0.0) as held:
                assert held
                assert shared.mutex.locked()
                async with store.lock("key", 0.0) as again:
                    assert not again
            assert not shared.mutex.locked()
            await store.discard("key", token)
            assert await store.load("key") is None

    anyio.run(main, backend=backend)


def test_a_task_is_a_living_leader_until_it_ends(backend: str) -> None:
    """So is its loop. Other callers see this from any thread."""
    leaders: list[Leader] = []

    async def lead() -> None:
        leaders.append(current_leader())
        assert leaders[-1].is_alive()
        assert await anyio.to_thread.run_sync(leaders[-1].is_alive)

    async def main() -> None:
        leaders.append(current_leader())
        async with anyio.create_task_group() as group:
            group.start_soon(lead)
        assert leaders[0].is_alive()
        # trio does not say whether a task has ended.
        assert leaders[1].is_alive() is (backend == "trio")

    anyio.run(main, backend=backend)
    assert [leader.loop_thread for leader in leaders] == [threading.get_ident()] * 2
    assert [leader.is_alive() for leader in leaders] == [False, False]


def test_a_task_waits_for_an_outcome_of_any_thread(backend: str) -> None:
    """It leaves after its time, and is not woken later."""

    async def main() -> None:
        outcome: Outcome[str] = Outcome()
        assert not await wait_for(outcome, 0.0)
        assert outcome._wakers == []
        async with anyio.create_task_group() as group:
            group.start_soon(partial(anyio.to_thread.run_sync, outcome.settle, "token"))
            with anyio.fail_after(10):
                assert await wait_for(outcome, 10.0)
        assert await wait_for(outcome, 0.0)
        assert outcome._wakers == []

    anyio.run(main, backend=backend)


def test_an_outcome_of_a_loop_that_has_ended_is_settled_in_silence(backend: str) -> None:
    """The task that waited for it has ended, too."""
    outcome: Outcome[str] = Outcome()

    async def main() -> None:
        outcome.call_when_settled(_setter(anyio.Event()))

    anyio.run(main, backend=backend)
    assert outcome.settle("token")
