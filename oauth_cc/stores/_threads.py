"""
Short-lived daemon threads, on which the library does what a caller must be able to leave.
"""

import contextvars
import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final, TypeVar

T = TypeVar("T")

_STAYS: Final = contextvars.ContextVar("oauth_cc.stays_on_its_thread", default=False)


@contextmanager
def on_this_thread() -> Generator[None]:
    """Have the caller do all work itself, because it holds a lock that only its own thread can take again."""
    before = _STAYS.set(True)
    try:
        yield
    finally:
        _STAYS.reset(before)


def start(name: str, work: Callable[[], object]) -> bool:
    """
    Run *work* on a daemon thread of its own, with a copy of the caller's context variables.

    Args:
        name: What the thread does. Its name is this after "oauth_cc ".
        work: A function that handles its own errors.

    Returns:
        False if no thread can be started: at the limit of the machine, while the interpreter shuts down, or within
        `on_this_thread`. *work* has not been called then.
    """
    # Python 3.11 starts a thread during its shutdown, and waits forever for its first step.
    if _STAYS.get() or sys.is_finalizing():
        return False
    run = contextvars.copy_context().run
    try:
        threading.Thread(target=run, args=(work,), name=f"oauth_cc {name}", daemon=True).start()
    except RuntimeError:
        return False
    return True


def begin(name: str, work: Callable[[], T]) -> Future[T] | None:
    """
    Run *work* like `start`, and return its future result or error. None if no thread can be started.

    Args:
        name: What the thread does.
        work: Any function.
    """
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # raised where the result is read
            outcome.set_exception(error)

    return outcome if start(name, run) else None


def within(seconds: float, name: str, work: Callable[[], T]) -> T:
    """
    Return the result of *work*, or raise its error.

    Args:
        seconds: Seconds to wait for *work*. Afterwards it continues, and its result is dropped.
        name: What its thread does. Without a thread, the caller does the work itself, however long it takes.
        work: Any function.

    Raises:
        TimeoutError: *work* has not ended.
    """
    outcome = begin(name, work)
    return work() if outcome is None else outcome.result(seconds)
