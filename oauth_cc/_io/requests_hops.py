"""
The hops of one call on requests, which follows redirects by itself.
"""

from collections.abc import Callable
from functools import partial
from typing import final
from urllib.parse import urljoin, urlsplit

import requests
from requests.sessions import SessionRedirectMixin
from requests.structures import CaseInsensitiveDict
from requests.utils import requote_uri
from urllib3.util.url import parse_url

from oauth_cc._wire.url import DEFAULT_PORTS
from oauth_cc.endpoint import Origin


def origin_of(request: requests.PreparedRequest) -> Origin:
    """Return the origin that *request* is sent to."""
    return origin_of_url(request.url or "")


def origin_of_url(url: str) -> Origin:
    """
    Return the origin of a prepared *url*, parsed as urllib3 parses it, which opens the connection.

        >>> str(origin_of_url("https://API.example/things"))
        'https://api.example:443'

    Raises:
        InvalidInput: *url* is not an http or https URL.
    """
    parts = parse_url(url)
    scheme = parts.scheme or ""
    return Origin(scheme, (parts.host or "").lower(), parts.port or DEFAULT_PORTS.get(scheme, 0))


def shown_host(request: requests.PreparedRequest) -> str:
    """Return scheme and host of *request*, for the log."""
    parts = parse_url(request.url or "")
    return f"{parts.scheme}://{parts.host}"


def target_of_url(url: str) -> str:
    """
    Return the path and the query of a prepared *url*, as urllib3 sends them.

        >>> target_of_url("https://api.example/a?b#c")
        '/a?b'
    """
    return parse_url(url).request_uri


def next_method(response: requests.Response) -> str:
    """Return the method of the request that *response* redirects to."""
    hop = requests.PreparedRequest()
    hop.method = response.request.method
    SessionRedirectMixin().rebuild_method(hop, response)
    return hop.method or ""


def next_url(response: requests.Response) -> str | None:
    """Return the URL to which *response* redirects, or None if requests follows no such redirect."""
    # Composed in the steps of requests, because its result can differ from a plain join: it quotes a backslash.
    try:
        location = SessionRedirectMixin().get_redirect_target(response) or ""
        if location.startswith("//"):
            location = f"{urlsplit(response.url).scheme}:{location}"
        parts = urlsplit(location)
        quoted = requote_uri(parts.geturl())
        url = quoted if parts.netloc else urljoin(response.url, quoted)
        origin_of_url(url)
    except ValueError:
        # requests raises an error of its own for this URL.
        return None
    return url


def carry(request: requests.PreparedRequest, admit: Callable[[Origin], bool]) -> None:
    """
    Keep Authorization on the next hop of *request* if it goes to an origin of the token's.

    requests makes the next hop from a copy of *request*, and removes the field there between two hosts.

    Args:
        request: The request whose response is a redirect.
        admit: Returns whether an origin may get the token.
    """
    vars(request)["copy"] = partial(_copy, request, admit)


def arrived(request: requests.PreparedRequest) -> None:
    """Restore the headers and the `copy` method of *request* after it was sent."""
    vars(request).pop("copy", None)
    if isinstance(request.headers, _KeptHeaders):
        request.headers = CaseInsensitiveDict(request.headers)


def _copy(request: requests.PreparedRequest, admit: Callable[[Origin], bool]) -> requests.PreparedRequest:
    # requests copies a hop twice.
    hop = requests.PreparedRequest.copy(request)
    hop.headers = _KeptHeaders(hop, admit)
    return hop


@final
class _KeptHeaders(CaseInsensitiveDict[str | bytes]):
    """The headers of *hop*. Authorization stays if the hop, whose URL is set by then, goes to an admitted origin."""

    def __init__(self, hop: requests.PreparedRequest, admit: Callable[[Origin], bool]) -> None:
        super().__init__(hop.headers)
        self._hop = hop
        self._admit = admit

    def __setitem__(self, key: str, value: str | bytes) -> None:
        # A .netrc entry does not replace the token.
        if not self._keeps(key):
            super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        if not self._keeps(key):
            super().__delitem__(key)

    def _keeps(self, key: str) -> bool:
        # Not before it is complete.
        hop = vars(self).get("_hop")
        return hop is not None and key.lower() == "authorization" and key in self and self._admit(origin_of(hop))
