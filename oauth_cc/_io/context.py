"""
The state of one token source: its cache, its terms and its event hook.
"""

import sys
import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Final, final

import attrs

from oauth_cc._io.log import emit
from oauth_cc._io.options import DEFAULTS, Options
from oauth_cc.endpoint import Origin
from oauth_cc.errors import IssuerNotNamed, texts_fault
from oauth_cc.events import (
    Event,
    ProofAlgorithmUnsupported,
    RejectionRepeated,
    RenewalFailed,
    ResponseOdd,
    ScopeInsufficient,
    StoreFailed,
    StoreReturned,
    TokenDiscarded,
    TokenWithheld,
)
from oauth_cc.flows.effects import Failed, Load, Lock, Save
from oauth_cc.flows.freshness import stale_from
from oauth_cc.flows.rejection import rejections_of
from oauth_cc.flows.renewal import Renewal, Renewed, Terms
from oauth_cc.flows.single_flight import Use
from oauth_cc.http import HttpResponse
from oauth_cc.scope import Scope
from oauth_cc.secret import Secret
from oauth_cc.stores._pending import Answer, Limits, PendingRenewal, StartRenewal
from oauth_cc.stores.cache import TokenCache
from oauth_cc.token import Token, token_fault

if TYPE_CHECKING:
    # Imported at run time by the method that needs it.
    from oauth_cc._io.proofs import CallProofs

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
        answer = self.cache.ask(self.terms.slot, time.time(), self.limits)
        if isinstance(answer, StartRenewal) and answer.held is not None and sys.is_finalizing():
            # A finaliser asks. Threads and modules that a renewal needs are gone, and nobody would use its token.
            self.cache.abandon(answer.pending)
            return Use(answer.held)
        return answer

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
            self.cache.revoke(self.terms.slot, held)
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
            api: The origin of the API. None if a program that discards the token does not name it.

        Returns:
            False if the token is kept because the API rejects one token after the other.
        """
        fault = token_fault(token) or texts_fault(api=api)
        if fault is not None:
            del token
            raise fault
        self._forget_resource()
        before, after = self.cache.discard(self.terms.slot, token, time.time(), api=api)
        if before.token == token and after.token is None:
            self.report(TokenDiscarded(*self.terms.labels, api))
        if after.token == token and after.rejections != before.rejections:
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

    def report_requirements(self, response: HttpResponse, api: str, *tokens: Token) -> None:
        """
        Report that an API requires more scope, or proofs by another algorithm, if it does.

        Args:
            response: The API's response.
            api: The origin of the API.
            tokens: The tokens of the call. An API may repeat them where the scope belongs.
        """
        from oauth_cc.challenge import insufficient_scope

        scope = insufficient_scope(response)
        if scope is not None:
            from oauth_cc.refusal import known_secrets, redact

            secrets = (*known_secrets(self.terms.request), *[token.access_token for token in tokens])
            shown = Scope.parse(redact(str(scope), secrets))
            self.report(ScopeInsufficient(*self.terms.labels, shown, api))
        key = self.terms.request.dpop_key
        if key is not None:
            from oauth_cc.dpop import accepted_algorithms

            accepted = accepted_algorithms(response)
            if accepted and key.algorithm not in accepted:
                self.report(ProofAlgorithmUnsupported(*self.terms.labels, key.algorithm, accepted, api))

    def report_withheld(self, called: Origin | str) -> None:
        """Report that a request was sent to *called* without the token: an origin, or text that is not one."""
        from oauth_cc.refusal import known_secrets, redact

        # A redirect may have chosen a host that holds the token.
        shown = redact(str(called), (*known_secrets(self.terms.request), *self._tokens()))
        self.report(TokenWithheld(self.terms.client_id, self.terms.endpoint_origin, shown))

    def _tokens(self) -> tuple[Secret, ...]:
        state = self.cache.state(self.terms.slot)
        return tuple([token.access_token for token in (state.token, *state.rejected) if token is not None])

    def store_failed(
        self, error: Exception, operation: type[Load | Save | Lock], report: Callable[[Event], object]
    ) -> Failed:
        """
        Return the failure of an operation of the store, and report it unless the store had already failed.

        Args:
            error: The error of the store.
            operation: The class of the effect that failed.
            report: Receives the `StoreFailed` event.
        """
        if self.cache.note_store(operation, failed=True):
            report(StoreFailed(*self.terms.labels, error))
        return Failed(error, retryable=True)

    def store_succeeded(self, operation: type[Load | Save | Lock], report: Callable[[Event], object]) -> None:
        """
        Report that the store is available again, if *operation* was the first that failed.

        Args:
            operation: The class of the effect that succeeded.
            report: Receives the `StoreReturned` event.
        """
        if self.cache.note_store(operation, failed=False):
            report(StoreReturned(*self.terms.labels))
