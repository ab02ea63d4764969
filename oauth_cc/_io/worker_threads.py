"""
Worker threads of an event loop, on which async code does what blocks.
"""

from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread

T = TypeVar("T")


async def in_worker_thread(work: Callable[[], T], *, abandon_on_cancel: bool = False) -> T:
    """
    Return the result of *work*, or raise its error. Other tasks run meanwhile.

    Callers that wait for a token or a lock may use up the threads of anyio's pool, so this one is not of the pool.

    Args:
        work: Any function that is not async.
        abandon_on_cancel: Whether a cancelled task leaves *work* at once, or waits for its end.
    """
    own = anyio.CapacityLimiter(1)
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=abandon_on_cancel, limiter=own)
