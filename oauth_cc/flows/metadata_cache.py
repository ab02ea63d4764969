"""
A cache of authorization server metadata.
"""

from typing import TYPE_CHECKING, final

from oauth_cc.endpoint import Endpoint, issuer_of
from oauth_cc.errors import InvalidInput

if TYPE_CHECKING:
    # Loaded by discovery, which most programs do without.
    from oauth_cc.metadata import ServerMetadata


@final
class MetadataCache:
    """
    Metadata by issuer, each cached for as long as its server allows (`metadata_lifetime`).

    Pass one cache to every ``from_issuer`` and ``fetch_metadata`` of a program. Threads and event loops may share it.
    """

    def __init__(self) -> None:
        # Threads need no lock: an entry is put and got whole.
        self._found: dict[tuple[str, bool], tuple[ServerMetadata, float]] = {}

    def get(self, issuer: str | Endpoint, now: float) -> "ServerMetadata | None":
        """Return the metadata of *issuer* that have not expired at *now* (POSIX seconds), or None."""
        found = self._found.get(issuer_of(issuer))
        return found[0] if found is not None and now < found[1] else None

    def put(self, issuer: str | Endpoint, metadata: "ServerMetadata", expires_at: float) -> None:
        """Keep *metadata* of *issuer* until *expires_at* (POSIX seconds)."""
        self._found[issuer_of(issuer)] = metadata, expires_at


def check_cache(cache: object) -> None:
    """Raise `InvalidInput` unless *cache* is a `MetadataCache` or None."""
    if not isinstance(cache, MetadataCache | None):
        raise InvalidInput("cache", "cache must be a MetadataCache, one for the whole program, or None")
