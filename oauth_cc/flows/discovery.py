"""
Flows that discover the metadata and the token endpoint of an issuer.

    issuer ─ discover ─▶ Send … Sleep … Send ─▶ ServerMetadata
    issuer, TokenRequest ─ discover_endpoint ─▶ Send … ─▶ Endpoint
"""

from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.endpoint import Endpoint
from oauth_cc.errors import InvalidResponse, IssuerMismatch, UnexpectedRedirect
from oauth_cc.flows.effects import Failed, Flow, Received, observe, send
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries, wait_to_retry
from oauth_cc.flows.metadata_cache import MetadataCache, check_cache
from oauth_cc.http import RETRYABLE, HttpRequest, retry_after
from oauth_cc.metadata import ServerMetadata, endpoint_for, metadata_lifetime, metadata_urls, parse_metadata
from oauth_cc.request import TokenRequest


def discover_endpoint(
    issuer: str | Endpoint,
    request: TokenRequest | ClientCredentials,
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
        issuer: The issuer identifier, a URL or an `Endpoint`. The two URLs of `oauth_cc.metadata.metadata_urls` are
            requested in turn until a response contains metadata.
        retries: How often and after which pauses a failed attempt is repeated.
        cache: The cache of the metadata. None to fetch them at each call.

    Raises:
        InvalidResponse: No response contains metadata of *issuer*. The error names the URLs.
        IssuerMismatch: The metadata belong to another issuer.
    """
    urls = metadata_urls(issuer)
    check_cache(cache)
    if cache is not None:
        moment = yield from observe()
        known = cache.get(issuer, moment.now)
        if known is not None:
            return known
    metadata, expires_at = yield from _search(urls, issuer, retries)
    if cache is not None:
        cache.put(issuer, metadata, expires_at)
    return metadata


def _search(urls: tuple[str, str], issuer: str | Endpoint, retries: Retries) -> Flow[tuple[ServerMetadata, float]]:
    inserted, appended = urls
    answer = yield from _answer(inserted, retries)
    found = _metadata(answer, issuer)
    tried: tuple[str, ...] = (inserted,)
    # A busy server may have metadata at the first URL. Invalid metadata there are an error, too.
    if isinstance(found, InvalidResponse) and _is_absence(found):
        answer = yield from _answer(appended, retries)
        found = _metadata(answer, issuer)
        tried = urls
    if isinstance(found, InvalidResponse):
        raise _naming(tried, found)
    return found, answer.received_at + metadata_lifetime(answer.response)


def _metadata(answer: Received, issuer: str | Endpoint) -> ServerMetadata | InvalidResponse:
    try:
        return parse_metadata(answer.response, issuer)
    except InvalidResponse as error:
        return error.with_traceback(None)


def _is_absence(error: InvalidResponse) -> bool:
    return not error.retryable and error.member is None and not isinstance(error, IssuerMismatch)


def _naming(urls: tuple[str, ...], error: InvalidResponse) -> InvalidResponse:
    reason = f"{error.reason}; requested {' and '.join(urls)}"
    match error:
        case IssuerMismatch():
            return IssuerMismatch(error.status, reason)
        case UnexpectedRedirect():
            return UnexpectedRedirect(error.status, reason, error.location)
        case _:
            return InvalidResponse(error.status, reason, error.member, error.retryable, error.retry_after)


def _answer(url: str, retries: Retries) -> Flow[Received]:
    request = HttpRequest("GET", url, {"Accept": "application/json"})
    attempt = 0
    while True:
        attempt += 1
        sent = yield from send(request)
        if isinstance(sent, Failed):
            retryable, wait = sent.retryable, None
        else:
            retryable, wait = sent.response.status in RETRYABLE, retry_after(sent.response, sent.received_at)
        if retryable and (yield from wait_to_retry(retries, attempt, wait)):
            continue
        if isinstance(sent, Failed):
            sent.error.add_note(f"The metadata were requested from {url}.")
            raise sent.error
        return sent
