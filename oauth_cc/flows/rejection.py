"""
The pauses after an API rejected one token after the other.

An API that rejects every token must not cost one token request a call. A token that replaced a rejected one and is
rejected too is kept for a while, and calls go out with it.
"""

import math
from typing import Final, final

import attrs

_FIRST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 60.0


@final
@attrs.frozen
class Rejections:
    """
    The repeated rejections of the tokens of one source.

    Args:
        count: How many replacements in a row were rejected.
        since: The beginning of the current pause, in POSIX seconds.
        until: Its end.
    """

    count: int = 0
    since: float = -math.inf
    until: float = -math.inf

    def pauses(self, now: float) -> bool:
        """Return whether *now*, POSIX seconds, is in the pause. A clock that was set back ends it."""
        return self.since <= now < self.until

    def repeated(self, now: float) -> "Rejections":
        """
        Return the rejections after a further replacement was rejected at *now*, POSIX seconds: the pause doubles.

        Example:
            >>> Rejections().repeated(100.0).repeated(200.0)
            Rejections(count=2, since=200.0, until=210.0)
        """
        pause = min(_FIRST_PAUSE * 2.0 ** min(self.count, 10), _LONGEST_PAUSE)
        return Rejections(self.count + 1, now, now + pause)

    def after(self, seconds: float) -> "Rejections":
        """Return the rejections after a token was accepted for some *seconds*: none, if it was for a minute."""
        return NONE if seconds > _LONGEST_PAUSE else self


NONE: Final = Rejections()
"""No rejections."""
