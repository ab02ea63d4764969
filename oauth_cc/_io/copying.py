"""
Copies of sources and auths, which share tokens, and errors for pickling them.

A class uses these functions as its methods.
"""

from typing import NoReturn, SupportsIndex, TypeVar

T = TypeVar("T")


def duplicate(self: T) -> T:
    """Return a copy of *self* that shares cache, client and renewals with it."""
    other = object.__new__(type(self))
    vars(other).update(vars(self))
    return other


def duplicate_deeply(self: T, _memo: dict[int, object]) -> T:
    """Return a copy of *self* as `duplicate` does, since a cache and a client that are copied share nothing."""
    return duplicate(self)


def refuse_pickling(self: object, _protocol: SupportsIndex) -> NoReturn:
    """Raise `TypeError`, because another process shares neither threads nor connections."""
    advice = "make it in each process, and give it a FileStore or a RedisStore to share tokens"
    raise TypeError(f"{type(self).__module__}.{type(self).__qualname__} cannot be pickled; {advice}")
