"""
A value that threads replace, and a result that threads and tasks wait for, both without a lock.

A lock would be held forever if a signal handler or a finaliser asked for a token while its own thread holds it, or if
an exception of a signal handler arrived between two bytecodes. Each step here is one atomic operation of a dict or a
list.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Generic, TypeVar, final

T = TypeVar("T")


@final
class Version(Generic[T]):
    """
    One *value* of a `Cell`.

    Attributes:
        following: The version that replaced it, if one has.
    """

    __slots__ = ("following", "value")

    def __init__(self, value: T) -> None:
        self.value: Final = value
        self.following: Final[dict[None, Version[T]]] = {}


@final
class Cell(Generic[T]):
    """
    A value that is replaced as a whole. Its versions form a chain, and only the last one can be replaced.

    Attributes:
        version: The last version, or an earlier one.

    Example:
        >>> cell = Cell(1)
        >>> cell.replace(lambda number: number + 1), cell.last().value
        ((1, 2), 2)
    """

    __slots__ = ("version",)

    def __init__(self, value: T) -> None:
        self.version: Version[T] = Version(value)

    def last(self) -> Version[T]:
        """Return the last version."""
        version = self.version
        while version.following:
            version = version.following[None]
        self.version = version
        return version

    def replace(self, change: Callable[[T], T]) -> tuple[T, T]:
        """
        Replace the value by the result of *change*, and return the value before and after.

        Args:
            change: A function without side effects. It is called again if another thread was faster.
        """
        while True:
            before = self.last()
            after = Version(change(before.value))
            if before.following.setdefault(None, after) is after:
                self.version = after
                return before.value, after.value


@final
class Outcome(Generic[T]):
    """
    A result that is set once, and that threads and tasks wait for.

    Example:
        >>> outcome = Outcome[str]()
        >>> outcome.settle("token"), outcome.settle("late"), outcome.value
        (True, False, 'token')
    """

    __slots__ = ("_result", "_wakers")

    def __init__(self) -> None:
        self._result: dict[None, T] = {}
        self._wakers: list[Callable[[], object]] = []

    @property
    def is_settled(self) -> bool:
        """Return True once the result is set."""
        return bool(self._result)

    @property
    def value(self) -> T:
        """The result. Raises `KeyError` if it is not set."""
        return self._result[None]

    def settle(self, result: T) -> bool:
        """Set the result unless it is set, wake everyone who waits, and return whether it was set now."""
        first = not self._result and self._result.setdefault(None, result) is result
        while self._wakers:
            # Another thread may take the last one.
            with suppress(IndexError):
                self._wakers.pop()()
        return first

    def call_when_settled(self, wake: Callable[[], object]) -> None:
        """
        Call *wake* once, from any thread, when the result is set; now if it is.

        Args:
            wake: A function that raises nothing.
        """
        self._wakers.append(wake)
        if self._result:
            with suppress(ValueError):
                # Not taken by `settle`.
                self._wakers.remove(wake)
                wake()

    def forget(self, wake: Callable[[], object]) -> None:
        """Do not call *wake* any more."""
        with suppress(ValueError):
            self._wakers.remove(wake)

    def wait(self, seconds: float) -> bool:
        """Wait up to *seconds* for the result, and return whether it is set. A signal handler may end the wait."""
        if not self._result:
            # A lock that nobody else waits for. `Condition` is not safe between two bytecodes.
            settled = threading.Lock()
            settled.acquire()
            self.call_when_settled(settled.release)
            try:
                settled.acquire(timeout=seconds)
            finally:
                self.forget(settled.release)
        return bool(self._result)
