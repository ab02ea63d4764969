"""
The freshness of a token, which decides when it is renewed and when it is no longer used.

       received      opens      closes       stale   ends
          ├────────────┼──────────┼────────────┼──────┤
               fresh   │  ageing from somewhere │ stale
                       │  in here, by spread    │
"""

from typing import Final, Literal, TypeAlias, final

import attrs

from oauth_cc.dialect import MAX_LIFETIME
from oauth_cc.errors import InvalidInput
from oauth_cc.token import Token

Freshness: TypeAlias = Literal["fresh", "ageing", "stale"]
"""``fresh``: use the token. ``ageing``: use it and renew it. ``stale``: do not use it."""

# A token must not expire on its way to the API, and two clocks always differ a little.
_LEEWAY: Final = 5.0
_LEEWAY_SHARE: Final = 0.05
_SPACING: Final = 30.0
_SPACING_SHARE: Final = 0.05
# The clocks of machines that share a store may differ by this.
_CLOCK_TOLERANCE: Final = 300.0
_ROUNDING: Final = 1.0


@final
@attrs.frozen
class RenewalWindow:
    """
    The part of a token's lifetime in which its early renewal is due.

    Each token has its own random point in the window, so that processes that started together do not renew together.
    The wider the window, the flatter the load on the server.

    Args:
        opens: The beginning, as a share of the lifetime from 0 to 1.
        closes: The end, as a share of the lifetime from 0 to 1.

    Raises:
        InvalidInput: The shares do not satisfy 0 < opens <= closes <= 1.

    Example:
        >>> RenewalWindow(opens=0.8, closes=0.9)
        RenewalWindow(opens=0.8, closes=0.9)
    """

    opens: float = 0.45
    closes: float = 0.8

    def __attrs_post_init__(self) -> None:
        if not 0 < self.opens <= self.closes <= 1:
            reason = "renewal window must satisfy 0 < opens <= closes <= 1, as shares of the lifetime"
            raise InvalidInput("renewal window", reason)


DEFAULT_WINDOW: Final = RenewalWindow()
"""
From 45 to 80 percent of the lifetime. The load of many processes stays below twice its average, and a fifth of the
lifetime remains to bridge an outage of the server.
"""


def freshness(
    token: Token,
    now: float,
    attempted_at: float | None = None,
    *,
    spread: float = 0.5,
    renewal_window: RenewalWindow = DEFAULT_WINDOW,
) -> Freshness:
    """
    Return the freshness of a token.

    Args:
        token: The token.
        now: POSIX seconds.
        attempted_at: When a renewal last failed, in POSIX seconds, or None. For some seconds after it an ageing token
            counts as fresh, so that attempts are spaced.
        spread: A number from 0 up to 1, drawn once for each token, that places its renewal in the window.
        renewal_window: When early renewal is due.

    Example:
        >>> from oauth_cc import Secret
        >>> token = Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "Bearer", 1700000000.0, 1700003600.0)
        >>> [freshness(token, 1700000000.0 + passed) for passed in (2249, 2250, 3595)]
        ['fresh', 'ageing', 'stale']
        >>> freshness(token, 1700002260.0, attempted_at=1700002250.0)
        'fresh'
    """
    if now >= stale_from(token):
        return "stale"
    if now >= fresh_until(token, attempted_at, spread=spread, renewal_window=renewal_window):
        return "ageing"
    return "fresh"


def fresh_until(
    token: Token,
    attempted_at: float | None = None,
    *,
    spread: float = 0.5,
    renewal_window: RenewalWindow = DEFAULT_WINDOW,
) -> float:
    """
    Return the POSIX seconds until which a token is fresh: `freshness` as one number.

    Args:
        token: The token.
        attempted_at: When a renewal last failed, in POSIX seconds, or None.
        spread: A number from 0 up to 1 that places the renewal in the window.
        renewal_window: When early renewal is due.
    """
    lifetime = token.expires_at - token.received_at
    due = token.received_at + lifetime * (
        renewal_window.opens + spread * (renewal_window.closes - renewal_window.opens)
    )
    if attempted_at is not None:
        due = max(due, attempted_at + min(_SPACING, lifetime * _SPACING_SHARE))
    return min(due, stale_from(token))


def stale_from(token: Token) -> float:
    """
    Return the POSIX seconds from which *token* is stale: some seconds before it expires, fewer if it is short-lived.
    """
    return token.expires_at - min(_LEEWAY, max(0.0, token.expires_at - token.received_at) * _LEEWAY_SHARE)


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
    return token.received_at <= now + _CLOCK_TOLERANCE and lifetime <= MAX_LIFETIME + _ROUNDING
