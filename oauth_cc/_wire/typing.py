"""
Types that the standard library lacks: a collection that is not a str, and checks for tuples and coroutine functions.

Type checkers see `typing.Generic`; at run time it is an empty class, to keep `help()` short.
"""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, TypeGuard, TypeVar

if TYPE_CHECKING:
    from typing import Generic as Generic
else:

    class Generic:
        """The parameters of a class, which only type checkers read."""

        def __class_getitem__(cls, _parameters: object) -> type:
            return cls


_T_co = TypeVar("_T_co", covariant=True)

# `inspect.CO_COROUTINE`. Importing inspect makes type checkers slower than checking the whole core.
_COROUTINE: Final = 0x80


class NonStringCollection(Protocol[_T_co]):
    """
    A list, tuple, set or other collection, but not a str or bytes.

    `str.__contains__` only accepts str, so requiring ``__contains__(object)`` excludes it. The same holds for bytes.
    """

    def __contains__(self, item: object, /) -> bool:
        """Return whether *item* is in the collection."""
        ...

    def __len__(self) -> int:
        """Return the number of items."""
        ...

    def __iter__(self) -> Iterator[_T_co]:
        """Iterate over the items."""
        ...


def is_tuple(value: object) -> TypeGuard[tuple[object, ...]]:
    """Return whether *value* is a tuple, of anything."""
    return isinstance(value, tuple)


def is_coroutine_function(function: object) -> bool:
    """
    Return whether *function* is a coroutine function, or a mock of one.

        >>> async def fetch() -> str: ...
        >>> is_coroutine_function(fetch), is_coroutine_function(print)
        (True, False)
    """
    while isinstance(function, partial):
        function = function.func
    # Every attribute of a mock is another mock, not an int.
    flags: object = getattr(getattr(function, "__code__", None), "co_flags", 0)
    return isinstance(flags, int) and bool(flags & _COROUTINE)
