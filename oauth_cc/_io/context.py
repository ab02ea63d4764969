"""
The state of one token source: its cache, its terms and its event hook.
"""

import copy
import threading
import time
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from functools import cached_property
from typing import TYPE_CHECKING, Final, NoReturn, Self, SupportsIndex, final

import attrs

from oauth_cc._io.copying import duplicate, refuse_pickling
from oauth_cc._io.log import emit, warn_of_plain_http
from oauth_cc._io.options import DEFAULTS, Options, check_options
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.endpoint import Origin
from oauth_cc.errors import InvalidInput, IssuerNotNamed, OAuthError
from oauth_cc.events import (
    Event,
    RejectionRepeated,
    RenewalFailed,
    ResponseOdd,
    ScopeInsufficient,
    StoreFailed,
    StoreReturned,
    TokenDiscarded,
    TokenWithheld,
)
from oauth_cc.flows.effects import Failed, Flow, Load, Lock, Save
from oauth_cc.flows.exchange import exchange
from oauth_cc.flows.freshness import stale_from
from oauth_cc.flows.metadata_cache import Discovery, MetadataCache, check_cache
from oauth_cc.flows.rejection import rejections_of
from oauth_cc.flows.renewal import Kept, Renewal, Renewed, Terms, terms
from oauth_cc.http import HttpResponse
from oauth_cc.issuer import GivenEndpoint, Issuer
from oauth_cc.request import TokenRequest, as_request
from oauth_cc.scope import Scope
from oauth_cc.stores._pending import Answer, PendingRenewal
from oauth_cc.stores._protocol import AsyncStore, Store
from oauth_cc.stores.cache import Limits, TokenCache
from oauth_cc.token import Token

if TYPE_CHECKING:
    # Imported at run time by the method that needs it.
    from oauth_cc._io.proofs import CallProofs

LEADING: Final[ContextVar[PendingRenewal | None]] = ContextVar("oauth_cc_leading", default=None)
"""The renewal that the current thread or task performs, its callbacks included."""

# An attempt may end a little after its timeout.
_GRACE: Final = 5.0


@final
@attrs.frozen(eq=False)
class SourceContext:
    """
    The state of one token source.

    Args:
        cache: The tokens of this process.
        terms: What to request, where and how.
        options: Timeout, retries, renewal and events.
    """

    cache: TokenCache
    terms: Terms
    options: Options = DEFAULTS
    _reported: set[str] = attrs.field(factory=set[str], alias="reported", repr=False)

    @cached_property
    def limits(self) -> Limits:
        """The limits of this source's renewals."""
        return Limits(self.terms.renewal_window, self.options.timeout + _GRACE, self.terms.wait_timeout)

    def fresh(self) -> Token | None:
        """Return the cached token if no renewal is due, else None."""
        return self.cache.fresh(self.terms.slot, time.time())

    def peek(self) -> Token | None:
        """Return the cached token if it can be used, else None."""
        return self.cache.peek(self.terms.slot, time.time())

    def seconds_to_renewal(self) -> float:
        """Return the seconds until the cached token is due for renewal."""
        return self.cache.state(self.terms.slot).fresh_until - time.time()

    def ask(self) -> Answer:
        """Return what the caller must do to get a token: use, start, wait or raise."""
        return self.cache.ask(self.terms.slot, time.time(), self.limits)

    def complete(self, pending: PendingRenewal, outcome: Renewal | BaseException, events: list[Event]) -> None:
        """
        Complete a renewal, wake all waiting callers, and then report its events.

        A hook that asks for a token gets the new one.

        Args:
            pending: The renewal.
            outcome: Its result or its error.
            events: What it reported.
        """
        now = time.time()
        self.cache.complete(pending, outcome, now, self.limits)
        held = pending.held
        if isinstance(outcome, IssuerNotNamed) and held is not None:
            # The resource gets nothing more.
            self.cache.discard(self.terms.slot, held, now)
            held = None
        for event in events:
            self.report(event)
        if isinstance(outcome, Renewed):
            self._report_oddities(outcome.token)
        if isinstance(outcome, Exception):
            left = None if held is None else max(0.0, stale_from(held) - now)
            self.report(RenewalFailed(*self.terms.labels, outcome, left))

    def report(self, event: Event) -> None:
        """Log *event* and pass it to the event hook."""
        emit(event, self.options.on_event)

    def _report_oddities(self, token: Token) -> None:
        # Each kind once: the same server returns the same oddity at every renewal.
        new = [oddity for oddity in token.oddities if oddity not in self._reported]
        if new:
            self._reported.update(new)
            self.report(ResponseOdd(*self.terms.labels, tuple(new)))

    def discard(self, token: Token, api: str | None) -> bool:
        """
        Remove a token that an API rejected from the cache, and report it.

        Args:
            token: The token.
            api: The origin of the API. None if a program discards the token by hand: it does not say which tokens the
                API accepts, so each rejection counts as a first one.

        Returns:
            False if the token is kept because the API rejects one token after the other.
        """
        self._forget_resource()
        before, after = self.cache.discard(self.terms.slot, token, time.time(), api=api)
        if before.token == token and after.token is None:
            self.report(TokenDiscarded(*self.terms.labels, api))
        if after.rejections != before.rejections and api is not None:
            repeated = rejections_of(after.rejections, api)
            if repeated is not None and repeated.count == 1:
                self.report(RejectionRepeated(*self.terms.labels, repeated.until - repeated.since, api))
        return after.token != token

    def _forget_resource(self) -> None:
        # A resource that rejects a token may have changed its metadata (RFC 9728 section 5.2).
        terms = self.terms
        if terms.discovery is not None and terms.discovery.by_resource:
            terms.discovery.cache.forget_resource(terms.request.resources[0])

    def proofs(self, token: Token) -> "CallProofs | None":
        """Return the DPoP proofs of one call with *token*, or None for a bearer token."""
        key = self.terms.request.dpop_key
        if key is None:
            return None
        from oauth_cc._io.proofs import CallProofs

        return CallProofs(key, token, self.terms.hints)

    def is_rejection(self, response: HttpResponse) -> bool:
        """Return whether an API's *response* means that a new token may do better."""
        from oauth_cc.challenge import token_rejected

        return token_rejected(response, self.terms.request.dialect)

    def accepts(self, response: HttpResponse, token: Token, api: str) -> bool:
        """
        Return whether an API accepts a token, says its response to a repeated call, and remember it.

        Args:
            response: The response.
            token: The token of the call.
            api: The origin of the API.
        """
        if self.is_rejection(response):
            return False
        self.cache.accept(self.terms.slot, token, api)
        return True

    def widened(self, response: HttpResponse, token: Token) -> "SourceContext | None":
        """
        Return the context for a token with the scope that an API requires, or None to leave its *response* as it is.

        Args:
            response: The API's response.
            token: The token of the call.
        """
        allowed = self.options.scopes_allowed
        if not allowed:
            return None
        from oauth_cc.challenge import insufficient_scope

        required = insufficient_scope(response)
        if not required or not required <= allowed or required <= token.scope:
            return None
        request = self.terms.request
        if required <= request.scope:
            # Another caller got the scope meanwhile, or the server does not grant it.
            return self if self.peek() not in (None, token) else None
        wider = request.with_scope(request.scope | token.scope | required)
        return attrs.evolve(self, terms=self.terms.with_request(wider))

    def report_scope(self, response: HttpResponse, api: str | None = None) -> None:
        """Report that the origin *api* requires more scope, if its *response* says so."""
        from oauth_cc.challenge import insufficient_scope

        scope = insufficient_scope(response)
        if scope is not None:
            self.report(ScopeInsufficient(*self.terms.labels, scope, api))

    def report_withheld(self, called: Origin) -> None:
        """Report that a request was sent to the origin *called* without the token."""
        self.report(TokenWithheld(self.terms.client_id, self.terms.endpoint_origin, str(called)))

    def store_failed(
        self, error: Exception, operation: type[Load | Save | Lock], report: Callable[[Event], object]
    ) -> Failed:
        """Return *error* of a store's *operation* as a failure, and *report* it unless the store failed before."""
        if self.cache.note_store(operation, failed=True):
            report(StoreFailed(*self.terms.labels, error))
        return Failed(error, retryable=True)

    def store_succeeded(self, operation: type[Load | Save | Lock], report: Callable[[Event], object]) -> None:
        """Use *report* to say that the store is available again, if *operation* was the first that failed."""
        if self.cache.note_store(operation, failed=False):
            report(StoreReturned(*self.terms.labels))


def source_context(
    request: TokenRequest | ClientCredentials,
    endpoint: GivenEndpoint,
    store: TokenCache | Store | AsyncStore | None,
    options: Options,
    discovery: Discovery | None = None,
) -> SourceContext:
    """
    Return the context of a source.

    Args:
        request: The token request, or credentials for a request without scope.
        endpoint: The token endpoint or an `Issuer`; the issuer if *discovery* is given.
        store: A cache shared by sources, or a store shared by processes. None for a new cache.
        options: Timeout, retries, renewal and events.
        discovery: How the token endpoint is discovered. None if *endpoint* is the token endpoint or an `Issuer`.

    Raises:
        InvalidInput: The request cannot be sent, or *store* or *options* has the wrong type.
    """
    check_options(options)
    if isinstance(endpoint, Issuer):
        endpoint, discovery = endpoint.endpoint, _discovery(None) if discovery is None else discovery
    cache = store if isinstance(store, TokenCache) else TokenCache(store)
    agreed = terms(
        request,
        endpoint,
        shared=cache.store is not None,
        retries=options.retries,
        renewal_window=options.renewal_window,
        wait_timeout=options.wait_timeout,
        discovery=discovery,
    )
    if agreed.endpoint.allow_http:
        warn_of_plain_http(agreed.client_id, agreed.endpoint)
    return SourceContext(cache, agreed, options)


def issuer_context(
    issuer: GivenEndpoint,
    request: TokenRequest | ClientCredentials,
    store: TokenCache | Store | AsyncStore | None,
    cache: MetadataCache | None,
    options: Options,
) -> SourceContext:
    """
    Return the context of a source that discovers the token endpoint of *issuer* at the first request.

    Args:
        issuer: The issuer identifier, a URL, an `Endpoint` or an `Issuer`.
        request: The token request, or credentials for a request without scope.
        store: A cache shared by sources, or a store shared by processes. None for a new cache.
        cache: Metadata shared by sources. None for a new cache.
        options: Timeout, retries, renewal and events.

    Raises:
        InvalidInput: The request cannot be sent, or *store*, *cache* or *options* has the wrong type.
    """
    return source_context(request, issuer, store, options, _discovery(cache))


def resource_context(
    url: str,
    request: TokenRequest | ClientCredentials,
    issuer: GivenEndpoint,
    store: TokenCache | Store | AsyncStore | None,
    cache: MetadataCache | None,
    options: Options,
) -> SourceContext:
    """
    Return the context of a source that discovers what *url*, a protected resource, accepts at the first request.

    Args:
        url: The resource identifier.
        request: The token request, or credentials for a request with the scope that the resource names.
        issuer: The issuer identifier, which the resource must name.
        store: A cache shared by sources, or a store shared by processes. None for a new cache.
        cache: Metadata shared by sources. None for a new cache.
        options: Timeout, retries, renewal and events.

    Raises:
        InvalidInput: The request cannot be sent or names another resource, or an argument has the wrong type.
    """
    asked = as_request(request)
    named = asked if asked.resources == (url,) else asked.with_resource(url)
    return source_context(named, issuer, store, options, _discovery(cache, by_resource=True))


def _discovery(cache: MetadataCache | None, *, by_resource: bool = False) -> Discovery:
    check_cache(cache)
    return Discovery(MetadataCache() if cache is None else cache, by_resource)


def token_flow(
    request: TokenRequest | ClientCredentials, endpoint: GivenEndpoint, client: object, options: Options
) -> Flow[Token]:
    """
    Return the flow of one token request.

    Args:
        request: The token request, or credentials for a request without scope.
        endpoint: The token endpoint, or an `Issuer` to discover it.
        client: The client that sends the request. None for a default client.
        options: Timeout and retries.

    Raises:
        InvalidInput: The request cannot be sent, or *options* has the wrong type.
    """
    check_options(options)
    asked = as_request(request)
    check_client(asked, client)
    if isinstance(endpoint, Issuer):
        return _discovered(asked, endpoint, options)
    return exchange(asked, endpoint, retries=options.retries)


def _discovered(request: TokenRequest, issuer: Issuer, options: Options) -> Flow[Token]:
    # Loaded late, because most programs name the endpoint.
    from oauth_cc.flows.discovery import discover_endpoint

    endpoint = yield from discover_endpoint(issuer.endpoint, request, retries=options.retries)
    return (yield from exchange(request, endpoint, retries=options.retries))


class Source:
    """The common base of the sources for threads and for async code."""

    def __init__(self, context: SourceContext, client: object) -> None:
        self._context = context
        self._client = client
        self._closed = threading.Event()
        # The last renewal of each token that this source or one derived from it has started.
        self._started: dict[Hashable, PendingRenewal] = {}

    def __copy__(self) -> Self:
        return duplicate(self)

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return duplicate(self)

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        refuse_pickling(self)

    def __repr__(self) -> str:
        if not hasattr(self, "_context"):
            # Tracebacks show the repr of an object whose constructor raised.
            return f"{type(self).__name__}()"
        return f"{type(self).__name__}({self._context.terms.request!r})"

    @property
    def context(self) -> SourceContext:
        """The state of this source."""
        return self._context

    def peek(self) -> Token | None:
        """Return the cached token if it can be used, else None. Never blocks, and requests nothing."""
        return self._context.peek()

    def widened(self, response: HttpResponse, token: Token) -> Self | None:
        """
        Return a source of tokens with the scope that an API requires and the options allow, or None.

        Args:
            response: The API's response.
            token: The token of the call.
        """
        context = self._context.widened(response, token)
        if context is None:
            return None
        other = copy.copy(self)
        other._context = context  # noqa: SLF001  # a copy of self
        return other

    def adopt(self, other: Self) -> None:
        """Return the tokens of *other*, a source that this one was widened to, from now on."""
        self._context = other.context

    def _judged(self, outcome: Renewal | BaseException, pending: PendingRenewal) -> Renewal | BaseException:
        # A renewal in the background that finds its client closed has not failed: the program has left the client.
        is_over = isinstance(outcome, Exception) and pending.held is not None and _is_closed(self._client)
        return Kept() if is_over else outcome

    def with_scope(self, scope: Scope) -> Self:
        """Return a source of tokens with *scope*. It shares cache and client with this source."""
        return self._with_request(self._context.terms.request.with_scope(scope))

    def with_resource(self, uri: str) -> Self:
        """Return a source of tokens for the resource *uri* (RFC 8707). It shares cache and client with this source."""
        return self._with_request(attrs.evolve(self._context.terms.request, resources=()).with_resource(uri))

    def _with_request(self, request: TokenRequest) -> Self:
        other = copy.copy(self)
        other._context = attrs.evolve(self._context, terms=self._context.terms.with_request(request))  # noqa: SLF001  # a copy of self
        return other


def check_kind(client: object, kind: type[object]) -> None:
    """Raise `InvalidInput` unless *client* is None or an instance of *kind*."""
    if client is not None and not isinstance(client, kind):
        raise InvalidInput("client", f"client must be a {_name(kind)}, not {_name(type(client))}")


def check_client(request: TokenRequest, client: object) -> None:
    """
    Raise `InvalidInput` if *request* needs a client certificate, which a default client lacks (RFC 8705 section 2).

    Args:
        request: The token request.
        client: The client that was passed, None for the default client.
    """
    if client is None and request.client_certificate is not None:
        reason = "no client; this request needs mutual TLS, so pass a client that has the certificate and its key"
        raise InvalidInput("client", reason)


def _is_closed(client: object) -> bool:
    # httpx2 and httpx have the first, aiohttp has the second. A session of requests stays open.
    return bool(getattr(client, "is_closed", False) or getattr(client, "closed", False))


def _name(kind: type[object]) -> str:
    # Users know the class by the library's name, not by the module that defines it.
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}"


def check_not_leading(pending: PendingRenewal) -> None:
    """Raise `InvalidInput` if the current thread or task performs *pending*, and would wait for itself."""
    if pending is LEADING.get():
        reason = (
            "a signer, assertion source, store or log handler that a renewal calls must not ask for the same token; "
            "use another source for its calls"
        )
        raise InvalidInput("token", reason)


def raisable(error: BaseException) -> BaseException:
    """
    Return *error* for one of several callers to raise.

    An own error is copied, and others lose their traceback, because callers would otherwise extend one traceback.
    """
    return copy.copy(error) if isinstance(error, OAuthError) else error.with_traceback(None)
