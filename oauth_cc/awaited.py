"""
Functions whose results have to be awaited, where nothing would await them.
"""

from functools import partial
from typing import Final

__all__ = ["is_awaited"]

# What `inspect` knows as CO_COROUTINE: that module takes whoever type-checks a program longer than all of the core.
_COROUTINE: Final = 0x80


def is_awaited(function: object) -> bool:
    """
    Whether *function* is a coroutine function, or a mock of one.

        >>> async def fetch() -> str: ...
        >>> is_awaited(fetch), is_awaited(print)
        (True, False)
    """
    while isinstance(function, partial):
        function = function.func
    # Whatever one asks of a mock of something else, it is another mock, and no number.
    flags: object = getattr(getattr(function, "__code__", None), "co_flags", 0)
    return isinstance(flags, int) and bool(flags & _COROUTINE)
