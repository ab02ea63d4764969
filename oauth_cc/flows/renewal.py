"""
How a token is renewed: a flow, and so without I/O of its own.

    Load ─ Lock ─ Load ─ exchange ─ Save
"""

from typing import Final, TypeAlias, final

import attrs

from oauth_cc.authentication.federated import AssertionSource
from oauth_cc.authentication.jwt import AssertionDraft
from oauth_cc.errors import InvalidInput
from oauth_cc.events import TokenFound, TokenObtained
from oauth_cc.flows.cache_key import cache_key, fingerprint
from oauth_cc.flows.effects import Failed, Flow, Report, load, lock, observe, save
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries, exchange
from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow, stale_from
from oauth_cc.request import TokenRequest, http_request, proof_of
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
@attrs.frozen
class Terms:
    """
    What is asked for, where, and how: made by `terms`, valid as it stands.

    *key*: the key of the token; *fingerprint*: that of the credentials; the rest as `terms` has it.
    """

    request: TokenRequest
    endpoint: str = attrs.field(repr=False)
    cache_key: str
    fingerprint: bytes = attrs.field(repr=False)
    retries: Retries
    renewal_window: RenewalWindow
    wait_timeout: float
    allow_http_loopback: bool

    @property
    def client_id(self) -> str:
        """Who asks."""
        return self.request.credentials.client_id

    @property
    def cache_key_prefix(self) -> str:
        """As much of the key as logs and events show."""
        return self.cache_key[:8]

    def with_request(self, request: TokenRequest) -> "Terms":
        """Asks for *request* instead, one of the same credentials. Raises `InvalidInput` if it is another client's."""
        if request.credentials != self.request.credentials:
            raise InvalidInput("token request", "has other credentials: make a source of its own for them")
        return attrs.evolve(self, request=request, cache_key=cache_key(request, self.endpoint, self.fingerprint))


def terms(
    request: TokenRequest,
    endpoint: str,
    *,
    retries: Retries = DEFAULT_RETRIES,
    renewal_window: RenewalWindow = DEFAULT_WINDOW,
    wait_timeout: float = DEFAULT_WAIT_TIMEOUT,
    allow_http_loopback: bool = False,
) -> Terms:
    """
    Gives the terms on which the token *endpoint* is asked for what *request* says.

    *retries*: as `exchange` has it; *renewal_window*: when early renewal falls due; *wait_timeout*: seconds to wait
    for a renewal that someone else leads; for one of another process half of them, and then this process asks the
    server too. Raises `InvalidInput` for whatever could not be sent, as `http_request` does.
    """
    # Composed for its checks alone: what cannot be sent is to be known now, not at the first call.
    made_later = isinstance(proof_of(request), AssertionDraft | AssertionSource)
    http_request(request, endpoint, assertion="-" if made_later else None, allow_http_loopback=allow_http_loopback)
    if not isinstance(retries, Retries):
        raise InvalidInput("retries", f"give Retries(attempts=...), not {type(retries).__name__}")
    if not isinstance(renewal_window, RenewalWindow):
        raise InvalidInput("renewal_window", f"give RenewalWindow(...), not {type(renewal_window).__name__}")
    if not isinstance(wait_timeout, int | float) or not wait_timeout > 0:
        raise InvalidInput("wait_timeout", "give seconds above 0")
    proof = fingerprint(request.credentials)
    key = cache_key(request, endpoint, proof)
    return Terms(request, endpoint, key, proof, retries, renewal_window, wait_timeout, allow_http_loopback)


def renewal(terms: Terms, *, held: Token | None = None, rejected: Token | None = None) -> Flow[Renewal]:
    """
    Gives the flow that gets a new token: from the shared store if another process put it there, else from the server.

    *held*: the token at hand, if it can still be used: its renewal waits for no other process and tries once;
    *rejected*: a token that the API did not accept, which is not taken from the store again, nor any older one. The
    flow raises what `oauth_cc.flows.exchange` raises.
    """
    found = yield from _find(terms.cache_key, held, rejected)
    if found is None:
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
        allow_http_loopback=terms.allow_http_loopback,
    )
    ended = yield from observe()
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
