"""
The deadline of one attempt in threads.

The timeout of a socket limits one read only. A server that sends a byte now and then can hold a reader for hours. So
the attempt runs on a thread of its own, and its caller stops waiting at the deadline.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, Generic, TypeVar, final

from oauth_cc._io.log import LOGGER
from oauth_cc.stores._threads import begin

T = TypeVar("T")


# Seconds. The timeouts of the socket come first, because they end most attempts without an abandoned thread.
_GRACE: Final = 0.25


@final
class DeadlineExceeded(Exception):
    """
    An attempt that has not ended at its deadline. Each shell raises the timeout error of its library with this text.
    """


@final
class Deadline(Generic[T]):
    """
    The deadline of the attempts of one source.

    Args:
        seconds: The seconds that one attempt may take. Its caller waits a quarter of a second longer at most.
        pause: Seconds without a further attempt while an abandoned attempt is still running.
        name: The HTTP library, for the log.
    """

    def __init__(self, seconds: float, pause: float, name: str) -> None:
        self.seconds = seconds
        self.pause = pause
        self.name = name
        self._left: Future[T] | None = None
        self._left_at = 0.0
        self._is_logged = False

    def perform(self, attempt: Callable[[], T], cut: Callable[[], object] | None = None) -> T:
        """
        Return the result of *attempt*, or raise its error.

        Args:
            attempt: Sends a request and reads the response. It runs on a thread of its own.
            cut: Ends the connection of *attempt*, and its thread with it. None if the connection belongs to the user's
                client: the thread then runs until the connection ends.

        Raises:
            DeadlineExceeded: *attempt* has not ended at the deadline, or an abandoned attempt is still running.
        """
        if self._is_held():
            raise DeadlineExceeded("an earlier request through this client still hangs")
        outcome = begin("attempt", attempt)
        if outcome is None:
            # At the shutdown of the interpreter only the socket's timeouts bound the attempt.
            return attempt()
        try:
            outcome.exception(self.seconds + min(self.seconds, _GRACE))
        except TimeoutError:
            # A result that arrives meanwhile may be what a cut connection left of a response.
            self._leave(outcome, cut)
            raise DeadlineExceeded(f"no complete response within {self.seconds:g} seconds") from None
        except BaseException:
            # A signal handler raised. Nobody reads this outcome.
            self._leave(outcome, cut)
            raise
        return outcome.result()

    def _leave(self, outcome: "Future[T]", cut: Callable[[], object] | None) -> None:
        if cut is not None:
            cut()
            return
        self._left, self._left_at = outcome, time.monotonic()
        if not self._is_logged:
            self._is_logged = True
            LOGGER.warning(
                "a token request through a client of %s has not ended after %g seconds; its thread ends with its"
                " connection",
                self.name,
                self.seconds,
            )

    def _is_held(self) -> bool:
        left = self._left
        return left is not None and not left.done() and time.monotonic() < self._left_at + self.pause
