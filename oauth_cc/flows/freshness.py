"""
The freshness of a token, which decides when it is renewed and when it is no longer used.

       received      opens      closes       stale   ends
          ├────────────┼──────────┼────────────┼──────┤
               fresh   │   due from somewhere  │ stale
                       │   in here, by spread  │

A token that is due is used and renewed. A stale token is not used.
"""

from typing import Final, final

import attrs

from oauth_cc.dialect import MAX_LIFETIME
from oauth_cc.errors import InvalidInput
from oauth_cc.token import Token

# A token must not expire on its way to the API, and two clocks always differ a little.
_LEEWAY: Final = 5.0
_LEEWAY_SHARE: Final = 0.05
_SPACING: Final = 30.0
_SPACING_SHARE: Final = 0.05
# The clocks of machines that share a store may differ by this.
_CLOCK_TOLERANCE: Final = 300.0
_ROUNDING: Final = 1.0

SHORTEST_USE: Final = 1.0
"""Seconds for which every token is used, so that a lifetime of 0 does not cost one token request per call."""


@final
@attrs.frozen
class RenewalWindow:
    """
    The part of a token's lifetime in which its early renewal is due.

    Each token has its own random point in the window, so that processes that started together do not renew together.
    The first token of a process has a wider window, which spreads a fleet once and for all. A narrow and late window
    after it costs few token requests.

    Args:
        opens: The beginning, as a share of the lifetime from 0 to 1.
        closes: The end, as a share of the lifetime from 0 to 1.
        first_opens: The beginning for a first token, or *opens* if that is earlier.

    Raises:
        InvalidInput: The shares do not satisfy 0 < opens <= closes <= 1 and 0 < first_opens <= 1.

    Example:
        >>> RenewalWindow(opens=0.45, closes=0.8)
        RenewalWindow(opens=0.45, closes=0.8, first_opens=0.2)
    """

    opens: float = 0.8
    closes: float = 0.9
    first_opens: float = 0.2

    def __attrs_post_init__(self) -> None:
        numbers = {type(self.opens), type(self.closes), type(self.first_opens)} <= {int, float}
        if not numbers or not (0 < self.opens <= self.closes <= 1 and 0 < self.first_opens <= 1):
            reason = (
                "renewal window must satisfy 0 < opens <= closes <= 1 and 0 < first_opens <= 1, as shares of the "
                "lifetime; write 80 percent as 0.8"
            )
            raise InvalidInput("renewal window", reason)

    def share(self, spread: float, *, first: bool) -> float:
        """
        Return the share of its lifetime after which a token is renewed.

        Args:
            spread: A number from 0 up to 1 that places the renewal in the window.
            first: Whether the token does not replace another token of this process.

        Example:
            >>> RenewalWindow(opens=0.8, closes=0.9).share(0.0, first=True)
            0.2
        """
        opens = min(self.opens, self.first_opens) if first else self.opens
        return opens + spread * (self.closes - opens)


DEFAULT_WINDOW: Final = RenewalWindow()
"""
From 80 to 90 percent of the lifetime, and from 20 percent for a first token. It costs less than 20 percent more token
requests than one per lifetime. A tenth of the lifetime remains to bridge an outage of the server.
"""


def fresh_until(
    token: Token,
    attempted_at: float | None = None,
    *,
    spread: float = 0.5,
    first: bool = False,
    renewal_window: RenewalWindow = DEFAULT_WINDOW,
) -> float:
    """
    Return the POSIX seconds from which the renewal of a token is due.

    Args:
        token: The token.
        attempted_at: When a renewal last failed, in POSIX seconds, or None. The next is due some seconds after it.
        spread: A number from 0 up to 1, drawn once for each token, that places the renewal in the window.
        first: Whether the token does not replace another token of this process.
        renewal_window: When early renewal is due.

    Example:
        >>> from oauth_cc import Secret
        >>> token = Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "Bearer", 1700000000.0, 1700003600.0)
        >>> fresh_until(token), fresh_until(token, attempted_at=1700003060.0)
        (1700003060.0, 1700003090.0)
    """
    lifetime = token.expires_at - token.received_at
    due = token.received_at + lifetime * renewal_window.share(spread, first=first)
    if attempted_at is not None:
        spaced = attempted_at + min(_SPACING, lifetime * _SPACING_SHARE)
        due = max(due, spaced) if attempted_at >= fresh_from(token) else spaced
    return min(due, stale_from(token)) if lifetime > SHORTEST_USE else stale_from(token)


def fresh_from(token: Token) -> float:
    """
    Return the POSIX seconds from which *token* is fresh: five minutes before it was received, as clocks differ.

    An earlier time means that the clock was set back. How long the token can be used is then unknown.
    """
    return token.received_at - _CLOCK_TOLERANCE


def stale_from(token: Token) -> float:
    """
    Return the POSIX seconds from which *token* is stale: some seconds before it expires, fewer if it is short-lived.

    A token is used for a second at least, even if the server gave it a shorter lifetime.
    """
    leeway = min(_LEEWAY, max(0.0, token.expires_at - token.received_at) * _LEEWAY_SHARE)
    return max(token.expires_at - leeway, token.received_at + SHORTEST_USE)


def is_plausible(token: Token, now: float) -> bool:
    """
    Return whether a token from a store may be the response of a server: not from the future, and within the longest
    lifetime that a response can have.

    Args:
        token: The token.
        now: POSIX seconds. The token may be up to five minutes ahead, as clocks of machines differ.

    Example:
        >>> from oauth_cc import Secret
        >>> token = Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "Bearer", 1700000000.0, 1700003600.0)
        >>> is_plausible(token, 1700000000.0 - 300), is_plausible(token, 1700000000.0 - 301)
        (True, False)
    """
    lifetime = token.expires_at - token.received_at
    return now >= fresh_from(token) and lifetime <= MAX_LIFETIME + _ROUNDING
