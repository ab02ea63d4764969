"""
The places of a token in a request: header, query or body (RFC 6750 section 2).
"""

from collections.abc import Iterable, MutableMapping
from typing import Final, Literal, TypeAlias
from urllib.parse import urlparse, urlunparse

from oauth_cc.compat._body import append

TokenPlacement: TypeAlias = Literal["auth_header", "query", "body"]
"""The place of a token in a request."""

AUTH_HEADER: Final = "auth_header"
URI_QUERY: Final = "query"
BODY: Final = "body"


def with_authorization(headers: MutableMapping[str, str] | None, value: str) -> MutableMapping[str, str]:
    """
    Return *headers*, changed in place unless empty, with one Authorization header.

        >>> with_authorization({"authorization": "Basic eDp5"}, "Bearer 2YotnFZFEjr1zCsicMWpAA")
        {'Authorization': 'Bearer 2YotnFZFEjr1zCsicMWpAA'}

    Args:
        headers: The headers of a call, or None.
        value: The value of the Authorization header. It replaces every other one.
    """
    if not headers:
        return {"Authorization": value}
    headers["Authorization"] = value
    for name in [name for name in headers if len(name) == 13 and name != "Authorization"]:
        if name.lower() == "authorization":
            del headers[name]
    return headers


def with_query(url: str, parameters: Iterable[tuple[str, object]], *, fragment: bool = False) -> str:
    """
    Return *url* with *parameters* appended to its query, all of it encoded anew.

    Args:
        url: The URL.
        parameters: Names and values.
        fragment: Whether to append to the fragment instead.

    Example:
        >>> with_query("https://api.example/things?page=2#top", [("access_token", "2YotnFZFEjr1zCsicMWpAA")])
        'https://api.example/things?page=2&access_token=2YotnFZFEjr1zCsicMWpAA#top'
    """
    parts = urlparse(url)
    if fragment:
        return urlunparse(parts._replace(fragment=append(parts.fragment, parameters)))
    return urlunparse(parts._replace(query=append(parts.query, parameters)))
