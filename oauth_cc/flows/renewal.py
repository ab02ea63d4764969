"""
The flow that renews a token.

    Load ─ Lock ─ Load ─ exchange ─ Save
"""

from collections.abc import Hashable
from functools import cached_property
from typing import Final, TypeAlias, final

import attrs

from oauth_cc.authentication.credentials import ClientCredentials, has_name
from oauth_cc.compose import check_request
from oauth_cc.endpoint import Endpoint, as_endpoint, issuer_of
from oauth_cc.errors import InvalidInput
from oauth_cc.events import TokenFound, TokenObtained
from oauth_cc.flows.cache_key import cache_key, public_key
from oauth_cc.flows.cache_key import fingerprint as derive_fingerprint
from oauth_cc.flows.effects import Failed, Flow, Report, load, lock, observe, save
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries, exchange
from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow, fresh_from, is_plausible, stale_from
from oauth_cc.flows.hints import Hints
from oauth_cc.flows.metadata_cache import Discovery
from oauth_cc.request import GivenRequest, TokenRequest, as_request
from oauth_cc.token import Token

DEFAULT_WAIT_TIMEOUT: Final = 60.0
"""Seconds that a caller waits for another caller's renewal. A token request with its retries takes less."""

_ONE_ATTEMPT: Final = Retries(attempts=1)


@final
@attrs.frozen
class Renewed:
    """
    The result of a renewal that obtained a token.

    Args:
        token: The new token.
        spread: A random number from 0 up to 1, which sets the time of the next renewal.
    """

    token: Token
    spread: float


@final
@attrs.frozen
class Kept:
    """The cached token, kept because another process is renewing it."""


Renewal: TypeAlias = Renewed | Kept
"""The result of a renewal that did not fail."""


@final
class Fingerprint:
    """
    The fingerprint of *credentials*, derived once at its first use, because this takes milliseconds.
    """

    def __init__(self, credentials: ClientCredentials) -> None:
        self._credentials = credentials

    @cached_property
    def value(self) -> bytes:
        """The 32 bytes of `oauth_cc.flows.cache_key.fingerprint`."""
        return derive_fingerprint(self._credentials)


@final
@attrs.frozen(cache_hash=True)
class CacheSlot:
    """
    The key of a token in a `TokenCache`: equal requests to one endpoint share a token.

    Args:
        request: The token request.
        endpoint: The token endpoint, or the issuer or the resource that names it.
        by_resource: Whether *endpoint* is a protected resource.
    """

    request: TokenRequest
    endpoint: Endpoint
    by_resource: bool


@final
@attrs.frozen
class Terms:
    """
    The settings of a source. `terms` makes and checks them.

    Args:
        request: The token request.
        endpoint: The token endpoint, or the issuer if *discovery* is given.
        slot: The key of the token in a `TokenCache`.
        shared: Whether processes share a store. The store keeps the token under `cache_key`.
        retries: How often and after which pauses a failed attempt is repeated.
        renewal_window: When a token is renewed, as shares of its lifetime.
        wait_timeout: Seconds that a caller waits for another caller's renewal.
        discovery: How the token endpoint is discovered. None if *endpoint* is the token endpoint.
        fingerprint: The fingerprint of the credentials.
        hints: What servers said about the next DPoP proof.
    """

    request: TokenRequest
    endpoint: Endpoint
    slot: Hashable
    shared: bool
    retries: Retries
    renewal_window: RenewalWindow
    wait_timeout: float
    discovery: Discovery | None
    _fingerprint: Fingerprint = attrs.field(eq=False, repr=False, alias="fingerprint")
    hints: Hints = attrs.field(factory=Hints, eq=False, repr=False)

    @property
    def client_id(self) -> str:
        """The client that requests the token."""
        return self.request.credentials.client_id

    @cached_property
    def cache_key(self) -> str:
        """The key of the token in a shared store."""
        return cache_key(self.request, self.endpoint, self._fingerprint.value, by_resource=self.by_resource)

    @property
    def cache_key_prefix(self) -> str:
        """The first 8 characters of `cache_key`, for logs and events. Without a shared store, of `public_key`."""
        return (self.cache_key if self.shared else public_key(self.request, self.endpoint))[:8]

    @property
    def endpoint_origin(self) -> str:
        """The origin of the token endpoint, or of the issuer."""
        return str(self.endpoint.origin)

    @property
    def by_resource(self) -> bool:
        """True if the resource of the request must name the issuer."""
        return self.discovery is not None and self.discovery.by_resource

    @property
    def labels(self) -> tuple[str, str, str]:
        """The fields that every event begins with: client_id, token_endpoint and cache_key."""
        return self.client_id, self.endpoint_origin, self.cache_key_prefix

    def with_request(self, request: TokenRequest) -> "Terms":
        """Return the terms for *request*. Raises `InvalidInput` if its credentials differ, or no resource is a URL."""
        if request.credentials != self.request.credentials:
            reason = "the credentials of an existing source cannot be changed; create a new TokenSource"
            raise InvalidInput("credentials", reason)
        if self.by_resource:
            check_resource(request)
        slot = _slot(request, self.endpoint, self._fingerprint, by_resource=self.by_resource)
        return attrs.evolve(self, request=request, slot=slot)


def terms(
    request: GivenRequest,
    endpoint: str | Endpoint,
    *,
    shared: bool = True,
    retries: Retries = DEFAULT_RETRIES,
    renewal_window: RenewalWindow = DEFAULT_WINDOW,
    wait_timeout: float = DEFAULT_WAIT_TIMEOUT,
    discovery: Discovery | None = None,
) -> Terms:
    """
    Return the checked settings of a source.

    Args:
        request: The token request, or credentials for a request without scope.
        endpoint: The token endpoint, or the issuer if *discovery* is given.
        shared: Whether processes share a store.
        retries: How often and after which pauses a failed attempt is repeated.
        renewal_window: When a token is renewed, as shares of its lifetime.
        wait_timeout: Seconds that a caller waits for another caller's renewal. The wait for another process ends after
            half of this time.
        discovery: How the token endpoint is discovered. None if *endpoint* is the token endpoint.

    Raises:
        InvalidInput: The request cannot be sent, or its DPoP key ends with the process and *shared* is True.
    """
    # Composed only for the checks, so that an invalid request fails here and not at the first call.
    asked = as_request(request)
    where = as_endpoint(endpoint) if discovery is None else _issuer(endpoint)
    check_request(asked, where)
    by_resource = discovery is not None and discovery.by_resource
    if by_resource:
        check_resource(asked)
    if shared and asked.dpop_key is not None and asked.dpop_key.ephemeral:
        reason = (
            "signing key must outlast the process, as the store shares tokens that are bound to it; load it with "
            "oauth_cc.jose.key_from_file()"
        )
        raise InvalidInput("signing key", reason)
    fingerprint = Fingerprint(asked.credentials)
    slot = _slot(asked, where, fingerprint, by_resource=by_resource)
    shared = shared and has_name(asked.credentials)
    return Terms(asked, where, slot, shared, retries, renewal_window, wait_timeout, discovery, fingerprint=fingerprint)


def _issuer(given: str | Endpoint) -> Endpoint:
    url, allow_http = issuer_of(given)
    return Endpoint(url, allow_http=allow_http)


def check_resource(request: TokenRequest) -> None:
    """Raise `InvalidInput` unless *request* names exactly one resource, an https URL, or http to loopback."""
    if len(request.resources) != 1 or request.resource_names:
        raise InvalidInput("resource", "the request must name no resource but the one that is discovered")
    from oauth_cc.metadata import resource_metadata_urls

    resource_metadata_urls(request.resources[0])


def _slot(request: TokenRequest, endpoint: Endpoint, proof: Fingerprint, *, by_resource: bool) -> Hashable:
    slot = CacheSlot(request, endpoint, by_resource)
    try:
        hash(slot)
    except TypeError:
        # A user's client authentication method may be unhashable. The cache key covers what it sends.
        return cache_key(request, endpoint, proof.value, by_resource=by_resource)
    return slot


def renewal(
    terms: Terms, *, held: Token | None = None, rejected: tuple[Token, ...] = (), wait: float | None = None
) -> Flow[Renewal]:
    """
    Return the flow that loads a newer token from the shared store, or requests one from the server.

    Args:
        terms: The settings of the source.
        held: The cached token if it is usable. Its renewal does not wait for other processes and makes one attempt.
        rejected: Tokens that the API rejected. They are not loaded from the store.
        wait: Seconds to wait for the lock of another process. None for half of the `wait_timeout`.

    Raises:
        OAuthError: The errors of `oauth_cc.flows.exchange` and `oauth_cc.flows.discover_endpoint`.
    """
    found = None
    if terms.shared:
        found = yield from _find(terms, held, rejected)
    if terms.shared and found is None:
        longest = terms.wait_timeout / 2 if wait is None else wait
        locked = yield from lock(terms.cache_key, 0.0 if held is not None else longest)
        if held is not None and locked is False:
            return Kept()
        if not isinstance(locked, Failed):
            # The previous holder of the lock may have saved a token.
            found = yield from _find(terms, held, rejected)
    began = yield from observe()
    if found is not None:
        yield Report(TokenFound(*terms.labels, found.expires_at - began.now))
        return Renewed(found, began.jitter)
    retries = terms.retries if held is None else _ONE_ATTEMPT
    live = rejected if held is None else (*rejected, held)
    request, endpoint = yield from _discovered(terms, retries, live)
    token = yield from exchange(request, endpoint, retries=retries, hints=terms.hints)
    ended = yield from observe()
    if terms.shared:
        yield from save(terms.cache_key, token)
    lifetime = token.expires_at - token.received_at
    milliseconds = (ended.now - began.now) * 1000
    yield Report(TokenObtained(*terms.labels, lifetime, milliseconds, renewed=held is not None))
    return Renewed(token, ended.jitter)


def _discovered(terms: Terms, retries: Retries, live: tuple[Token, ...]) -> Flow[tuple[TokenRequest, Endpoint]]:
    if terms.discovery is None:
        return terms.request, terms.endpoint
    from oauth_cc.flows.redaction import redacting

    searched = _searched(terms.request, terms.endpoint, terms.discovery, retries)
    # An API or a server that has received a token may repeat it in metadata.
    return (yield from redacting(searched, terms.request, tuple([token.access_token for token in live])))


def _searched(
    request: TokenRequest, issuer: Endpoint, discovery: Discovery, retries: Retries
) -> Flow[tuple[TokenRequest, Endpoint]]:
    if discovery.by_resource:
        from oauth_cc.flows.resource import resource_request

        return (yield from resource_request(issuer, request, retries=retries, cache=discovery.cache))
    from oauth_cc.flows.discovery import search_endpoint

    return request, (yield from search_endpoint(issuer, request, retries, discovery.cache))


def _find(terms: Terms, held: Token | None, rejected: tuple[Token, ...]) -> Flow[Token | None]:
    found = yield from load(terms.cache_key)
    moment = yield from observe()
    if not isinstance(found, Token) or found == held or found in rejected or moment.now >= stale_from(found):
        return None
    if not is_plausible(found, moment.now):
        return None
    # A store that failed meanwhile may have an older token, unless the clock was set back.
    if held is not None and fresh_from(held) <= moment.now and _is_older(found, held):
        return None
    bound = terms.request.dpop_jkt
    if (found.token_type, found.dpop_jkt) != ("Bearer" if bound is None else "DPoP", bound):
        return None
    # A store keeps no placement, so that none of its entries can name a header.
    return attrs.evolve(found, placement=terms.request.dialect.placement)


def _is_older(found: Token, held: Token) -> bool:
    # Clocks of machines differ, but a token that also ends earlier is not useful.
    ends_earlier = found.expires_at < held.expires_at
    return found.received_at < (held.received_at if ends_earlier else fresh_from(held))
