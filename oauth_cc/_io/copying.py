"""
Copies of sources and auths, which share tokens, and errors for pickling them.
"""

from typing import NoReturn, TypeVar

T = TypeVar("T")


def duplicate(self: T) -> T:
    """Return a copy of *self*, deep or not, that shares cache, client and renewals with it."""
    other = object.__new__(type(self))
    vars(other).update(vars(self))
    return other


def refuse_pickling(self: object) -> NoReturn:
    """Raise `TypeError`, because another process shares neither threads nor connections."""
    advice = "make it in each process, and give it a FileStore or a RedisStore to share tokens"
    raise TypeError(f"{type(self).__module__}.{type(self).__qualname__} cannot be pickled; {advice}")
