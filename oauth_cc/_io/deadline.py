"""
The deadline of one attempt in threads.

The timeout of a socket limits one read only. A server that sends a byte now and then can hold a reader for hours. So
the attempt runs on a thread of its own, and its caller stops waiting at the deadline.
"""

import os
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Final, Generic, TypeVar, final

import attrs

from oauth_cc._io.log import LOGGER
from oauth_cc.stores._threads import begin

T = TypeVar("T")


# Seconds. The timeouts of the socket come first, because they end most attempts without an abandoned thread.
_GRACE: Final = 0.25
_HANGS: Final = (
    "a token request through a client of %s has not ended after %g seconds; its thread ends with its connection"
)
_LOOKS_UP: Final = (
    "a token request by %s has not ended after %g seconds, although its connection was ended; its thread ends with the"
    " look-up of the host, and no other request is sent until then"
)


@final
class DeadlineExceeded(Exception):
    """
    An attempt that has not ended at its deadline. Each shell raises the timeout error of its library with this text.
    """


@final
@attrs.frozen(eq=False)
class _Left(Generic[T]):
    """
    An abandoned attempt.

    Args:
        outcome: Its outcome.
        at: When it was abandoned, in seconds of the monotonic clock.
        is_cut: Whether its connection was ended. A look-up of the host goes on.
        process: The process that has its thread. A forked child does not have it.
    """

    outcome: Future[T]
    at: float
    is_cut: bool
    process: int = attrs.field(factory=os.getpid)

    def is_alive(self) -> bool:
        """Return whether its thread goes on. A thread whose connection was ended gets a moment to end."""
        if self.process != os.getpid():
            return False
        if self.is_cut:
            with suppress(TimeoutError):
                self.outcome.exception(_GRACE)
        return not self.outcome.done()


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
        self._left: _Left[T] | None = None
        self._is_logged = False

    def perform(self, attempt: Callable[[], T], cut: Callable[[], object] | None = None) -> T:
        """
        Return the result of *attempt*, or raise its error.

        Args:
            attempt: Sends a request and reads the response. It runs on a thread of its own.
            cut: Ends the connection of *attempt*, and its thread with it, unless that looks up the host. None if the
                connection belongs to the user's client: the thread then runs until the connection ends.

        Raises:
            DeadlineExceeded: *attempt* has not ended at the deadline, or an abandoned attempt is still running.
        """
        left = self._left
        if left is not None and time.monotonic() < left.at + self.pause and left.is_alive():
            if left.is_cut:
                self._log(_LOOKS_UP)
                raise DeadlineExceeded("an earlier request still hangs, perhaps in the look-up of the host")
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
        self._left = _Left(outcome, time.monotonic(), is_cut=cut is not None)
        if cut is None:
            self._log(_HANGS)
        else:
            cut()

    def _log(self, text: str) -> None:
        if not self._is_logged:
            self._is_logged = True
            LOGGER.warning(text, self.name, self.seconds)
