"""
From an issuer to its token endpoint: flows, so they do no I/O themselves.

    issuer ─ discover ─▶ Send … Sleep … Send ─▶ ServerMetadata
    issuer, ClientCredentials, Scope ─ from_issuer ─▶ Send … ─▶ AddressedRequest
"""

from typing import final

import attrs

from oauth_cc.authentication.certificate import Certificate
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.endpoint import Endpoint, issuer_of
from oauth_cc.errors import InvalidInput, InvalidResponse, IssuerMismatch
from oauth_cc.flows.effects import Failed, Flow, Received, observe, send
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries, wait_to_retry
from oauth_cc.http import RETRYABLE, HttpRequest, retry_after
from oauth_cc.metadata import ServerMetadata, endpoint_for, metadata_lifetime, metadata_urls, parse_metadata
from oauth_cc.request import TokenRequest, token_request
from oauth_cc.scope import NO_SCOPE, Scope


@final
@attrs.frozen
class AddressedRequest:
    """
    A *request* with the token *endpoint* that it is for: what ``ClientCredentialsAuth(request, endpoint)`` takes.
    """

    request: TokenRequest
    endpoint: Endpoint


@final
class MetadataCache:
    """
    The metadata of the issuers asked so far, each for as long as its server says (`metadata_lifetime`): pass one to
    every ``from_issuer`` and ``fetch_metadata`` of a program. Threads and event loops may share it.
    """

    def __init__(self) -> None:
        # Threads need no lock: an entry is put and got whole.
        self._found: dict[tuple[str, bool], tuple[ServerMetadata, float]] = {}

    def get(self, issuer: str | Endpoint, now: float) -> ServerMetadata | None:
        """Gives the metadata of *issuer* that still hold good at *now* (POSIX seconds), or None."""
        found = self._found.get(issuer_of(issuer))
        return found[0] if found is not None and now < found[1] else None

    def put(self, issuer: str | Endpoint, metadata: ServerMetadata, expires_at: float) -> None:
        """Keep *metadata* of *issuer* until *expires_at* (POSIX seconds)."""
        self._found[issuer_of(issuer)] = metadata, expires_at


def from_issuer(
    issuer: str | Endpoint,
    credentials: ClientCredentials,
    scope: Scope = NO_SCOPE,
    *,
    certificate: Certificate | None = None,
    retries: Retries = DEFAULT_RETRIES,
    cache: MetadataCache | None = None,
) -> Flow[AddressedRequest]:
    """
    Gives the flow that makes the request of *credentials* for *scope*, and finds its endpoint at *issuer*.

    *certificate*: what the token is to be bound to, None for nothing, or what `TlsClientAuth` has; the others as
    `discover` has them. Nothing is chosen that is not asked for: the flow raises what
    `oauth_cc.metadata.endpoint_for` raises if the server does not take *credentials* as they are, and what
    `discover` and `token_request` raise.
    """
    request = token_request(credentials, scope)
    if certificate is not None:
        request = request.with_certificate(certificate)
    metadata = yield from discover(issuer, retries=retries, cache=cache)
    return AddressedRequest(request, endpoint_for(metadata, request))


def discover(
    issuer: str | Endpoint,
    *,
    retries: Retries = DEFAULT_RETRIES,
    cache: MetadataCache | None = None,
) -> Flow[ServerMetadata]:
    """
    Gives the flow that gets the metadata of *issuer* and returns them (RFC 8414 section 3).

    *issuer* is that of `oauth_cc.metadata.metadata_urls`, whose URLs are asked in turn,
    until one has metadata; *retries*: how a server that is busy or does not answer is asked again, as
    `oauth_cc.flows.exchange` has it; *cache*: where metadata are kept, None to ask anew each time. The flow raises
    what `oauth_cc.metadata.parse_metadata` raises, and the error of the HTTP library if there was no answer.
    """
    urls = metadata_urls(issuer)
    if not isinstance(cache, MetadataCache | None):
        raise InvalidInput("cache", "give a MetadataCache, one for the whole program, or None")
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
    try:
        return (yield from _metadata(inserted, issuer, retries))
    except InvalidResponse as error:
        # A server that is busy is not one without metadata; nor are metadata that are wrong sought elsewhere.
        if error.retryable or error.member is not None or isinstance(error, IssuerMismatch):
            raise
    return (yield from _metadata(appended, issuer, retries))


def _metadata(url: str, issuer: str | Endpoint, retries: Retries) -> Flow[tuple[ServerMetadata, float]]:
    answer = yield from _answer(HttpRequest("GET", url, {"Accept": "application/json"}), retries)
    metadata = parse_metadata(answer.response, issuer)
    return metadata, answer.received_at + metadata_lifetime(answer.response)


def _answer(request: HttpRequest, retries: Retries) -> Flow[Received]:
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
            raise sent.error
        return sent
