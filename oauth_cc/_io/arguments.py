"""
The arguments of the shells, checked, as the context of a source or the flow of one request.
"""

from typing import TYPE_CHECKING, Final

from oauth_cc._io.context import SourceContext
from oauth_cc._io.log import warn_of_plain_http
from oauth_cc._io.options import Options, check_options
from oauth_cc.endpoint import Endpoint
from oauth_cc.errors import InvalidInput
from oauth_cc.flows.effects import Flow
from oauth_cc.flows.exchange import exchange
from oauth_cc.flows.metadata_cache import Discovery, MetadataCache, check_cache
from oauth_cc.flows.renewal import terms
from oauth_cc.issuer import GivenEndpoint, Issuer
from oauth_cc.request import GivenRequest, TokenRequest, as_request
from oauth_cc.stores._protocol import AsyncStore, Store
from oauth_cc.stores.cache import TokenCache
from oauth_cc.token import Token

if TYPE_CHECKING:
    # Loaded by the flow that needs it.
    from oauth_cc.metadata import ServerMetadata

_LIBRARIES: Final = ("httpx2", "httpx", "requests", "aiohttp")


def source_context(
    request: GivenRequest,
    endpoint: GivenEndpoint,
    store: TokenCache | Store | AsyncStore | None,
    options: Options,
    discovery: Discovery | None = None,
) -> SourceContext:
    """
    Return the context of a source.

    Args:
        request: The token request, or credentials for a request without scope.
        endpoint: The token endpoint or an `Issuer`; the issuer if *discovery* is given.
        store: A cache shared by sources, or a store shared by processes. None for a new cache.
        options: Timeout, retries, renewal and events.
        discovery: How the token endpoint is discovered. None if *endpoint* is the token endpoint or an `Issuer`.

    Raises:
        InvalidInput: The request cannot be sent, or *store* or *options* has the wrong type.
    """
    check_options(options)
    if isinstance(endpoint, Issuer):
        endpoint, discovery = endpoint.endpoint, _discovery(None) if discovery is None else discovery
    cache = store if isinstance(store, TokenCache) else TokenCache(store)
    agreed = terms(
        request,
        endpoint,
        shared=cache.store is not None,
        retries=options.retries,
        renewal_window=options.renewal_window,
        wait_timeout=options.wait_timeout,
        discovery=discovery,
    )
    if agreed.endpoint.allow_http:
        warn_of_plain_http(agreed.client_id, agreed.endpoint)
    return SourceContext(cache, agreed, options)


def issuer_context(
    issuer: GivenEndpoint,
    request: GivenRequest,
    store: TokenCache | Store | AsyncStore | None,
    cache: MetadataCache | None,
    options: Options,
) -> SourceContext:
    """
    Return the context of a source that discovers the token endpoint of *issuer* at the first request.

    Args:
        issuer: The issuer identifier, a URL, an `Endpoint` or an `Issuer`.
        request: The token request, or credentials for a request without scope.
        store: A cache shared by sources, or a store shared by processes. None for a new cache.
        cache: Metadata shared by sources. None for a new cache.
        options: Timeout, retries, renewal and events.

    Raises:
        InvalidInput: The request cannot be sent, or *store*, *cache* or *options* has the wrong type.
    """
    return source_context(request, issuer, store, options, _discovery(cache))


def resource_context(
    url: str,
    request: GivenRequest,
    issuer: GivenEndpoint,
    store: TokenCache | Store | AsyncStore | None,
    cache: MetadataCache | None,
    options: Options,
) -> SourceContext:
    """
    Return the context of a source that discovers what *url*, a protected resource, accepts at the first request.

    Args:
        url: The resource identifier.
        request: The token request, or credentials for a request with the scope that the resource names.
        issuer: The issuer identifier, which the resource must name.
        store: A cache shared by sources, or a store shared by processes. None for a new cache.
        cache: Metadata shared by sources. None for a new cache.
        options: Timeout, retries, renewal and events.

    Raises:
        InvalidInput: The request cannot be sent or names another resource, or an argument has the wrong type.
    """
    asked = as_request(request)
    named = asked if asked.resources == (url,) else asked.with_resource(url)
    return source_context(named, issuer, store, options, _discovery(cache, by_resource=True))


def _discovery(cache: MetadataCache | None, *, by_resource: bool = False) -> Discovery:
    check_cache(cache)
    return Discovery(MetadataCache() if cache is None else cache, by_resource)


def token_flow(request: GivenRequest, endpoint: GivenEndpoint, client: object, options: Options) -> Flow[Token]:
    """
    Return the flow of one token request.

    Args:
        request: The token request, or credentials for a request without scope.
        endpoint: The token endpoint, or an `Issuer` to discover it.
        client: The client that sends the request. None for a default client.
        options: Timeout and retries.

    Raises:
        InvalidInput: The request cannot be sent, or *options* has the wrong type.
    """
    check_options(options)
    asked = as_request(request)
    check_client(asked, client)
    if isinstance(endpoint, Issuer):
        return _discovered(asked, endpoint, options)
    return exchange(asked, endpoint, retries=options.retries)


def metadata_flow(issuer: str | Endpoint, cache: MetadataCache | None, options: Options) -> "Flow[ServerMetadata]":
    """
    Return the flow that fetches the metadata of a server.

    Args:
        issuer: The issuer identifier.
        cache: The cache of the metadata. None to fetch them at each call.
        options: Timeout and retries.
    """
    check_options(options)
    from oauth_cc.flows.discovery import discover

    return discover(issuer, retries=options.retries, cache=cache)


def _discovered(request: TokenRequest, issuer: Issuer, options: Options) -> Flow[Token]:
    # Loaded late, because most programs name the endpoint.
    from oauth_cc.flows.discovery import discover_endpoint

    endpoint = yield from discover_endpoint(issuer.endpoint, request, retries=options.retries)
    return (yield from exchange(request, endpoint, retries=options.retries))


def check_kind(client: object, kind: type[object]) -> None:
    """
    Check the client that a user passed.

    Args:
        client: The client, or None for a default client.
        kind: The class of clients that the caller accepts.

    Raises:
        InvalidInput: *client* is of another class.
    """
    if client is not None and not isinstance(client, kind):
        raise InvalidInput("client", f"client must be of the type {_name(kind)}, not {_name(type(client))}")


def check_client(request: TokenRequest, client: object) -> None:
    """
    Raise `InvalidInput` if *request* needs a client certificate, which a default client lacks (RFC 8705 section 2).

    Args:
        request: The token request.
        client: The client that was passed, None for the default client.
    """
    if client is None and request.client_certificate is not None:
        reason = "no client; this request needs mutual TLS, so pass a client that has the certificate and its key"
        raise InvalidInput("client", reason)


def misplaced_auth(library: str, request: object) -> InvalidInput:
    """
    Return the error of an auth that another HTTP library calls.

    Args:
        library: The library that the auth is for.
        request: The request of the library that calls it.
    """
    other = type(request).__module__.partition(".")[0]
    advice = f"; with {other} use oauth_cc.{other}.ClientCredentialsAuth" if other in _LIBRARIES else ""
    return InvalidInput("auth", f"this auth is for {library}{advice}")


def _name(kind: type[object]) -> str:
    # Users know the class by the library's name, not by the module that defines it.
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
