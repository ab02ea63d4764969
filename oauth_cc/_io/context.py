"""
Where a source asks for its token: the memory it shares, on the terms it has, with all that happens there told of.
"""

import copy
import threading
import time
from typing import Self, final

import attrs

from oauth_cc._io.log import emit, warn_of_plain_http
from oauth_cc._io.options import Options, check_options
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.endpoint import Endpoint, Origin
from oauth_cc.errors import InvalidInput, OAuthError
from oauth_cc.events import (
    EventHook,
    RenewalFailed,
    ScopeInsufficient,
    StoreFailed,
    StoreReturned,
    TokenDiscarded,
    TokenWithheld,
)
from oauth_cc.flows.effects import Failed, Flow
from oauth_cc.flows.exchange import exchange
from oauth_cc.flows.freshness import stale_from
from oauth_cc.flows.renewal import Renewal, Terms, terms
from oauth_cc.request import TokenRequest, as_request
from oauth_cc.scope import Scope
from oauth_cc.stores._protocol import AsyncStore, Store
from oauth_cc.stores.cache import Answer, PendingRenewal, TokenCache
from oauth_cc.token import Token


@final
@attrs.frozen(eq=False)
class SourceContext:
    """
    One token's place in *cache*, on *terms*; *hook* is told of events, as the log is.

    """

    cache: TokenCache
    terms: Terms
    hook: EventHook | None = None

    def fresh(self) -> Token | None:
        """Gives the token if it can be used without a second look: the everyday path."""
        return self.cache.fresh(self.terms.slot, time.time())

    def ask(self) -> Answer:
        """Gives what a caller who needs the token has to do."""
        return self.cache.ask(self.terms.slot, time.time(), self.terms.renewal_window)

    def complete(self, pending: PendingRenewal, outcome: Renewal | Exception) -> None:
        """Ends *pending* with its *outcome* and answers all that wait for it."""
        now = time.time()
        self.cache.complete(pending, outcome, now, self.terms.renewal_window)
        if isinstance(outcome, Exception):
            left = None if pending.held is None else max(0.0, stale_from(pending.held) - now)
            emit(RenewalFailed(self.terms.client_id, self.terms.cache_key_prefix, outcome, left), self.hook)

    def discard(self, token: Token) -> None:
        """Forgets *token*, which an API did not accept, and no other."""
        if self.cache.discard(self.terms.slot, token):
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


def source_context(
    request: TokenRequest | ClientCredentials,
    endpoint: str | Endpoint,
    store: TokenCache | Store | AsyncStore | None,
    options: Options,
) -> SourceContext:
    """
    Return the context of a source: what it asks for and where, its cache, its options.

    Raises `InvalidInput` if a request could not be sent, or *store* or *options* is of another kind.
    """
    check_options(options)
    cache = store if isinstance(store, TokenCache) else TokenCache(store)
    agreed = terms(
        request,
        endpoint,
        shared=cache.store is not None,
        retries=options.retries,
        renewal_window=options.renewal_window,
        wait_timeout=options.wait_timeout,
    )
    if agreed.endpoint.allow_http:
        warn_of_plain_http(agreed.client_id, agreed.endpoint)
    return SourceContext(cache, agreed, options.on_event)


def token_flow(
    request: TokenRequest | ClientCredentials, endpoint: str | Endpoint, client: object, options: Options
) -> Flow[Token]:
    """Return the flow of one token request through *client*, None for one of our own. Raises `InvalidInput`."""
    check_options(options)
    asked = as_request(request)
    check_client(asked, client)
    return exchange(asked, endpoint, retries=options.retries)


class Source:
    """What sources for threads and for async code have in common."""

    def __init__(self, context: SourceContext) -> None:
        self._context = context
        self._closed = threading.Event()

    def __repr__(self) -> str:
        if not hasattr(self, "_context"):
            # A traceback shows one that was refused while it was made.
            return f"{type(self).__name__}()"
        return f"{type(self).__name__}({self._context.terms.request!r})"

    @property
    def context(self) -> SourceContext:
        """Where this source asks, and on which terms: for the shells."""
        return self._context

    def with_scope(self, scope: Scope) -> Self:
        """Return a source of tokens of *scope* instead; all else is shared with this one."""
        return self._with_request(self._context.terms.request.with_scope(scope))

    def with_resource(self, uri: str) -> Self:
        """Return a source of tokens for the resource *uri* instead (RFC 8707); all else is shared with this one."""
        return self._with_request(attrs.evolve(self._context.terms.request, resources=()).with_resource(uri))

    def _with_request(self, request: TokenRequest) -> Self:
        other = copy.copy(self)
        other._context = attrs.evolve(self._context, terms=self._context.terms.with_request(request))  # noqa: SLF001  # a copy of this very object
        return other


def check_kind(client: object, kind: type[object]) -> None:
    """Raises `InvalidInput` if *client* is neither None nor of the *kind* that the HTTP library has."""
    if client is not None and not isinstance(client, kind):
        raise InvalidInput("client", f"give an instance of {_name(kind)}, not of {_name(type(client))}")


def check_client(request: TokenRequest, client: object) -> None:
    """
    Raises `InvalidInput` if *request* needs a certificate to be shown, and *client* is None: a client of our own
    has none to show (RFC 8705 section 2).
    """
    if client is None and request.client_certificate is not None:
        reason = "the connection has to show a certificate: give a client or session of yours that has it, with its key"
        raise InvalidInput("client", reason)


def _name(kind: type[object]) -> str:
    # The library by its name, and not by where in it the class stands.
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}"


def raisable(error: BaseException) -> BaseException:
    """
    Gives *error* for one of several callers to raise: tracebacks would grow into each other if they raised the same.
    """
    return copy.copy(error) if isinstance(error, OAuthError) else error.with_traceback(None)
