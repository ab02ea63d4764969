"""
Flows that discover the metadata and the token endpoint of an issuer.

    issuer ─ discover ─▶ Send … Sleep … Send ─▶ ServerMetadata
    issuer, TokenRequest ─ discover_endpoint ─▶ Send … ─▶ Endpoint
"""

from urllib.parse import urljoin

from oauth_cc._wire.grammar import URL_TEXT
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.endpoint import Endpoint, endpoint_of_issuer_fault, issuer_of
from oauth_cc.errors import InvalidResponse, IssuerMismatch, UnexpectedRedirect
from oauth_cc.flows.effects import Failed, Flow, Received, observe, send
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries, wait_to_retry
from oauth_cc.flows.metadata_cache import MetadataCache, check_cache
from oauth_cc.http import RETRYABLE, HttpRequest, HttpResponse, retry_after
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
            requested in turn until a response contains metadata. One redirect of each to an https URL is followed.
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
    errors: list[InvalidResponse] = []
    for url in urls:
        answer = yield from _answer(url, issuer, retries)
        try:
            found = parse_metadata(answer.response, issuer)
        except InvalidResponse as error:
            errors.append(error.with_traceback(None))
        else:
            return found, answer.received_at + metadata_lifetime(answer.response)
    # The last one that says more than that there are no metadata.
    telling = [error for error in errors if not _is_absence(error)]
    raise _naming(urls, [*errors, *telling][-1])


def _is_absence(error: InvalidResponse) -> bool:
    return not error.retryable and error.member is None and type(error) is InvalidResponse


def _naming(urls: tuple[str, ...], error: InvalidResponse) -> InvalidResponse:
    reason = f"{error.reason}; requested {' and '.join(urls)}"
    match error:
        case IssuerMismatch():
            return IssuerMismatch(error.status, reason)
        case UnexpectedRedirect():
            return UnexpectedRedirect(error.status, reason, error.location)
        case _:
            return InvalidResponse(error.status, reason, error.member, error.retryable, error.retry_after)


def _answer(url: str, issuer: str | Endpoint, retries: Retries) -> Flow[Received]:
    answer = yield from fetch(url, retries)
    target = _redirect_target(answer.response, url, issuer)
    return answer if target is None else (yield from fetch(target, retries))


def _redirect_target(response: HttpResponse, url: str, issuer: str | Endpoint) -> str | None:
    # A redirect of a well-known URL says no more than where the metadata are, which must be of the same issuer.
    locations = response.header("Location")
    if not 300 <= response.status < 400 or len(locations) != 1 or not URL_TEXT.fullmatch(locations[0]):
        return None
    target = urljoin(url, locations[0])
    return target if endpoint_of_issuer_fault(target, issuer_of(issuer)[0]) is None else None


def fetch(url: str, retries: Retries) -> Flow[Received]:
    """
    Return the flow that requests the metadata at *url*, of any status.

    Args:
        url: The URL.
        retries: How often and after which pauses a failed attempt is repeated.
    """
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
