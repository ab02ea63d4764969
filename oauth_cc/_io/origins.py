"""
The origins that may receive a token.
"""

from collections.abc import Iterable
from typing import final

from oauth_cc._wire.typing import NonStringCollection
from oauth_cc._wire.url import split_origin
from oauth_cc.endpoint import Origin, check_url, origin
from oauth_cc.errors import InsecureEndpoint, InvalidInput


@final
class Origins:
    """
    The origins that a token is meant for (RFC 6750 section 5.3).

    Plain http is accepted on loopback, and for an origin that the caller names.

    Args:
        origins: URLs of the origins. None stands for the origins of *resources*.
        resources: The resources of the token request (RFC 8707). If none is a URL, the first call sets the one origin.

    Raises:
        InvalidInput: A URL has no origin, or *origins* is not a list of URLs.

    Example:
        >>> meant = Origins(["https://api.example"])
        >>> meant.admit(origin("https://api.example/things")), meant.admit(origin("https://evil.example/things"))
        (True, False)
    """

    def __init__(self, origins: NonStringCollection[str] | None, resources: NonStringCollection[str] = ()) -> None:
        if origins is not None and (isinstance(origins, str | bytes) or not isinstance(origins, Iterable)):
            kind = type(origins).__name__
            raise InvalidInput("origins", f"origins must be a list of URLs, not {kind}; put a single URL into a list")
        self._are_given = origins is not None
        # Holds the origin of the first call. A dict, because setdefault is atomic.
        self._first: dict[None, Origin] = {}
        named = [uri for uri in resources if uri.lower().startswith(("https://", "http://"))]
        # An origin that the caller names may be http: an insecure choice is visible at the call site.
        meant = (
            [_origin(url) for url in origins or ()] if self._are_given else [origin(check_url(uri)) for uri in named]
        )
        self._named = frozenset(meant) if self._are_given or named else None
        if origins is not None and not self._named:
            reason = "origins must not be empty; pass at least one URL, or None to accept the origin of the first call"
            raise InvalidInput("origins", reason)

    @property
    def are_several(self) -> bool:
        """True if more than one origin may receive the token."""
        return self._named is not None and len(self._named) > 1

    def admit(self, called: Origin) -> bool:
        """
        Return whether a call to the origin *called* may carry the token.

        Raises:
            InsecureEndpoint: This is the first call, it sets the origin, and it uses plain http beyond loopback.
        """
        if self._named is not None:
            return called in self._named
        if not self._first and not called.is_secure:
            reason = f"API {called} must use https; to send it a token in plain text, name it in origins=[...]"
            raise InsecureEndpoint("origin", reason)
        return self._first.setdefault(None, called) == called

    def of_resource(self, uri: str) -> "Origins":
        """Return the origins for a token of the resource *uri*: the named origins, or else the resource's own."""
        return self if self._are_given else Origins(None, (uri,))


def _origin(url: str) -> Origin:
    found = split_origin(url)
    if isinstance(found, str):
        del url
        raise InvalidInput("origins", f"a URL in origins {found}")
    return Origin(*found)
