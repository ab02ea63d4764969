"""
Functions whose results have to be awaited, where nothing would await them.
"""

import functools
import inspect

__all__ = ["is_awaited"]


def is_awaited(function: object) -> bool:
    """
    Whether *function* is a coroutine function, or a mock of one.

        >>> async def fetch() -> str: ...
        >>> is_awaited(fetch), is_awaited(print)
        (True, False)
    """
    plain = function
    while isinstance(plain, functools.partial):
        plain = plain.func
    # Whatever one asks of a mock, it is another mock, and so are the flags by which coroutine functions are known.
    flags: object = getattr(getattr(plain, "__code__", None), "co_flags", 0)
    return isinstance(flags, int) and inspect.iscoroutinefunction(function)
