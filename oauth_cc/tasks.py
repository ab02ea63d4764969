"""
The driver for async code, on asyncio and trio alike: performs a flow's effects and lets other tasks run meanwhile.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar, assert_never

from oauth_cc.clock import moment
from oauth_cc.effects import Effect, Failed, Flow, Observe, Received, Returned, Send, Sleep, advance
from oauth_cc.http import HttpRequest

try:
    import anyio
except ImportError as error:
    raise ImportError("oauth_cc.tasks needs anyio: install oauth_cc[httpx2]") from error

__all__ = ["drive"]

T = TypeVar("T")


async def drive(flow: Flow[T], send: Callable[[HttpRequest], Awaitable[Received | Failed]]) -> T:
    """
    Runs *flow* to its end and gives what it returns; whatever it raises passes through, and so does cancellation.

    *send*: sends one request by some HTTP library and says what came of it.
    """
    try:
        step = advance(flow, None)
        while not isinstance(step, Returned):
            step = advance(flow, await _perform(step, send))
        return step.value
    finally:
        flow.close()


async def _perform(effect: Effect, send: Callable[[HttpRequest], Awaitable[Received | Failed]]) -> object:
    match effect:
        case Send(request):
            return await send(request)
        case Sleep(seconds):
            await anyio.sleep(seconds)
            return None
        case Observe():
            return moment()
        case _:
            assert_never(effect)
