"""
How a token is renewed: a flow, and so without I/O of its own.

    Load ─ Lock ─ Load ─ exchange ─ Save
"""

from collections.abc import Hashable
from functools import cached_property
from typing import Final, TypeAlias, final

import attrs

from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.authentication.federated import AssertionSource
from oauth_cc.authentication.jwt import AssertionDraft
from oauth_cc.endpoint import Endpoint, as_endpoint
from oauth_cc.errors import InvalidInput
from oauth_cc.events import TokenFound, TokenObtained
from oauth_cc.flows.cache_key import cache_key, public_key
from oauth_cc.flows.cache_key import fingerprint as derive_fingerprint
from oauth_cc.flows.effects import Failed, Flow, Report, load, lock, observe, save
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries, exchange
from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow, stale_from
from oauth_cc.request import TokenRequest, as_request, authenticated_request, proof_of
from oauth_cc.secret import Secret
from oauth_cc.token import Token

DEFAULT_WAIT_TIMEOUT: Final = 60.0
"""Seconds that a caller waits for the token request of another: longer than one takes with its retries."""

_ONE_ATTEMPT: Final = Retries(attempts=1)


@final
@attrs.frozen
class Renewed:
    """There is a new *token*; *spread*, from 0 up to 1, places its own renewal."""

    token: Token
    spread: float


@final
@attrs.frozen
class Kept:
    """The token at hand stays: some other process is renewing it."""


Renewal: TypeAlias = Renewed | Kept
"""What a renewal that did not fail comes to."""


@final
@attrs.frozen(eq=False)
class Fingerprint:
    """
    The fingerprint of *credentials*, derived when it is first needed and once: it takes milliseconds.
    """

    credentials: ClientCredentials

    @cached_property
    def value(self) -> bytes:
        """The 32 bytes of `oauth_cc.flows.cache_key.fingerprint`."""
        return derive_fingerprint(self.credentials)


@final
@attrs.frozen(cache_hash=True)
class CacheSlot:
    """Where a `TokenCache` keeps the token of a *request* to an *endpoint*: equal requests share it."""

    request: TokenRequest
    endpoint: Endpoint


@final
@attrs.frozen
class Terms:
    """
    What is asked for, where, and how: made by `terms`, valid as it stands.

    Args:
        request: What to ask for.
        endpoint: Where.
        slot: The place of the token in the memory of a process.
        shared: Whether a store is shared with other processes, under `cache_key`.
        retries, renewal_window, wait_timeout: As `terms` takes them.
    """

    request: TokenRequest
    endpoint: Endpoint
    slot: Hashable
    shared: bool
    retries: Retries
    renewal_window: RenewalWindow
    wait_timeout: float
    _fingerprint: Fingerprint = attrs.field(eq=False, repr=False, alias="fingerprint")

    @property
    def client_id(self) -> str:
        """Who asks."""
        return self.request.credentials.client_id

    @cached_property
    def cache_key(self) -> str:
        """The key of the token in a shared store."""
        return cache_key(self.request, self.endpoint, self._fingerprint.value)

    @property
    def cache_key_prefix(self) -> str:
        """As much of the key as logs and events show; where no store is shared, of `public_key`."""
        return (self.cache_key if self.shared else public_key(self.request, self.endpoint))[:8]

    def with_request(self, request: TokenRequest) -> "Terms":
        """Return the terms for *request*, one of the same credentials. Raises `InvalidInput` for another client's."""
        if request.credentials != self.request.credentials:
            raise InvalidInput("token request", "has other credentials: make a source of its own for them")
        return attrs.evolve(self, request=request, slot=_slot(request, self.endpoint, self._fingerprint))


def terms(
    request: TokenRequest | ClientCredentials,
    endpoint: str | Endpoint,
    *,
    shared: bool = True,
    retries: Retries = DEFAULT_RETRIES,
    renewal_window: RenewalWindow = DEFAULT_WINDOW,
    wait_timeout: float = DEFAULT_WAIT_TIMEOUT,
) -> Terms:
    """
    Return the terms on which the token *endpoint* is asked for what *request* says.

    Args:
        request: What to ask for.
        endpoint: The token endpoint, a URL or an `Endpoint`.
        shared: Whether other processes share a store with this one.
        retries: How a failed request is sent again, as `exchange` takes it.
        renewal_window: When early renewal falls due.
        wait_timeout: Seconds to wait for a renewal that another caller leads; half of them for one of another process,
            after which this process asks the server too.

    Raises:
        InvalidInput: What could not be sent, as `http_request` raises it.
    """
    # Composed for its checks alone: what cannot be sent is to be known now, not at the first call.
    asked, where = as_request(request), as_endpoint(endpoint)
    proof = proof_of(asked)
    made_later = isinstance(proof, AssertionDraft | AssertionSource)
    authenticated_request(asked, where, proof, Secret("-") if made_later else None)
    fingerprint = Fingerprint(asked.credentials)
    slot = _slot(asked, where, fingerprint)
    return Terms(asked, where, slot, shared, retries, renewal_window, wait_timeout, fingerprint)


def _slot(request: TokenRequest, endpoint: Endpoint, proof: Fingerprint) -> Hashable:
    slot = CacheSlot(request, endpoint)
    try:
        hash(slot)
    except TypeError:
        # A user's own method of authentication that is no frozen record: it is known by what it sends.
        return cache_key(request, endpoint, proof.value)
    return slot


def renewal(terms: Terms, *, held: Token | None = None, rejected: Token | None = None) -> Flow[Renewal]:
    """
    Gives the flow that gets a new token: from the shared store if another process put it there, else from the server.

    *held*: the token at hand, if it can still be used: its renewal waits for no other process and tries once;
    *rejected*: a token that the API did not accept, which is not taken from the store again, nor any older one. The
    flow raises what `oauth_cc.flows.exchange` raises.
    """
    found = None
    if terms.shared:
        found = yield from _find(terms.cache_key, held, rejected)
    if terms.shared and found is None:
        locked = yield from lock(terms.cache_key, 0.0 if held is not None else terms.wait_timeout / 2)
        if held is not None and locked is False:
            return Kept()
        if not isinstance(locked, Failed):
            # Whoever had the lock before may have left a token.
            found = yield from _find(terms.cache_key, held, rejected)
    began = yield from observe()
    if found is not None:
        yield Report(TokenFound(terms.client_id, terms.cache_key_prefix, found.expires_at - began.now))
        return Renewed(found, began.jitter)
    token = yield from exchange(
        terms.request,
        terms.endpoint,
        retries=terms.retries if held is None else _ONE_ATTEMPT,
    )
    ended = yield from observe()
    if terms.shared:
        yield from save(terms.cache_key, token)
    lifetime = token.expires_at - token.received_at
    milliseconds = (ended.now - began.now) * 1000
    yield Report(
        TokenObtained(terms.client_id, terms.cache_key_prefix, lifetime, milliseconds, renewed=held is not None)
    )
    return Renewed(token, ended.jitter)


def _find(key: str, held: Token | None, rejected: Token | None) -> Flow[Token | None]:
    found = yield from load(key)
    moment = yield from observe()
    if not isinstance(found, Token) or found == held or moment.now >= stale_from(found):
        return None
    if rejected is not None and found.received_at <= rejected.received_at:
        return None
    return found
