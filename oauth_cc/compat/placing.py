"""
Where a token may go, and where it stands in a request: header, query or body (RFC 6750 section 2).
"""

import os
import re
from collections.abc import Iterable, MutableMapping
from typing import Final, Literal, TypeAlias
from urllib.parse import urlparse, urlunparse

from oauth_cc.compat.body import append

__all__ = ["AUTH_HEADER", "BODY", "URI_QUERY", "TokenPlacement", "check_transport", "with_authorization", "with_query"]

TokenPlacement: TypeAlias = Literal["auth_header", "query", "body"]
"""Where a token stands in a request."""

AUTH_HEADER: Final = "auth_header"
URI_QUERY: Final = "query"
BODY: Final = "body"

_UNSENDABLE: Final = re.compile(r"[\x00-\x20\x7F-\x9F]")


def check_transport(url: str) -> None:
    """
    Sees to it that *url* is https, unless the environment has ``OAUTHLIB_INSECURE_TRANSPORT``, and is one URL.

    Raises InsecureTransportError, or ValueError if it holds a space or a control character.

        >>> check_transport("https://as.example/token")
    """
    # The everyday spelling is tried first: looking into the environment costs as much as all the rest.
    if not (isinstance(url, str) and url.startswith("https://")) and _is_insecure(url):
        # Imported here because it looks for oauthlib, which only errors need.
        from oauth_cc.compat.errors import InsecureTransportError

        raise InsecureTransportError
    if isinstance(url, str) and (" " in url or not url.isprintable()) and _UNSENDABLE.search(url):
        raise ValueError("the URL holds a space or a control character: percent-encode it (RFC 3986)")


def with_authorization(headers: MutableMapping[str, str] | None, value: str) -> MutableMapping[str, str]:
    """
    Gives *headers*, the same object unless there are none, with *value* as their only Authorization field.

        >>> with_authorization({"authorization": "Basic eDp5"}, "Bearer 2YotnFZFEjr1zCsicMWpAA")
        {'Authorization': 'Bearer 2YotnFZFEjr1zCsicMWpAA'}
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
    Gives *url* with *parameters* at the end of its query, or of its *fragment*, encoded anew.

        >>> with_query("https://api.example/things?page=2#top", [("access_token", "2YotnFZFEjr1zCsicMWpAA")])
        'https://api.example/things?page=2&access_token=2YotnFZFEjr1zCsicMWpAA#top'
    """
    parts = urlparse(url)
    if fragment:
        return urlunparse(parts._replace(fragment=append(parts.fragment, parameters)))
    return urlunparse(parts._replace(query=append(parts.query, parameters)))


def _is_insecure(url: str) -> bool:
    return not os.environ.get("OAUTHLIB_INSECURE_TRANSPORT") and not url.lower().startswith("https://")
