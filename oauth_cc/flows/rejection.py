"""
The pauses after an API rejects one token after another.

An API that rejects every token, or a token now and then, must not cause a token request for each call. A token that
replaced a rejected token, and is rejected too within a minute, is kept for a while, and calls carry it. That the API
accepted it meanwhile does not matter, because one of its servers may be wrong. A token may serve several APIs, so each
API has its own pause. All callers that do not name their API count as one API, None.
"""

from typing import Final, TypeAlias, final

import attrs

# Seconds without a rejection after which the next one is a first one. A token request each time costs little.
_FORGOTTEN_AFTER: Final = 60.0
_FIRST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 60.0
# More than the APIs of one token.
_REMEMBERED: Final = 16


@final
@attrs.frozen
class Rejections:
    """
    The last rejections of one API.

    Args:
        api: The origin of the API. None for all that are not named.
        count: How many replacements in a row it rejected.
        since: When it last rejected a token outside a pause, in POSIX seconds.
        until: The end of the pause that began then, or the same as *since*.
        replaced: Whether that token was dropped. The rejection of its replacement is a repeated one.
    """

    api: str | None
    count: int
    since: float
    until: float
    replaced: bool = False

    def pauses(self, now: float) -> bool:
        """Return whether *now*, POSIX seconds, is in the pause. A clock that was set back ends it."""
        return self.since <= now < self.until

    def lasts(self, now: float) -> bool:
        """Return whether a rejection at *now*, POSIX seconds, belongs to this series: within a minute of the pause."""
        return self.since <= now <= self.until + _FORGOTTEN_AFTER


Histories: TypeAlias = tuple[Rejections, ...]
"""The last rejections of each API that has some, the latest last."""


def rejections_of(histories: Histories, api: str | None) -> Rejections | None:
    """
    Return the last rejections of one API, or None.

    Args:
        histories: The histories of all APIs of a token.
        api: The origin of the API.
    """
    return next((each for each in histories if each.api == api), None)


def replaced(histories: Histories, api: str | None, now: float) -> Histories:
    """
    Return the histories after an API rejected a token, which is replaced.

    Args:
        histories: The histories before.
        api: The origin of the API.
        now: POSIX seconds.

    Example:
        >>> replaced((), "https://api.example", 100.0)
        (Rejections(api='https://api.example', count=0, since=100.0, until=100.0, replaced=True),)
    """
    return _with(histories, Rejections(api, _count(histories, api, now), now, now, replaced=True))


def repeated(histories: Histories, api: str | None, now: float) -> Histories:
    """
    Return the histories after an API rejected a replacement, which is kept: its pause doubles.

    Args:
        histories: The histories before.
        api: The origin of the API.
        now: POSIX seconds.

    Example:
        >>> repeated(repeated((), "https://api.example", 100.0), "https://api.example", 120.0)
        (Rejections(api='https://api.example', count=2, since=120.0, until=130.0, replaced=False),)
    """
    count = _count(histories, api, now)
    pause = min(_FIRST_PAUSE * 2.0 ** min(count, 10), _LONGEST_PAUSE)
    return _with(histories, Rejections(api, count + 1, now, now + pause))


def _count(histories: Histories, api: str | None, now: float) -> int:
    before = rejections_of(histories, api)
    return before.count if before is not None and before.lasts(now) else 0


def _with(histories: Histories, new: Rejections) -> Histories:
    return (*[each for each in histories if each.api != new.api], new)[-_REMEMBERED:]
