"""
Which origins a token is put on calls to.
"""

from collections.abc import Iterable
from typing import final

from oauth_cc._wire.typing import NonStringCollection
from oauth_cc.endpoint import Origin, check_url, origin
from oauth_cc.errors import InvalidInput


@final
class Origins:
    """
    The origins that a token is meant for (RFC 6750 section 5.3).

    *origins*: URLs of them, or None for those of *resources*, the resources that the token is asked for; if that names
    none either, the origin of the first call is the only one from then on. Http goes to loopback, and to what *origins*
    names. Raises `InvalidInput` for what can be no such origin.

        >>> meant = Origins(["https://api.example"])
        >>> meant.admit(origin("https://api.example/things")), meant.admit(origin("https://evil.example/things"))
        (True, False)
    """

    def __init__(self, origins: NonStringCollection[str] | None, resources: NonStringCollection[str] = ()) -> None:
        if origins is not None and (isinstance(origins, str | bytes) or not isinstance(origins, Iterable)):
            raise InvalidInput("origins", "give several: a list of URLs, even if there is one")
        self._are_given = origins is not None
        # One entry at the most if the first call is to decide: setdefault settles it among threads.
        self._first: dict[None, Origin] = {}
        named = [uri for uri in resources if uri.lower().startswith(("https://", "http://"))]
        # An origin that the caller names may be http: the insecure choice stands at the call site.
        meant = [origin(url) for url in origins or ()] if self._are_given else [origin(check_url(uri)) for uri in named]
        self._named = frozenset(meant) if self._are_given or named else None
        if origins is not None and not self._named:
            raise InvalidInput("origins", "give at least one URL, or None for the origin of the first call")

    def admit(self, called: Origin) -> bool:
        """
        Whether a token may go to the origin that is *called*.

        Raises `InsecureEndpoint` if the first call is to decide and goes over http.
        """
        if self._named is not None:
            return called in self._named
        if not self._first:
            check_url(f"{called}/")
        return self._first.setdefault(None, called) == called

    def of_resource(self, uri: str) -> "Origins":
        """Gives the origins for a token of the resource *uri*: these if they were given, else that resource's."""
        return self if self._are_given else Origins(None, (uri,))
