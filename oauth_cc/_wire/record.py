"""
The base of the records that every program loads.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Final, TypeAlias

import attrs


class Record:
    """
    A record that compares, hashes and shows itself by its fields, as attrs would have it do.

    attrs writes and compiles these three methods for each class when a program starts, which is a third of the time to
    load this library. It leaves out what a class has of its own, so all records get the same three here. Records that
    API calls compare do without this base, because the methods of attrs are faster. So do the records that tests of a
    program compare, because pytest explains field by field how records of attrs differ.
    """

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, method in _METHODS.items():
            if name not in vars(cls):
                setattr(cls, name, method)


def _equal(self: object, other: object) -> bool:
    kind = type(self)
    values = _COMPARED.get(kind) or _compared(kind)
    return values(self) == values(other) if type(other) is kind else NotImplemented


def _hash(self: object) -> int:
    kind = type(self)
    values = _HASHED.get(kind) or _hashed(kind)
    return hash((kind, values(self)))


def _show(self: object) -> str:
    kind = type(self)
    shown = [f"{field.name}={_shown(field, getattr(self, field.name))}" for field in _fields(kind) if field.repr]
    return f"{kind.__name__}({', '.join(shown)})"


def _shown(field: "attrs.Attribute[object]", value: object) -> str:
    return field.repr(value) if callable(field.repr) else repr(value)


_METHODS: Final = {"__eq__": _equal, "__hash__": _hash, "__repr__": _show}
_Values: TypeAlias = Callable[[object], object]
_COMPARED: Final[dict[type[object], _Values]] = {}
_HASHED: Final[dict[type[object], _Values]] = {}


def _fields(kind: type[object]) -> "tuple[attrs.Attribute[object], ...]":
    fields: tuple[attrs.Attribute[object], ...] = vars(kind)["__attrs_attrs__"]
    return fields


def _compared(kind: type[object]) -> _Values:
    return _COMPARED.setdefault(kind, _values([field.name for field in _fields(kind) if field.eq]))


def _hashed(kind: type[object]) -> _Values:
    names = [field.name for field in _fields(kind) if (field.eq if field.hash is None else field.hash)]
    return _HASHED.setdefault(kind, _values(names))


def _values(names: list[str]) -> _Values:
    return attrgetter(*names) if names else lambda _: ()
