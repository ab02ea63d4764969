"""
A cache of metadata, and the discovery of a source's token endpoint.
"""

from typing import TYPE_CHECKING, final

import attrs

from oauth_cc.endpoint import Endpoint, issuer_of
from oauth_cc.errors import InvalidInput, kind_fault, moment_fault
from oauth_cc.scope import Scope

if TYPE_CHECKING:
    # Loaded by discovery, which most programs do without.
    from oauth_cc.metadata import ResourceMetadata, ServerMetadata


@final
@attrs.frozen
class KnownResource:
    """
    What is known of a protected resource.

    Args:
        metadata: Its metadata (RFC 9728).
        scope: The scope that it required in a 401. Empty if it named none.
    """

    metadata: "ResourceMetadata"
    scope: Scope


@final
class MetadataCache:
    """
    Metadata by issuer and by resource, each cached for as long as its server allows (`metadata_lifetime`).

    Pass one cache to every ``from_issuer``, ``from_resource`` and ``fetch_metadata`` of a program. Threads and event
    loops may share it.
    """

    def __init__(self) -> None:
        # Threads need no lock, because an entry is written and read as a whole.
        self._found: dict[tuple[str, bool], tuple[ServerMetadata, float]] = {}
        self._resources: dict[str, tuple[KnownResource, float]] = {}

    def get(self, issuer: str | Endpoint, now: float) -> "ServerMetadata | None":
        """
        Return the metadata of *issuer*, or None if they are not cached or have expired.

        Args:
            issuer: The issuer identifier, a URL or an `Endpoint`.
            now: The current time in POSIX seconds.

        Raises:
            InvalidInput: An argument is of another type.
        """
        fault = moment_fault("now", now)
        if fault is not None:
            raise fault
        found = self._found.get(issuer_of(issuer))
        return found[0] if found is not None and now < found[1] else None

    def put(self, issuer: str | Endpoint, metadata: "ServerMetadata", expires_at: float) -> None:
        """
        Cache the metadata of *issuer*.

        Args:
            issuer: The issuer identifier, a URL or an `Endpoint`.
            metadata: Its metadata.
            expires_at: The time at which they expire, in POSIX seconds.

        Raises:
            InvalidInput: An argument is of another type.
        """
        from oauth_cc.metadata import ServerMetadata

        fault = moment_fault("expires_at", expires_at)
        if not isinstance(metadata, ServerMetadata):
            fault = kind_fault("metadata", metadata, "ServerMetadata", "parse_metadata() returns them")
        if fault is not None:
            raise fault
        self._found[issuer_of(issuer)] = metadata, expires_at

    def get_resource(self, resource: str, now: float) -> KnownResource | None:
        """
        Return the metadata of *resource*, or None if they are not cached or have expired.

        Args:
            resource: The resource identifier, a URL.
            now: The current time in POSIX seconds.
        """
        found = self._resources.get(resource)
        return found[0] if found is not None and now < found[1] else None

    def put_resource(self, known: KnownResource, expires_at: float) -> None:
        """
        Cache the metadata of a protected resource.

        Args:
            known: The metadata, and the scope that the resource required.
            expires_at: The time at which they expire, in POSIX seconds.
        """
        self._resources[known.metadata.resource] = known, expires_at

    def forget_resource(self, resource: str) -> None:
        """Drop the metadata of *resource*, which may have changed (RFC 9728 section 5.2)."""
        self._resources.pop(resource, None)


@final
@attrs.frozen
class Discovery:
    """
    How a source discovers the token endpoint.

    Args:
        cache: The cache of the metadata.
        by_resource: Whether the resource of the token request must name the issuer (RFC 9728).
    """

    cache: MetadataCache
    by_resource: bool = False


def check_cache(cache: object) -> None:
    """Raise `InvalidInput` unless *cache* is a `MetadataCache` or None."""
    if not isinstance(cache, MetadataCache | None):
        raise InvalidInput("cache", "cache must be a MetadataCache, one for the whole program, or None")
