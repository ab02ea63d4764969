"""
How fresh a token is: the one place that decides when a token is renewed, and when it is no longer used.

       received      opens      closes       stale   ends
          ├────────────┼──────────┼────────────┼──────┤
               fresh   │  ageing from somewhere │ stale
                       │  in here, by spread    │
"""

from typing import Final, Literal, TypeAlias, final

import attrs

from oauth_cc.errors import InvalidInput
from oauth_cc.token import Token

Freshness: TypeAlias = Literal["fresh", "ageing", "stale"]
"""``fresh``: use it; ``ageing``: use it, and have it renewed; ``stale``: use it no longer."""

# On its way to the API a token must not end, and two clocks are never quite the same.
_LEEWAY: Final = 5.0
_LEEWAY_SHARE: Final = 0.05
_SPACING: Final = 30.0
_SPACING_SHARE: Final = 0.05


@final
@attrs.frozen
class RenewalWindow:
    """
    When early renewal falls due: at a point between two shares of a token's lifetime.

    *opens*, *closes*: shares from 0 to 1. Each token is given its own point, so that a fleet that started together
    does not renew together; the wider the window, the flatter the load on the server. As the shares are of the
    lifetime, short-lived tokens have small margins. Raises `InvalidInput` unless 0 < opens <= closes <= 1.

        >>> RenewalWindow(opens=0.8, closes=0.9)
        RenewalWindow(opens=0.8, closes=0.9)
    """

    opens: float = 0.45
    closes: float = 0.8

    def __attrs_post_init__(self) -> None:
        if not 0 < self.opens <= self.closes <= 1:
            raise InvalidInput("renewal window", "give shares of the lifetime with 0 < opens <= closes <= 1")


DEFAULT_WINDOW: Final = RenewalWindow()
"""
From less than half of the lifetime to four fifths of it: a fleet's load stays below twice its average, and a fifth of
the lifetime is left to bridge an outage of the server.
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
    Gives how fresh *token* is at *now*, POSIX seconds.

    *attempted_at*: when its renewal was last tried and failed, POSIX seconds, or None; for some seconds after it an
    ageing token counts as fresh again, so that failures are spaced. *spread*: a number from 0 up to 1, drawn once for
    each token, that places its renewal in *renewal_window*.

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
    Gives the POSIX seconds at which *token* ceases to be fresh: `freshness` as one number, with the same arguments.
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
    Gives the POSIX seconds from which on *token* is not used: some seconds before it ends, fewer if it is short-lived.
    """
    return token.expires_at - min(_LEEWAY, max(0.0, token.expires_at - token.received_at) * _LEEWAY_SHARE)
