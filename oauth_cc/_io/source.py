"""
The source of tokens for threads.
"""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self, assert_never

from oauth_cc._io.context import Source, SourceContext, raisable
from oauth_cc._io.driver import StoreEffects, drive
from oauth_cc.errors import InvalidInput, RenewalTimedOut, SourceClosed
from oauth_cc.flows.effects import Failed, Received
from oauth_cc.flows.renewal import Renewal, Renewed, renewal
from oauth_cc.flows.single_flight import Refuse, Use
from oauth_cc.http import HttpRequest
from oauth_cc.stores._protocol import is_async_store, is_store, settled
from oauth_cc.stores.cache import AwaitRenewal, PendingRenewal, StartRenewal
from oauth_cc.token import Token


class TokenSource(Source):
    """
    Cache one access token and renew it before it expires. Safe to share between threads.

    One caller asks the server while the others wait for its answer, which may be an error. While the cached token can
    still be used, the others keep using it. If its renewal fails, all keep using it until it expires. The module of
    each HTTP library has a source of this name.

    Args:
        context: What is asked for and where, with the cache.
        send: Sends one request by an HTTP library.

    Raises:
        InvalidInput: The store is for async code.
    """

    def __init__(self, context: SourceContext, send: Callable[[HttpRequest], Received | Failed]) -> None:
        super().__init__(context)
        self.send: Callable[[HttpRequest], Received | Failed] = send
        store = context.cache.store
        if is_async_store(store):
            raise InvalidInput("store", f"{type(store).__name__} is for async code: give one for threads")
        self._store = store if is_store(store) else None

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

    def close(self) -> None:
        """Ends this source, and those made from it: they give no token from then on."""
        self._closed.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

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
        return drive(flow, self.send, store_effects=store_effects, hook=self._context.hook)

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
