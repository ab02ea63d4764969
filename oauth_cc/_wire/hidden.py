"""
A wrapper that hides a value from code that prints the fields of a record.
"""

from typing import Generic, NoReturn, SupportsIndex, TypeVar, final

T_co = TypeVar("T_co", covariant=True)


@final
class Hidden(Generic[T_co]):
    """
    A value that only `open` returns. Compared and hashed by value.

        >>> Hidden(b"s3cret")
        Hidden('***')
        >>> Hidden(b"s3cret").open()
        b's3cret'
    """

    # Not an attrs record, because attrs.asdict, rich and structlog walk into records.
    __slots__ = ("_value",)
    _value: T_co

    def __init__(self, value: T_co) -> None:
        self._value = value

    def open(self) -> T_co:
        """Return the value."""
        return self._value

    def __repr__(self) -> str:
        return "Hidden('***')"

    def __eq__(self, other: object) -> bool:
        return self._value == other._value if isinstance(other, type(self)) else NotImplemented

    def __hash__(self) -> int:
        return hash((Hidden, self._value))

    def __copy__(self) -> "Hidden[T_co]":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "Hidden[T_co]":
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a hidden value cannot be pickled")
