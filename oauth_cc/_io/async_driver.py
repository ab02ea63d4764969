"""
The driver for async code, on asyncio and trio alike: performs a flow's effects and lets other tasks run meanwhile.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from concurrent.futures import Future
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import TypeVar, assert_never, final

import attrs

try:
    import anyio
    import anyio.lowlevel
    import anyio.to_thread
except ImportError as _error:
    advice = "install oauth_cc[httpx2], oauth_cc[httpx] or oauth_cc[aiohttp], whichever library you use"
    raise ImportError(f"async code needs anyio: {advice}") from _error

from oauth_cc._io.clock import moment
from oauth_cc._io.context import SourceContext
from oauth_cc._io.log import emit
from oauth_cc._io.signing import perform_signing_async
from oauth_cc.events import EventHook
from oauth_cc.flows.effects import (
    Effect,
    Failed,
    FetchAssertion,
    Flow,
    Load,
    Lock,
    Observe,
    Received,
    Report,
    Returned,
    Save,
    Send,
    Sign,
    Sleep,
    advance,
    without_store,
)
from oauth_cc.http import HttpRequest
from oauth_cc.stores._protocol import AsyncStore, Store, settled
from oauth_cc.token import Token

T = TypeVar("T")


@final
@attrs.frozen(eq=False)
class ThreadedStore:
    """
    A *store* for threads as one for async code: each call of it has a thread of its own to block.
    """

    store: Store

    async def load(self, key: str) -> Token | None:
        """Gives the token under *key*, or None."""
        return await anyio.to_thread.run_sync(lambda: settled(self.store.load(key)))

    async def save(self, key: str, token: Token) -> None:
        """Keeps *token* under *key*, in place of any other."""
        await anyio.to_thread.run_sync(lambda: settled(self.store.save(key, token)))

    async def discard(self, key: str, token: Token) -> None:
        """Forgets what is under *key* if it is *token*."""
        await anyio.to_thread.run_sync(lambda: settled(self.store.discard(key, token)))

    @asynccontextmanager
    async def lock(self, key: str, wait: float) -> AsyncGenerator[bool]:
        """Gives the lock of *key*, taken within *wait* seconds, and says whether it is held."""
        taken = self.store.lock(key, wait)
        held = await anyio.to_thread.run_sync(taken.__enter__, limiter=_unlimited())
        try:
            yield held
        finally:
            # A lock has to be let go even if the task that holds it is cancelled.
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(taken.__exit__, None, None, None, limiter=_unlimited())


@final
@attrs.frozen(eq=False)
class AsyncStoreEffects:
    """
    A shared *store* for the time of one flow: its failures are values, which *context* tells of, and locks end with it.
    """

    store: AsyncStore
    context: SourceContext
    _locks: AsyncExitStack = attrs.field(factory=AsyncExitStack, alias="locks")

    async def perform(self, effect: Load | Save | Lock) -> object:
        """Does what *effect* asks of the store, and gives its answer or `Failed`."""
        try:
            result = await self._ask(effect)
        except Exception as error:  # whatever is wrong with a store, tokens are to be had without it
            return self.context.store_failed(error)
        self.context.store_answered()
        return result

    async def close(self) -> None:
        """Lets go of the locks."""
        try:
            await self._locks.aclose()
        except Exception as error:  # as above; the lock ends by its lifetime
            self.context.store_failed(error)

    async def _ask(self, effect: Load | Save | Lock) -> object:
        match effect:
            case Load(key):
                return await self.store.load(key)
            case Save(key, token):
                await self.store.save(key, token)
                return None
            case Lock(key, wait):
                return await self._locks.enter_async_context(self.store.lock(key, wait))
            case _:
                assert_never(effect)


async def drive(
    flow: Flow[T],
    send: Callable[[HttpRequest], Awaitable[Received | Failed]],
    *,
    store_effects: AsyncStoreEffects | None = None,
    hook: EventHook | None = None,
) -> T:
    """
    Runs *flow* to its end and gives what it returns; whatever it raises passes through, and so does cancellation.

    *send*: sends one request by some HTTP library and says what came of it; *store_effects*: the shared store, or None
    if there is none; *hook*: is told of events, as the log is.
    """
    try:
        step = advance(flow, None)
        while not isinstance(step, Returned):
            step = advance(flow, await _perform(step, send, store_effects, hook))
        return step.value
    finally:
        flow.close()
        if store_effects is not None:
            await store_effects.close()


def detach(function: Callable[[T], Coroutine[object, object, None]], argument: T) -> object:
    """
    Has the event loop of this task run *function* with *argument* as a task of its own, which no cancellation of this
    one reaches. It ends with the loop at the latest, and has to see to its own errors.

    Gives what is to be kept as long as it runs, because asyncio's loops hold their tasks by weak references only.
    """
    loop = anyio.lowlevel.current_token().native_token
    if isinstance(loop, asyncio.AbstractEventLoop):
        return loop.create_task(function(argument))
    # Imported where its loop is running only, so it is installed.
    import trio

    return trio.lowlevel.spawn_system_task(function, argument)


async def wait_for(future: Future[T], wait_timeout: float) -> bool:
    """
    Waits for *future*, of whatever thread or event loop, for *wait_timeout* seconds, and says whether it is done.
    """
    arrived = anyio.Event()
    future.add_done_callback(_waking(arrived))
    with anyio.move_on_after(wait_timeout):
        await arrived.wait()
    return future.done()


def _waking(event: anyio.Event) -> Callable[[object], None]:
    loop = anyio.lowlevel.current_token().native_token
    if isinstance(loop, asyncio.AbstractEventLoop):
        return _gently(partial(loop.call_soon_threadsafe, event.set))
    import trio

    return _gently(partial(trio.lowlevel.current_trio_token().run_sync_soon, event.set))


def _gently(wake: Callable[[], object]) -> Callable[[object], None]:
    def call(_: object) -> None:
        # The loop may have ended, and whoever waited in it with it.
        with suppress(RuntimeError):
            wake()

    return call


async def _perform(
    effect: Effect,
    send: Callable[[HttpRequest], Awaitable[Received | Failed]],
    store_effects: AsyncStoreEffects | None,
    hook: EventHook | None,
) -> object:
    match effect:
        case Send(request):
            return await send(request)
        case Sign() | FetchAssertion():
            return await perform_signing_async(effect)
        case Sleep(seconds):
            await anyio.sleep(seconds)
            return None
        case Observe():
            return moment()
        case Load() | Save() | Lock():
            return without_store(effect) if store_effects is None else await store_effects.perform(effect)
        case Report(event):
            emit(event, hook)
            return None
        case _:
            assert_never(effect)


def _unlimited() -> anyio.CapacityLimiter:
    # Whoever waits for a lock must not use up the threads that whoever holds one needs to go on.
    return anyio.CapacityLimiter(1)
