"""
The pauses after an API rejects one token after another.

An API that rejects every token must not cause a token request for each call. A token that replaced a rejected token,
and is rejected too, is kept for a while, and calls carry it. A token may serve several APIs, so each API has its own
pause. All callers that do not name their API count as one API, None.
"""

from typing import Final, TypeAlias, final

import attrs

ACCEPTED_AFTER: Final = 60.0
"""Seconds after which a token that was not rejected counts as accepted. Its rejection is a first one."""

_FIRST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 60.0
# More than the APIs of one token.
_REMEMBERED: Final = 16


@final
@attrs.frozen
class Rejections:
    """
    The repeated rejections of one API.

    Args:
        api: The origin of the API. None for all that are not named.
        count: How many replacements in a row it rejected.
        since: The beginning of its current pause, in POSIX seconds.
        until: The end of that pause.
    """

    api: str | None
    count: int
    since: float
    until: float

    def pauses(self, now: float) -> bool:
        """Return whether *now*, POSIX seconds, is in the pause. A clock that was set back ends it."""
        return self.since <= now < self.until


Histories: TypeAlias = tuple[Rejections, ...]
"""The repeated rejections of each API that has some, the latest last."""


def rejections_of(histories: Histories, api: str | None) -> Rejections | None:
    """
    Return the repeated rejections of one API, or None.

    Args:
        histories: The histories of all APIs of a token.
        api: The origin of the API.
    """
    return next((each for each in histories if each.api == api), None)


def repeated(histories: Histories, api: str | None, now: float) -> Histories:
    """
    Return the histories after an API rejected a further replacement: its pause doubles.

    Args:
        histories: The histories before.
        api: The origin of the API.
        now: POSIX seconds.

    Example:
        >>> repeated(repeated((), "https://api.example", 100.0), "https://api.example", 200.0)
        (Rejections(api='https://api.example', count=2, since=200.0, until=210.0),)
    """
    before = rejections_of(histories, api)
    count = 0 if before is None else before.count
    pause = min(_FIRST_PAUSE * 2.0 ** min(count, 10), _LONGEST_PAUSE)
    return (*without(histories, api), Rejections(api, count + 1, now, now + pause))[-_REMEMBERED:]


def without(histories: Histories, api: str | None) -> Histories:
    """
    Return *histories* without those of an API that accepts tokens again.

    Args:
        histories: The histories of all APIs of a token.
        api: The origin of the API.
    """
    return tuple([each for each in histories if each.api != api])


def after_use(histories: Histories, api: str | None, seconds: float) -> Histories:
    """
    Return *histories* after an API accepted a token. Acceptance for a minute ends the API's series of rejections.

    Args:
        histories: The histories of all APIs of a token.
        api: The origin of the API.
        seconds: How long the API accepted the token.
    """
    return without(histories, api) if seconds > ACCEPTED_AFTER else histories
