"""
The driver for async code on asyncio and trio. It performs the effects of a flow without blocking other tasks.
"""

import asyncio
import itertools
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from contextvars import copy_context
from functools import partial
from typing import Final, TypeVar, assert_never, final

import attrs

try:
    import anyio
    import anyio.lowlevel
except ImportError as _error:
    advice = (
        "install oauth_cc with the extra of your HTTP library: oauth_cc[httpx2], oauth_cc[httpx] or oauth_cc[aiohttp]"
    )
    raise ImportError(f"async code needs anyio; {advice}") from _error

from oauth_cc._io.clock import moment
from oauth_cc._io.context import SourceContext
from oauth_cc._io.signing import perform_signing_async
from oauth_cc._io.worker_threads import in_worker_thread
from oauth_cc.events import Event
from oauth_cc.flows.effects import (
    Effect,
    Failed,
    FetchAssertion,
    Flow,
    Load,
    Lock,
    Observe,
    ReadKey,
    ReadSecret,
    Received,
    Report,
    Returned,
    Save,
    Send,
    Sign,
    Sleep,
    advance,
    check_flow,
    without_store,
)
from oauth_cc.http import HttpRequest
from oauth_cc.stores._cell import Outcome
from oauth_cc.stores._pending import Leader
from oauth_cc.stores._protocol import AsyncStore, Store, settled
from oauth_cc.token import Token

T = TypeVar("T")

# One renewal takes about a millisecond until it waits for the network, so 25 of 200 that start together block the loop
# for about 25 ms.
_TURNS: Final = 8
_starts: Final = itertools.count()
# What a loop raises that has ended. A loop of trio that crashed has closed the socket that wakes it.
_LOOP_ENDED: Final = (RuntimeError, OSError)


@final
class ThreadedStore:
    """
    A store for threads, adapted to async code: each call blocks a worker thread.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def load(self, key: str) -> Token | None:
        """Return the token under *key*, or None."""
        return await in_worker_thread(lambda: settled(self._store.load(key)))

    async def save(self, key: str, token: Token) -> None:
        """
        Save *token* under *key*, in place of any other token.

        Args:
            key: The cache key, 64 hexadecimal digits.
            token: The token.
        """
        await in_worker_thread(lambda: settled(self._store.save(key, token)))

    async def discard(self, key: str, token: Token) -> None:
        """
        Delete the entry under *key* if it is *token*.

        Args:
            key: The cache key, 64 hexadecimal digits.
            token: The rejected token.
        """
        await in_worker_thread(lambda: settled(self._store.discard(key, token)))

    @asynccontextmanager
    async def lock(self, key: str, wait: float) -> AsyncGenerator[bool]:
        """
        Hold the lock of *key* while the block runs, and yield whether it is held.

        Args:
            key: The cache key, 64 hexadecimal digits.
            wait: Seconds to wait for the lock.
        """
        taken = self._store.lock(key, wait)
        held = await in_worker_thread(taken.__enter__)
        try:
            yield held
        finally:
            # A cancelled task must release its lock too.
            with anyio.CancelScope(shield=True):
                await in_worker_thread(partial(taken.__exit__, None, None, None))


@final
class AsyncStoreEffects:
    """
    A shared store and the locks that one flow holds in it. A failure is reported, and returned as `Failed`.

    Args:
        store: The shared store.
        context: The state of the source.
        report: Receives the events of the store.
    """

    def __init__(self, store: AsyncStore, context: SourceContext, report: Callable[[Event], object]) -> None:
        self._store = store
        self._context = context
        self._report = report
        self._locks = AsyncExitStack()

    async def perform(self, effect: Load | Save | Lock) -> object:
        """Perform *effect* on the store. Return its result, or `Failed`."""
        try:
            result = await self._call_store(effect)
        except Exception as error:  # no failure of a store may keep a caller from its token
            return self._context.store_failed(error, type(effect), self._report)
        self._context.store_succeeded(type(effect), self._report)
        return result

    async def close(self) -> None:
        """Release the locks."""
        try:
            await self._locks.aclose()
        except Exception as error:  # as in `perform`; a lock expires by itself
            self._context.store_failed(error, Lock, self._report)

    async def _call_store(self, effect: Load | Save | Lock) -> object:
        match effect:
            case Load(key):
                return await self._store.load(key)
            case Save(key, token):
                await self._store.save(key, token)
                return None
            case Lock(key, wait):
                return await self._locks.enter_async_context(self._store.lock(key, wait))
            case _:
                assert_never(effect)


async def drive(
    flow: Flow[T],
    send: Callable[[HttpRequest], Awaitable[Received | Failed]],
    *,
    store_effects: AsyncStoreEffects | None = None,
    report: Callable[[Event], object] = id,
) -> T:
    """
    Run *flow* to its end and return its result. Errors of the flow and cancellation pass through.

    Args:
        flow: A generator that yields effects.
        send: Sends one request by an HTTP library.
        store_effects: The shared store, None if there is none.
        report: Receives each event of the flow.
    """
    check_flow(flow)
    try:
        step = advance(flow, None)
        while not isinstance(step, Returned):
            step = advance(flow, await _perform(step, send, store_effects, report))
        return step.value
    finally:
        flow.close()
        if store_effects is not None:
            await store_effects.close()


async def take_turn() -> None:
    """Let other tasks run first, so that many renewals that start together do not block the event loop together."""
    for _ in range(next(_starts) % _TURNS):
        await anyio.sleep(0)


def detach(function: Callable[[T], Coroutine[object, object, None]], argument: T) -> object:
    """
    Run *function* in a task that outlives the cancellation of the current task, but not the event loop.

    The task has a copy of the caller's context variables.

    Args:
        function: A coroutine function of one argument. It must handle its own errors.
        argument: The argument.

    Returns:
        A reference to keep while the task runs: asyncio itself holds weak references to tasks.
    """
    loop = anyio.lowlevel.current_token().native_token
    if isinstance(loop, asyncio.AbstractEventLoop):
        return loop.create_task(function(argument))
    # Imported only where its loop runs, so that asyncio does not need it installed.
    import trio

    return trio.lowlevel.spawn_system_task(function, argument, context=copy_context())


@final
@attrs.frozen(eq=False)
class _TaskOfAsyncio:
    loop: asyncio.AbstractEventLoop
    task: asyncio.Task[object] | None
    loop_thread: int | None

    def is_alive(self) -> bool:
        return self.loop.is_running() and (self.task is None or not self.task.done())


@final
@attrs.frozen(eq=False)
class _TaskOfTrio:
    schedule: Callable[[Callable[[], object]], object]
    loop_thread: int | None

    def is_alive(self) -> bool:
        try:
            self.schedule(bool)
        except _LOOP_ENDED:
            return False
        return True


def current_leader() -> Leader:
    """Return the current task as the leader of a renewal."""
    loop = anyio.lowlevel.current_token().native_token
    if isinstance(loop, asyncio.AbstractEventLoop):
        return _TaskOfAsyncio(loop, asyncio.current_task(), threading.get_ident())
    import trio

    # Idempotent, so that a busy loop does not get an entry from each caller.
    schedule = partial(trio.lowlevel.current_trio_token().run_sync_soon, idempotent=True)
    return _TaskOfTrio(schedule, threading.get_ident())


async def wait_for(outcome: Outcome[T], seconds: float) -> bool:
    """
    Wait for *outcome*, and return whether it is settled.

    Args:
        outcome: The outcome of a renewal on any thread or event loop.
        seconds: The longest wait in seconds.
    """
    if not outcome.is_settled:
        done = anyio.Event()
        wake = _setter(done)
        outcome.call_when_settled(wake)
        try:
            with anyio.move_on_after(seconds):
                await done.wait()
        finally:
            outcome.forget(wake)
    return outcome.is_settled


def _setter(event: anyio.Event) -> Callable[[], object]:
    loop = anyio.lowlevel.current_token().native_token
    if isinstance(loop, asyncio.AbstractEventLoop):
        return _unless_loop_ended(partial(loop.call_soon_threadsafe, event.set))
    import trio

    return _unless_loop_ended(partial(trio.lowlevel.current_trio_token().run_sync_soon, event.set))


def _unless_loop_ended(schedule: Callable[[], object]) -> Callable[[], object]:
    def call() -> None:
        # The loop of the waiting task may have ended, and the task with it.
        with suppress(*_LOOP_ENDED):
            schedule()

    return call


async def _perform(
    effect: Effect,
    send: Callable[[HttpRequest], Awaitable[Received | Failed]],
    store_effects: AsyncStoreEffects | None,
    report: Callable[[Event], object],
) -> object:
    match effect:
        case Send(request):
            return await send(request)
        case Sign() | FetchAssertion() | ReadSecret() | ReadKey():
            return await perform_signing_async(effect)
        case Sleep(seconds):
            await anyio.sleep(seconds)
            return None
        case Observe():
            return moment()
        case Load() | Save() | Lock():
            return without_store(effect) if store_effects is None else await store_effects.perform(effect)
        case Report(event):
            report(event)
            return None
        case _:
            assert_never(effect)
