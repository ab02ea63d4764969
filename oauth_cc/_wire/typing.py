"""
What the standard types do not say: a collection that is no str, and a function whose result has to be awaited.
"""

from collections.abc import Iterator
from functools import partial
from typing import Final, Protocol, TypeVar

_T_co = TypeVar("_T_co", covariant=True)

# What `inspect` knows as CO_COROUTINE: that module takes whoever type-checks a program longer than all of the core.
_COROUTINE: Final = 0x80


class NonStringCollection(Protocol[_T_co]):
    """
    A list, tuple, set or other collection, but no str and no bytes: to type checkers these are collections too, of
    letters and of numbers; but any object can be looked for in a collection, and in them not.
    """

    def __contains__(self, item: object, /) -> bool:
        """Whether *item* is in it."""
        ...

    def __len__(self) -> int:
        """How many there are."""
        ...

    def __iter__(self) -> Iterator[_T_co]:
        """Gives each in turn."""
        ...


def is_coroutine_function(function: object) -> bool:
    """
    Whether *function* is a coroutine function, or a mock of one.

        >>> async def fetch() -> str: ...
        >>> is_coroutine_function(fetch), is_coroutine_function(print)
        (True, False)
    """
    while isinstance(function, partial):
        function = function.func
    # Whatever one asks of a mock of something else, it is another mock, and no number.
    flags: object = getattr(getattr(function, "__code__", None), "co_flags", 0)
    return isinstance(flags, int) and bool(flags & _COROUTINE)
