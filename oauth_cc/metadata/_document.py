"""
Metadata documents: their members, and how long they may be cached.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from oauth_cc._wire.grammar import SCOPE_TOKEN
from oauth_cc._wire.json import is_array, parse_object
from oauth_cc.errors import InvalidResponse, UnexpectedRedirect
from oauth_cc.http import RETRYABLE, HttpResponse, check_response
from oauth_cc.refusal import shown_location

DEFAULT_METADATA_LIFETIME: Final = 3600.0
"""How long metadata is cached if the server does not say, in seconds."""

OK: Final = 200
"""The only status of a response with metadata."""

MAX_SHOWN: Final = 200
"""The maximum number of characters of a server's text in an error."""

_TOO_MANY_REQUESTS: Final = 429
_FIRST_SERVER_ERROR: Final = 500
_LEAST_LIFETIME: Final = 60.0
_GREATEST_LIFETIME: Final = 86400.0
# Limited to nine digits, so that no float is infinite.
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_MAX_AGE: Final = re.compile(r"""max-age=("?)([0-9]{1,9})\1""", re.IGNORECASE)


def members_of(response: HttpResponse, advice: str) -> Mapping[str, object]:
    """
    Return the members of the metadata in *response*.

    Args:
        response: The response.
        advice: What errors say to do.

    Raises:
        UnexpectedRedirect: The response is a redirect.
        InvalidResponse: The response is not a JSON object with status 200.
    """
    status = response.status
    if 300 <= status < 400:
        location = shown_location(response, ())
        target = "" if location is None else f" to {location}"
        raise UnexpectedRedirect(
            status, f"the metadata URL redirects{target}, and the redirect is not followed; {advice}", location
        )
    if status == _TOO_MANY_REQUESTS or status >= _FIRST_SERVER_ERROR:
        cause = "limits requests" if status == _TOO_MANY_REQUESTS else "is failing"
        reason = f"the server {cause}, so its metadata could not be read"
        raise InvalidResponse(status, reason, retryable=status in RETRYABLE)
    if status != OK:
        raise InvalidResponse(status, f"the response is not metadata; {advice}")
    members = parse_object(response.content)
    if isinstance(members, str):
        raise InvalidResponse(status, f"the response {members}, so it is not metadata; {advice}")
    return members


def texts(members: Mapping[str, object], name: str) -> tuple[str, ...] | None:
    """
    Return the texts of a member, or None if it is omitted, empty or not an array of strings (RFC 8414 section 3.2).

    Args:
        members: The members of the metadata.
        name: The name of the member.
    """
    value = members.get(name)
    if not is_array(value) or not value or not all([isinstance(item, str) for item in value]):
        return None
    # A value outside the grammar can neither be requested nor printed.
    return tuple([item for item in value if isinstance(item, str) and SCOPE_TOKEN.fullmatch(item)])


def listed(names: Sequence[str]) -> str:
    """
    Return the first of *names* as one text for an error.

        >>> listed(["a", "b"]), listed([])
        ('a, b', 'none')
    """
    text = ", ".join(names[:20]) or "none"
    return f"{text[:MAX_SHOWN]}…" if len(text) > MAX_SHOWN or len(names) > 20 else text


def metadata_lifetime(response: HttpResponse) -> float:
    """
    Return how long the metadata of *response* may be cached, in seconds.

    Computed from Cache-Control and Age (RFC 9111 section 4.2.1). At least a minute, so that servers are not polled, and
    at most a day.

        >>> metadata_lifetime(HttpResponse(200, {"Cache-Control": "public, max-age=600"}))
        600.0
    """
    check_response(response)
    directives = [part.strip(" \t") for value in response.header("Cache-Control") for part in value.split(",")]
    if {"no-store", "no-cache"} & {directive.lower() for directive in directives}:
        return _LEAST_LIFETIME
    ages = [found[2] for found in map(_MAX_AGE.fullmatch, directives) if found is not None]
    if not ages:
        return DEFAULT_METADATA_LIFETIME
    spent = [value for value in response.header("Age") if _SECONDS.fullmatch(value)]
    left = min(map(float, ages)) - (float(spent[0]) if spent else 0.0)
    return min(max(left, _LEAST_LIFETIME), _GREATEST_LIFETIME)
