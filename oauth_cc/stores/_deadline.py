"""
The deadline of one command of a store, in threads.
"""

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, command: Callable[[], T]) -> T:
    """
    Return the result of *command*, or raise its error.

    Args:
        seconds: Seconds to wait for *command*. Afterwards it continues, and its result is dropped.
        command: The command. It runs on a daemon thread, with a copy of the caller's context variables.

    Raises:
        TimeoutError: *command* has not ended.
    """
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(command())
        except BaseException as error:  # the caller raises it
            outcome.set_exception(error)

    run_in_context = contextvars.copy_context().run
    try:
        threading.Thread(target=run_in_context, args=(run,), name="oauth_cc store", daemon=True).start()
    except RuntimeError:
        # At the shutdown of the interpreter no thread can be started.
        return command()
    return outcome.result(seconds)
