"""
The source of tokens for threads.
"""

import copy
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self, assert_never

import attrs

from oauth_cc._io.context import SourceContext, raisable
from oauth_cc._io.driver import StoreEffects, drive
from oauth_cc.errors import InvalidInput, RenewalTimedOut, SourceClosed
from oauth_cc.events import EventHook
from oauth_cc.flows.effects import Failed, Received
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries
from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow
from oauth_cc.flows.renewal import DEFAULT_WAIT_TIMEOUT, Renewal, Renewed, renewal, terms
from oauth_cc.flows.single_flight import Refuse, Use
from oauth_cc.http import HttpRequest
from oauth_cc.request import TokenRequest
from oauth_cc.scope import Scope
from oauth_cc.stores._protocol import Store, is_async_store, is_store, settled
from oauth_cc.stores.cache import AwaitRenewal, PendingRenewal, StartRenewal, TokenCache
from oauth_cc.token import Token


class TokenSource:
    """
    Gives a token that is fresh, whoever asks and however often, and has the server asked as rarely as can be.

    *request*, *endpoint*: what to ask for and where; *send*: sends one request by some HTTP library; *store*: where
    tokens are kept, a `TokenCache` that sources share or a store that processes share, None for memory of its own;
    *retries*: how a failed token request is tried again; *renewal_window*: when early renewal falls due;
    *wait_timeout*: seconds that a caller waits for the token request of another; *on_event*: a function that is told
    what happens, as the log is; *allow_http_loopback* admits http to this machine, for tests.

    Of any number of threads, one asks the server and the others wait for its answer, which may be an error: that it is
    for all of them. While a token that can still be used is renewed, the others go on with it; if the renewal fails, so
    does who tried. The HTTP libraries' modules have a source of this name, which brings the *send* of its library.

    Raises `InvalidInput` if what is given could not be sent.
    """

    def __init__(
        self,
        request: TokenRequest,
        endpoint: str,
        *,
        send: Callable[[HttpRequest], Received | Failed],
        store: TokenCache | Store | None = None,
        retries: Retries = DEFAULT_RETRIES,
        renewal_window: RenewalWindow = DEFAULT_WINDOW,
        wait_timeout: float = DEFAULT_WAIT_TIMEOUT,
        on_event: EventHook | None = None,
        allow_http_loopback: bool = False,
    ) -> None:
        cache = store if isinstance(store, TokenCache) else TokenCache(store)
        agreed = terms(
            request,
            endpoint,
            retries=retries,
            renewal_window=renewal_window,
            wait_timeout=wait_timeout,
            allow_http_loopback=allow_http_loopback,
        )
        self._context = SourceContext(cache, agreed, on_event)
        self._send = send
        if is_async_store(cache.store):
            raise InvalidInput("store", f"{type(cache.store).__name__} is for async code: give one for threads")
        self._store = cache.store if is_store(cache.store) else None
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

    def token(self) -> Token:
        """
        Gives a token that can be used now.

        Raises `TokenRequestRefused` or `InvalidResponse` as the server answers, `RenewalTimedOut` if another caller's
        token request takes too long, `SourceClosed`, and the error of the HTTP library if no answer came.
        """
        if self._closed.is_set():
            raise SourceClosed
        token = self._context.fresh()
        return token if token is not None else self._obtain()

    def discard(self, token: Token) -> None:
        """
        Forgets *token*, which an API did not accept (RFC 6750 section 3.1), so that the next call gets another.

        If *token* is no longer the one at hand, nothing is forgotten.
        """
        self._context.discard(token)
        if self._store is not None:
            try:
                settled(self._store.discard(self._context.terms.cache_key, token))
            except Exception as error:  # the token is out of memory, and not taken from the store again
                self._context.store_failed(error)

    def with_scope(self, scope: Scope) -> Self:
        """Gives a source of tokens of *scope* instead; all else is shared with this one."""
        return self._with_request(self._context.terms.request.with_scope(scope))

    def with_resource(self, uri: str) -> Self:
        """Gives a source of tokens for the resource *uri* instead (RFC 8707); all else is shared with this one."""
        return self._with_request(attrs.evolve(self._context.terms.request, resources=()).with_resource(uri))

    def close(self) -> None:
        """Ends this source, and those made from it: they give no token from then on."""
        self._closed.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _with_request(self, request: TokenRequest) -> Self:
        other = copy.copy(self)
        context = attrs.evolve(self._context, terms=self._context.terms.with_request(request))
        other._context = context  # noqa: SLF001  # a copy of this very object
        return other

    def _obtain(self) -> Token:
        while True:
            match self._context.ask():
                case Use(token):
                    return token
                case Refuse(error):
                    raise raisable(error)
                case StartRenewal(pending):
                    self._lead(pending)
                case AwaitRenewal(pending):
                    pass
                case _ as answer:
                    assert_never(answer)
            wait_for = self._outcome_of(pending)
            if wait_for is not None:
                return wait_for

    def _lead(self, pending: PendingRenewal) -> None:
        try:
            outcome: Renewal | Exception = self._renew(pending)
        except Exception as error:  # it is for all that wait, each of whom raises it
            outcome = error
        except BaseException:
            self._context.cache.abandon(pending)
            raise
        self._context.complete(pending, outcome)

    def _renew(self, pending: PendingRenewal) -> Renewal:
        store_effects = None if self._store is None else StoreEffects(self._store, self._context)
        flow = renewal(self._context.terms, held=pending.held, rejected=pending.rejected)
        return drive(flow, self._send, store_effects=store_effects, hook=self._context.hook)

    def _outcome_of(self, pending: PendingRenewal) -> Token | None:
        if not pending.future.done() and pending.thread == threading.get_ident():
            # An event loop of this very thread leads it, and cannot go on while this thread waits.
            alone = self._renew(pending)
            return alone.token if isinstance(alone, Renewed) else None
        try:
            error = pending.future.exception(self._context.terms.wait_timeout)
        except TimeoutError:
            raise RenewalTimedOut(self._context.terms.wait_timeout) from None
        if error is not None:
            raise raisable(error)
        return pending.future.result()
