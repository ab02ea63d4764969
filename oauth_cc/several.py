"""
Several of a kind, where a single str would pass for a collection of its letters.
"""

from collections.abc import Iterator
from typing import Protocol, TypeVar

__all__ = ["Several"]

_T_co = TypeVar("_T_co", covariant=True)


class Several(Protocol[_T_co]):
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
