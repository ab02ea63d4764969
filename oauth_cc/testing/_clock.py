"""
A clock that a test moves.
"""

from collections.abc import Callable
from typing import final


@final
class TokenClock:
    """
    A clock that runs on from another clock, and that a test moves.

    Args:
        now: Returns the time of the other clock, in POSIX seconds.

    Example:
        >>> clock = TokenClock(lambda: 1700000000.0)
        >>> clock.advance(60.0)
        >>> clock.now()
        1700000060.0
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._ahead = 0.0

    def now(self) -> float:
        """Return the time, in POSIX seconds."""
        return self._now() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move the clock by *seconds*, backwards if they are negative."""
        self._ahead += seconds
