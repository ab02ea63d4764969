"""
Flows from a protected resource to a token request (RFC 9728).

    resource ─ discover_resource ─▶ Send … ─▶ ResourceMetadata
    issuer, TokenRequest ─ resource_request ─▶ Send … ─▶ TokenRequest, Endpoint

Of the authorization servers that a resource names, only the caller's issuer is ever contacted.
"""

from typing import Final

from oauth_cc.challenge import challenged_scope, resource_metadata
from oauth_cc.endpoint import Endpoint, origin
from oauth_cc.flows.discovery import discover
from oauth_cc.flows.documents import fetch, search
from oauth_cc.flows.effects import Flow, Received, observe, send
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries, check_retries
from oauth_cc.flows.metadata_cache import KnownResource, MetadataCache, check_cache
from oauth_cc.http import HttpRequest, HttpResponse
from oauth_cc.metadata import (
    ResourceMetadata,
    endpoint_for,
    parse_resource_metadata,
    request_for_resource,
    resource_metadata_urls,
)
from oauth_cc.request import TokenRequest

_LONGEST_URL: Final = 2000


def discover_resource(
    resource: str,
    *,
    retries: Retries = DEFAULT_RETRIES,
    cache: MetadataCache | None = None,
) -> Flow[ResourceMetadata]:
    """
    Return the flow that fetches the metadata of *resource* (RFC 9728 section 5).

    The resource is requested once without a token. If its 401 names the URL of the metadata, on the origin of the
    resource, this URL comes first. Redirects are not followed.

    Args:
        resource: The resource identifier, the URL of the API.
        retries: How often and after which pauses a failed attempt is repeated.
        cache: The cache of the metadata. None to fetch them at each call.

    Raises:
        InvalidResponse: No response contains metadata of *resource*. The error names the URLs.
        InvalidInput: *resource* is not an https URL, nor http to loopback.
    """
    known = yield from _find(resource, retries, cache)
    return known.metadata


def resource_request(
    issuer: Endpoint, request: TokenRequest, *, retries: Retries, cache: MetadataCache
) -> Flow[tuple[TokenRequest, Endpoint]]:
    """
    Return the flow that discovers the token endpoint of *issuer*, and the scope, for the resource of *request*.

    The scope of *request* is kept. Without one, the request gets the scope that the resource requires in a 401, or else
    every scope-token that the resource uses.

    Args:
        issuer: The issuer, which the resource must name.
        request: The request, with one resource.
        retries: How often and after which pauses a failed attempt is repeated.
        cache: The cache of the metadata.

    Raises:
        IssuerNotNamed: The resource does not name *issuer*.
        InvalidInput: The resource does not accept the token of *request*, or the server does not support *request*.
        InvalidResponse: The resource or the issuer has no metadata.
    """
    known = yield from _find(request.resources[0], retries, cache)
    asked = request_for_resource(known.metadata, request, issuer, known.scope)
    metadata = yield from discover(issuer, retries=retries, cache=cache)
    return asked, endpoint_for(metadata, asked)


def _find(resource: str, retries: Retries, cache: MetadataCache | None) -> Flow[KnownResource]:
    urls = resource_metadata_urls(resource)
    check_retries(retries)
    check_cache(cache)
    if cache is not None:
        moment = yield from observe()
        known = cache.get_resource(resource, moment.now)
        if known is not None:
            return known
    challenge = yield from _challenge(resource)
    named = resource_metadata(challenge)
    if named is not None and len(named) <= _LONGEST_URL and origin(named) == origin(resource):
        urls = tuple(dict.fromkeys((named, *urls)))
    found = search(
        urls, lambda url: _fetch(url, named, retries), lambda response: parse_resource_metadata(response, resource)
    )
    metadata, expires_at = yield from found
    known = KnownResource(metadata, challenged_scope(challenge))
    if cache is not None:
        cache.put_resource(known, expires_at)
    return known


def _challenge(resource: str) -> Flow[HttpResponse]:
    # Not repeated, and no error, as the metadata may be at its well-known URL.
    sent = yield from send(HttpRequest("GET", resource, {"Accept": "application/json"}))
    return sent.response if isinstance(sent, Received) else HttpResponse(503)


def _fetch(url: str, named: str | None, retries: Retries) -> Flow[tuple[Received, tuple[str, ...]]]:
    # The resource chose the named URL, and may repeat a token in it.
    return (yield from fetch(url, retries, shown=str(origin(url)) if url == named else None)), (url,)
