"""
Hints from servers about the next DPoP proof and about their clocks (RFC 9449 sections 8, 9 and 11.1).
"""

from typing import Final, final

from oauth_cc.endpoint import Endpoint, Origin
from oauth_cc.http import HttpResponse, date

# In seconds: a difference of clocks that does not matter, and the largest one that is corrected.
_LAG: Final = 2.0
_WRONGEST_CLOCK: Final = 86400.0

# Metadata may name another token endpoint each time.
_MOST_PLACES: Final = 64


@final
class Hints:
    """
    The newest nonce of each server, and how far its clock is ahead.

    A place is a token endpoint or the origin of an API. The nonce of one place is not sent to another.
    Threads and event loops may share an instance.
    """

    def __init__(self) -> None:
        # Threads need no lock, because an entry is written and read as a whole.
        self._nonces: dict[Endpoint | Origin, str] = {}
        self._ahead: dict[Endpoint | Origin, float] = {}

    def nonce(self, place: Endpoint | Origin) -> str | None:
        """Return the newest nonce of *place*, or None."""
        return self._nonces.get(place)

    def ahead(self, place: Endpoint | Origin) -> float:
        """Return the seconds by which the clock of *place* is ahead, as far as it is known."""
        return self._ahead.get(place, 0.0)

    def keep_nonce(self, place: Endpoint | Origin, nonce: str) -> None:
        """
        Keep the nonce of a response of any status, in place of an older one (RFC 9449 section 8.2).

        Args:
            place: The token endpoint, or the origin of an API, that sent the nonce.
            nonce: The nonce.
        """
        self._nonces[place] = nonce
        for oldest in list(self._nonces)[:-_MOST_PLACES]:
            self._nonces.pop(oldest, None)

    def keep_clock(self, place: Endpoint | Origin, ahead: float) -> bool:
        """
        Keep how far the clock of a server is ahead, and return whether that differs from what was known.

        Args:
            place: The token endpoint, or the origin of an API.
            ahead: The seconds by which its clock is ahead of this machine's. Negative if it is behind.
        """
        differs = abs(ahead - self.ahead(place)) > _LAG
        self._ahead[place] = ahead
        return differs


def clock_ahead(response: HttpResponse, received_at: float, began: float) -> float:
    """
    Return the seconds by which the clock of a server is ahead, or 0 if the difference cannot invalidate a signed
    request.

    Args:
        response: The response, whose Date is read.
        received_at: When it was received, in POSIX seconds.
        began: When the request was made, in POSIX seconds.
    """
    shown = date(response, received_at)
    # What was signed in the same second is not from the future, and what is some seconds old has not expired.
    if shown is None or int(began) <= shown <= received_at + _LAG:
        return 0.0
    ahead = shown - received_at
    return ahead if abs(ahead) <= _WRONGEST_CLOCK else 0.0
