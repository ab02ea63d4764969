"""
The constructors of the sources and auths of every HTTP library.
"""

# As `help` shows annotations the way they are written here.
from __future__ import annotations

from typing import Self, TypeVar

from oauth_cc._io.arguments import issuer_context, resource_context, source_context
from oauth_cc._io.context import SourceContext
from oauth_cc._io.options import DEFAULTS, Options
from oauth_cc._wire.typing import Generic, NonStringCollection
from oauth_cc.flows.metadata_cache import MetadataCache
from oauth_cc.issuer import GivenEndpoint
from oauth_cc.request import GivenRequest
from oauth_cc.stores._protocol import AsyncStore, Store
from oauth_cc.stores.cache import TokenCache

AnyClient = TypeVar("AnyClient")
"""The clients that a class accepts."""

AnyStore = TypeVar("AnyStore", bound=Store | AsyncStore)
"""The stores that a class accepts."""


class SourceConstructors(Generic[AnyClient, AnyStore]):
    """The constructors of a source. `__init__` explains its arguments."""

    def __init__(
        self,
        request: GivenRequest,
        endpoint: GivenEndpoint,
        *,
        client: AnyClient | None = None,
        store: TokenCache | AnyStore | None = None,
        options: Options = DEFAULTS,
    ) -> None:
        """
        Make a source, which requests nothing before the first token.

        Args:
            request: The token request, or credentials for a request without scope.
            endpoint: The token endpoint, a URL or an `Endpoint`, or an `Issuer` whose metadata names it.
            client: The client or session that sends the token requests. None for a default one.
            store: A `TokenCache` shared by sources, or a store shared by processes. None for a new cache.
            options: Timeout, retries, renewal and events.
        """
        self._start(source_context(request, endpoint, store, options), client)

    @classmethod
    def from_issuer(
        cls,
        issuer: GivenEndpoint,
        request: GivenRequest,
        *,
        client: AnyClient | None = None,
        store: TokenCache | AnyStore | None = None,
        cache: MetadataCache | None = None,
        options: Options = DEFAULTS,
    ) -> Self:
        """
        Return a source that discovers the token endpoint of *issuer*, a URL, at the first token (RFC 8414).

        *cache* holds the metadata for several sources. `__init__` explains the arguments that both have.
        """
        return cls.of_context(issuer_context(issuer, request, store, cache, options), client)

    @classmethod
    def from_resource(
        cls,
        url: str,
        request: GivenRequest,
        *,
        issuer: GivenEndpoint,
        client: AnyClient | None = None,
        store: TokenCache | AnyStore | None = None,
        cache: MetadataCache | None = None,
        options: Options = DEFAULTS,
    ) -> Self:
        """
        Return a source of tokens for the API at *url*, whose metadata is fetched at the first token (RFC 9728).

        The API must name *issuer* among its authorization servers. No other server that it names is contacted. Without
        a scope in *request*, the API chooses it, up to what the client may have: ``token_request(credentials, scope)``
        pins it. `from_issuer` explains the arguments that both have.
        """
        return cls.of_context(resource_context(url, request, issuer, store, cache, options), client)

    @classmethod
    def of_context(cls, context: SourceContext, client: AnyClient | None) -> Self:
        """
        Return a source with the state *context*, as the other constructors make it.

        Args:
            context: The cache, the request and the endpoint.
            client: As for `__init__`.
        """
        made = cls.__new__(cls)
        made._start(context, client)  # noqa: SLF001  # its own constructor
        return made

    def _start(self, context: SourceContext, client: AnyClient | None) -> None:
        raise NotImplementedError


class AuthConstructors(Generic[AnyClient, AnyStore]):
    """The constructors of an auth. `__init__` explains its arguments."""

    def __init__(
        self,
        request: GivenRequest,
        endpoint: GivenEndpoint,
        *,
        client: AnyClient | None = None,
        store: TokenCache | AnyStore | None = None,
        origins: NonStringCollection[str] | None = None,
        options: Options = DEFAULTS,
    ) -> None:
        """
        Make an auth, which requests nothing before the first call.

        Args:
            request: The token request, or credentials for a request without scope.
            endpoint: The token endpoint, a URL or an `Endpoint`, or an `Issuer` whose metadata names it.
            client: The client or session that sends the token requests. None for a default one.
            store: A `TokenCache` shared by auths, or a store shared by processes. None for a new cache.
            origins: URLs of the origins that receive the token. None stands for the origins of the request's
                resources, or without resources for the origin of the first call.
            options: Timeout, retries, renewal and events.
        """
        self._start(source_context(request, endpoint, store, options), client, origins)

    @classmethod
    def from_issuer(
        cls,
        issuer: GivenEndpoint,
        request: GivenRequest,
        *,
        client: AnyClient | None = None,
        store: TokenCache | AnyStore | None = None,
        origins: NonStringCollection[str] | None = None,
        cache: MetadataCache | None = None,
        options: Options = DEFAULTS,
    ) -> Self:
        """
        Return an auth that discovers the token endpoint of *issuer*, a URL, at the first call (RFC 8414).

        Calls also raise `InvalidInput` if the server does not support *request*, and `InvalidResponse` if it has no
        metadata. *cache* holds the metadata for several auths. `__init__` explains the arguments that both have.
        """
        return cls._of(issuer_context(issuer, request, store, cache, options), client, origins)

    @classmethod
    def from_resource(
        cls,
        url: str,
        request: GivenRequest,
        *,
        issuer: GivenEndpoint,
        client: AnyClient | None = None,
        store: TokenCache | AnyStore | None = None,
        origins: NonStringCollection[str] | None = None,
        cache: MetadataCache | None = None,
        options: Options = DEFAULTS,
    ) -> Self:
        """
        Return an auth for the API at *url*, whose metadata is fetched at the first call (RFC 9728).

        The API must name *issuer* among its authorization servers, or calls raise `IssuerNotNamed`. No other server
        that it names is contacted. Without a scope in *request*, the API chooses it, up to what the client may have:
        ``token_request(credentials, scope)`` pins it. The token goes to the API's own origin by default. `from_issuer`
        explains the arguments that both have.
        """
        return cls._of(resource_context(url, request, issuer, store, cache, options), client, origins)

    @classmethod
    def _of(cls, context: SourceContext, client: AnyClient | None, origins: NonStringCollection[str] | None) -> Self:
        made = cls.__new__(cls)
        made._start(context, client, origins)  # noqa: SLF001  # its own constructor
        return made

    def _start(
        self, context: SourceContext, client: AnyClient | None, origins: NonStringCollection[str] | None
    ) -> None:
        raise NotImplementedError
