"""
Where a source asks for its token: the memory it shares, on the terms it has, with all that happens there told of.
"""

import copy
import time
from typing import Final, TypedDict, final

import attrs

from oauth_cc._io.log import emit
from oauth_cc._wire.typing import is_coroutine_function
from oauth_cc.endpoint import Origin
from oauth_cc.errors import InvalidCertificate, InvalidInput, OAuthError
from oauth_cc.events import (
    EventHook,
    RenewalFailed,
    ScopeInsufficient,
    StoreFailed,
    StoreReturned,
    TokenDiscarded,
    TokenWithheld,
)
from oauth_cc.flows.effects import Failed
from oauth_cc.flows.exchange import Retries
from oauth_cc.flows.freshness import RenewalWindow, stale_from
from oauth_cc.flows.renewal import Renewal, Terms
from oauth_cc.request import TokenRequest
from oauth_cc.scope import Scope
from oauth_cc.stores.cache import Answer, PendingRenewal, TokenCache
from oauth_cc.token import Token

_LONGEST_TIMEOUT: Final = 86400


class SourceOptions(TypedDict, total=False):
    """
    What every source of tokens takes besides what it asks for and by which client: see `TokenSource`.
    """

    retries: Retries
    renewal_window: RenewalWindow
    wait_timeout: float
    on_event: EventHook | None
    allow_http_loopback: bool


@final
@attrs.frozen(eq=False)
class SourceContext:
    """
    One token's place in *cache*, on *terms*; *hook* is told of events, as the log is.

    Raises `InvalidInput` if *hook* is no function, or one that would have to be awaited.
    """

    cache: TokenCache
    terms: Terms
    hook: EventHook | None = None

    def __attrs_post_init__(self) -> None:
        check_hook(self.hook)

    def fresh(self) -> Token | None:
        """Gives the token if it can be used without a second look: the everyday path."""
        return self.cache.fresh(self.terms.cache_key, time.time())

    def ask(self) -> Answer:
        """Gives what a caller who needs the token has to do."""
        return self.cache.ask(self.terms.cache_key, time.time(), self.terms.renewal_window)

    def complete(self, pending: PendingRenewal, outcome: Renewal | Exception) -> None:
        """Ends *pending* with its *outcome* and answers all that wait for it."""
        now = time.time()
        self.cache.complete(pending, outcome, now, self.terms.renewal_window)
        if isinstance(outcome, Exception):
            left = None if pending.held is None else max(0.0, stale_from(pending.held) - now)
            emit(RenewalFailed(self.terms.client_id, self.terms.cache_key_prefix, outcome, left), self.hook)

    def discard(self, token: Token) -> None:
        """Forgets *token*, which an API did not accept, and no other."""
        if self.cache.discard(self.terms.cache_key, token):
            emit(TokenDiscarded(self.terms.client_id, self.terms.cache_key_prefix), self.hook)

    def tell_scope(self, scope: Scope) -> None:
        """Tells that the API asks for more *scope*."""
        emit(ScopeInsufficient(self.terms.client_id, self.terms.cache_key_prefix, scope), self.hook)

    def tell_withheld(self, called: Origin) -> None:
        """Tells that a request went to the origin *called* without the token."""
        emit(TokenWithheld(self.terms.client_id, str(called)), self.hook)

    def store_failed(self, error: Exception) -> Failed:
        """Tells that the store behind memory failed with *error*, unless that is known, and gives that as a value."""
        if self.cache.note_store(failed=True):
            emit(StoreFailed(self.terms.client_id, self.terms.cache_key_prefix, error), self.hook)
        return Failed(error, retryable=True)

    def store_answered(self) -> None:
        """Tells that the store behind memory is back, unless it never was away."""
        if self.cache.note_store(failed=False):
            emit(StoreReturned(self.terms.client_id, self.terms.cache_key_prefix), self.hook)


def check_hook(hook: EventHook | None) -> None:
    """Raises `InvalidInput` if *hook* is no function, or one that would have to be awaited."""
    if hook is not None and (not callable(hook) or is_coroutine_function(hook)):
        raise InvalidInput("on_event", "give a plain function that takes an event: nothing is awaited")


def check_kind(client: object, kind: type[object]) -> None:
    """Raises `InvalidInput` if *client* is neither None nor of the *kind* that the HTTP library has."""
    if client is not None and not isinstance(client, kind):
        raise InvalidInput("client", f"give an instance of {_name(kind)}, not of {_name(type(client))}")


def check_client(request: TokenRequest, client: object) -> None:
    """
    Raises `InvalidCertificate` if *request* needs a certificate to be shown, and *client* is None: a client of our own
    has none to show (RFC 8705 section 2).
    """
    if client is None and request.client_certificate is not None:
        reason = "the connection has to show a certificate: give a client or session of yours that has it, with its key"
        raise InvalidCertificate("client", reason)


def _name(kind: type[object]) -> str:
    # The library by its name, and not by where in it the class stands.
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}"


def check_timeout(timeout: float) -> None:
    """Raises `InvalidInput` if *timeout* is no number of seconds that somebody could wait for."""
    if not isinstance(timeout, int | float) or isinstance(timeout, bool) or not 0 < timeout <= _LONGEST_TIMEOUT:
        raise InvalidInput("timeout", f"give seconds, above 0 and up to {_LONGEST_TIMEOUT}")


def raisable(error: BaseException) -> BaseException:
    """
    Gives *error* for one of several callers to raise: tracebacks would grow into each other if they raised the same.
    """
    return copy.copy(error) if isinstance(error, OAuthError) else error.with_traceback(None)
