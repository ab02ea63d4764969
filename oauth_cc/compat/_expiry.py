"""
The expiry of a token, computed as oauthlib does.
"""

import time
from collections.abc import Mapping
from typing import TypeAlias

Expiry: TypeAlias = tuple[int | None, float | str | None, float | None]
"""
The expiry of a token: ``expires_in`` and ``expires_at`` as shown, then the POSIX seconds to compare with the clock.

The last element is never 0.
"""


def read_expiry(members: Mapping[str, object]) -> Expiry | str:
    """
    Return the expiry named by the *members* of a token, or the fault as a str.

    ``expires_at``, which RFC 6749 does not define, overrides ``expires_in``, as in oauthlib. A token with a lifetime of
    0 expires in the second it was received; in oauthlib it never expires.

        >>> read_expiry({"expires_at": 1700003600, "expires_in": "3600"})
        (3600, 1700003600, 1700003600)
    """
    lifetime: int | None = None
    if "expires_in" in members:
        given = members.get("expires_in")
        read = given if isinstance(given, int) else _lifetime(given)
        if isinstance(read, str):
            return read
        lifetime = read
    at, ends_at = _moment(members.get("expires_at")) if "expires_at" in members else (None, None)
    if lifetime and ends_at is None:
        ends_at = at = round(time.time()) + lifetime
    elif lifetime == 0 and not ends_at:
        ends_at = int(time.time())
    return lifetime, at, ends_at


def _lifetime(value: object) -> int | str | None:
    if value is None:
        return None
    try:
        if isinstance(value, str | float):
            return int(value)
    except (ValueError, OverflowError):
        pass
    return "expires_in must be an int"


def _moment(value: object) -> tuple[float | str | None, float | None]:
    # Written out, because each call would build the union again.
    if isinstance(value, int) or isinstance(value, float):  # noqa: SIM101  # a union costs time at each call
        return value, value
    if not isinstance(value, str):
        return None, None
    for number in (int, float):
        try:
            moment = number(value)
        except ValueError:
            continue
        return moment, moment
    return value, None
