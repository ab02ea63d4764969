"""
The constructors of the sources and auths of every HTTP library.
"""

from typing import Generic, Self, TypeVar

from oauth_cc._io.arguments import issuer_context, resource_context, source_context
from oauth_cc._io.context import SourceContext
from oauth_cc._io.options import DEFAULTS, Options
from oauth_cc._wire.typing import NonStringCollection
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.flows.metadata_cache import MetadataCache
from oauth_cc.issuer import GivenEndpoint
from oauth_cc.request import TokenRequest
from oauth_cc.stores._protocol import AsyncStore, Store
from oauth_cc.stores.cache import TokenCache

K = TypeVar("K")
"""The clients that a class accepts."""

S = TypeVar("S", bound=Store | AsyncStore)
"""The stores that a class accepts."""


class SourceConstructors(Generic[K, S]):
    """
    The constructors of a source.

    Args:
        request: The token request, or credentials for a request without scope.
        endpoint: The token endpoint, or an `Issuer` to discover it.
        client: The client that sends token requests. None for a default client.
        store: A cache shared by sources, or a store shared by processes. None for a new cache.
        options: Timeout, retries, renewal and events.
    """

    def __init__(
        self,
        request: TokenRequest | ClientCredentials,
        endpoint: GivenEndpoint,
        *,
        client: K | None = None,
        store: TokenCache | S | None = None,
        options: Options = DEFAULTS,
    ) -> None:
        self._start(source_context(request, endpoint, store, options), client, options)

    @classmethod
    def from_issuer(
        cls,
        issuer: GivenEndpoint,
        request: TokenRequest | ClientCredentials,
        *,
        client: K | None = None,
        store: TokenCache | S | None = None,
        cache: MetadataCache | None = None,
        options: Options = DEFAULTS,
    ) -> Self:
        """
        Return a source that discovers the token endpoint of *issuer* at the first token (RFC 8414).

        Args:
            issuer: The issuer identifier, a URL, an `Endpoint` or an `Issuer`.
            request: The token request, or credentials for a request without scope.
            client: The client that sends token and metadata requests. None for a default client.
            store: As for the constructor.
            cache: Metadata shared by sources. None for a new cache.
            options: Timeout, retries, renewal and events.
        """
        return cls.of_context(issuer_context(issuer, request, store, cache, options), client, options)

    @classmethod
    def from_resource(
        cls,
        url: str,
        request: TokenRequest | ClientCredentials,
        *,
        issuer: GivenEndpoint,
        client: K | None = None,
        store: TokenCache | S | None = None,
        cache: MetadataCache | None = None,
        options: Options = DEFAULTS,
    ) -> Self:
        """
        Return a source of tokens for the API at *url*, which is asked at the first token what it accepts (RFC 9728).

        The API must name *issuer* among its authorization servers. No other server that it names is contacted.

        Args:
            url: The resource identifier, the URL of the API.
            request: The token request, or credentials. Without a scope, the API chooses it, up to what the client may
                have: ``token_request(credentials, scope)`` pins it.
            issuer: The issuer that the credentials are for.
            client: The client that sends token and metadata requests. None for a default client.
            store: As for the constructor.
            cache: Metadata shared by sources. None for a new cache.
            options: Timeout, retries, renewal and events.
        """
        return cls.of_context(resource_context(url, request, issuer, store, cache, options), client, options)

    @classmethod
    def of_context(cls, context: SourceContext, client: K | None, options: Options) -> Self:
        """
        Return a source with the state *context*, as the other constructors make it.

        Args:
            context: The cache, the request and the endpoint.
            client: The client that sends token requests. None for a default client.
            options: Timeout, retries, renewal and events.
        """
        made = cls.__new__(cls)
        made._start(context, client, options)  # noqa: SLF001  # its own constructor
        return made

    def _start(self, context: SourceContext, client: K | None, options: Options) -> None:
        raise NotImplementedError


class AuthConstructors(Generic[K, S]):
    """
    The constructors of an auth.

    Args:
        request: The token request, or credentials for a request without scope.
        endpoint: The token endpoint, or an `Issuer` to discover it.
        client: The client that sends token requests. None for a default client.
        store: A cache shared by auths, or a store shared by processes. None for a new cache.
        origins: URLs of the origins that get the token. None for the request's resources or, without any, the origin of
            the first call.
        options: Timeout, retries, renewal and events.
    """

    def __init__(
        self,
        request: TokenRequest | ClientCredentials,
        endpoint: GivenEndpoint,
        *,
        client: K | None = None,
        store: TokenCache | S | None = None,
        origins: NonStringCollection[str] | None = None,
        options: Options = DEFAULTS,
    ) -> None:
        self._start(source_context(request, endpoint, store, options), client, origins, options)

    @classmethod
    def from_issuer(
        cls,
        issuer: GivenEndpoint,
        request: TokenRequest | ClientCredentials,
        *,
        client: K | None = None,
        store: TokenCache | S | None = None,
        origins: NonStringCollection[str] | None = None,
        cache: MetadataCache | None = None,
        options: Options = DEFAULTS,
    ) -> Self:
        """
        Return an auth that discovers the token endpoint of *issuer* at the first call (RFC 8414).

        Calls also raise `InvalidInput` if the server does not support *request*, and `InvalidResponse` if it has no
        metadata.

        Args:
            issuer: The issuer identifier, a URL, an `Endpoint` or an `Issuer`.
            request: The token request, or credentials for a request without scope.
            client: The client that sends token and metadata requests. None for a default client.
            store: As for the constructor.
            origins: As for the constructor.
            cache: Metadata shared by auths. None for a new cache.
            options: Timeout, retries, renewal and events.
        """
        context = issuer_context(issuer, request, store, cache, options)
        return cls._of(context, client, origins, options)

    @classmethod
    def from_resource(
        cls,
        url: str,
        request: TokenRequest | ClientCredentials,
        *,
        issuer: GivenEndpoint,
        client: K | None = None,
        store: TokenCache | S | None = None,
        origins: NonStringCollection[str] | None = None,
        cache: MetadataCache | None = None,
        options: Options = DEFAULTS,
    ) -> Self:
        """
        Return an auth for the API at *url*, which is asked at the first call what it accepts (RFC 9728).

        The API must name *issuer* among its authorization servers, or calls raise `IssuerNotNamed`. No other server
        that it names is contacted.

        Args:
            url: The resource identifier, the URL of the API.
            request: The token request, or credentials. Without a scope, the API chooses it, up to what the client may
                have: ``token_request(credentials, scope)`` pins it.
            issuer: The issuer that the credentials are for.
            client: The client that sends token and metadata requests. None for a default client.
            store: As for the constructor.
            origins: As for the constructor. The API's own by default.
            cache: Metadata shared by auths. None for a new cache.
            options: Timeout, retries, renewal and events.
        """
        context = resource_context(url, request, issuer, store, cache, options)
        return cls._of(context, client, origins, options)

    @classmethod
    def _of(
        cls,
        context: SourceContext,
        client: K | None,
        origins: NonStringCollection[str] | None,
        options: Options,
    ) -> Self:
        made = cls.__new__(cls)
        made._start(context, client, origins, options)  # noqa: SLF001  # its own constructor
        return made

    def _start(
        self,
        context: SourceContext,
        client: K | None,
        origins: NonStringCollection[str] | None,
        options: Options,
    ) -> None:
        raise NotImplementedError
