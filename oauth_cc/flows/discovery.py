"""
Flows that discover the metadata and the token endpoint of an issuer.

    issuer ─ discover ─▶ Send … Sleep … Send ─▶ ServerMetadata
    issuer, TokenRequest ─ discover_endpoint ─▶ Send … ─▶ Endpoint
"""

from typing import Final
from urllib.parse import urljoin

from oauth_cc._wire.grammar import URL_TEXT
from oauth_cc.endpoint import Endpoint, endpoint_of_issuer_fault, issuer_of, origin
from oauth_cc.flows.documents import fetch, search
from oauth_cc.flows.effects import Flow, Received, observe
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries, check_retries
from oauth_cc.flows.metadata_cache import MetadataCache, check_cache
from oauth_cc.flows.redaction import redacting
from oauth_cc.http import HttpResponse
from oauth_cc.metadata import ServerMetadata, endpoint_for, metadata_urls, parse_metadata
from oauth_cc.request import GivenRequest, TokenRequest, as_request

_LONGEST_SHOWN: Final = 200


def discover_endpoint(
    issuer: str | Endpoint,
    request: GivenRequest,
    *,
    retries: Retries = DEFAULT_RETRIES,
    cache: MetadataCache | None = None,
) -> Flow[Endpoint]:
    """
    Return the flow that discovers the token endpoint of *issuer* for *request*.

    Metadata never change the client authentication method.

    Args:
        issuer: The issuer identifier, a URL or an `Endpoint`.
        request: The request that will be sent to the endpoint.
        retries: How often and after which pauses a failed attempt is repeated.
        cache: The cache of the metadata. None to fetch them at each call.

    Raises:
        InvalidInput: The server does not support *request*. `oauth_cc.metadata.endpoint_for` raises the same error.
        InvalidResponse: No response contains metadata of *issuer*. The error names the URLs.
    """
    asked = as_request(request)
    return (yield from redacting(search_endpoint(issuer, asked, retries, cache), asked))


def search_endpoint(
    issuer: str | Endpoint, request: TokenRequest, retries: Retries, cache: MetadataCache | None
) -> Flow[Endpoint]:
    """
    Return the flow of `discover_endpoint` without its redaction.

    Args:
        issuer: The issuer identifier.
        request: The request that will be sent to the endpoint.
        retries: How often and after which pauses a failed attempt is repeated.
        cache: The cache of the metadata, or None.
    """
    metadata = yield from discover(issuer, retries=retries, cache=cache)
    return endpoint_for(metadata, request)


def discover(
    issuer: str | Endpoint,
    *,
    retries: Retries = DEFAULT_RETRIES,
    cache: MetadataCache | None = None,
) -> Flow[ServerMetadata]:
    """
    Return the flow that fetches the metadata of *issuer* (RFC 8414 section 3).

    Args:
        issuer: The issuer identifier, a URL or an `Endpoint`. The URLs of `oauth_cc.metadata.metadata_urls` are
            requested in turn until a response contains metadata. One redirect of each to an https URL is followed.
        retries: How often and after which pauses a failed attempt is repeated.
        cache: The cache of the metadata. None to fetch them at each call.

    Raises:
        InvalidResponse: No response contains metadata of *issuer*. The error names the URLs.
        IssuerMismatch: The metadata belong to another issuer.
    """
    urls = metadata_urls(issuer)
    check_retries(retries)
    check_cache(cache)
    if cache is not None:
        moment = yield from observe()
        known = cache.get(issuer, moment.now)
        if known is not None:
            return known
    found = search(urls, lambda url: _answer(url, issuer, retries), lambda response: parse_metadata(response, issuer))
    metadata, expires_at = yield from found
    if cache is not None:
        cache.put(issuer, metadata, expires_at)
    return metadata


def _answer(url: str, issuer: str | Endpoint, retries: Retries) -> Flow[tuple[Received, tuple[str, ...]]]:
    answer = yield from fetch(url, retries)
    target = _redirect_target(answer.response, url, issuer)
    if target is None:
        return answer, (url,)
    shown = target.partition("?")[0].partition("#")[0]
    # A server can send a target of any length.
    where = shown if len(shown) <= _LONGEST_SHOWN else f"{origin(target)}"
    return (yield from fetch(target, retries)), (url, where)


def _redirect_target(response: HttpResponse, url: str, issuer: str | Endpoint) -> str | None:
    # A redirect of a well-known URL says no more than where the metadata is, which must be of the same issuer.
    locations = response.header("Location")
    if not 300 <= response.status < 400 or len(locations) != 1 or not URL_TEXT.fullmatch(locations[0]):
        return None
    target = urljoin(url, locations[0])
    return target if endpoint_of_issuer_fault(target, issuer_of(issuer)[0]) is None else None
