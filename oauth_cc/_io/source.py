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

    One caller requests a token while the others wait for the result, which may be an error. While the cached token can
    still be used, the others keep using it. If its renewal fails, all keep using it until it expires. The module of
    each HTTP library has a source of this name.

    Args:
        context: The cache, and what to request and where.
        send: Sends one request through an HTTP library.

    Raises:
        InvalidInput: The store is for async code.
    """

    def __init__(self, context: SourceContext, send: Callable[[HttpRequest], Received | Failed]) -> None:
        super().__init__(context)
        self.send = send
        store = context.cache.store
        if is_async_store(store):
            reason = f"store must be for threads, and {type(store).__name__} is for async code; use AsyncTokenSource"
            raise InvalidInput("store", reason)
        self._store = store if is_store(store) else None

    def token(self) -> Token:
        """
        Return a token that can be used now: the cached one, or a new one.

        Raises:
            TokenRequestRefused: The server refused the request.
            InvalidResponse: The response is not a token response.
            RenewalTimedOut: The renewal that another caller started takes longer than the wait timeout.
            SourceClosed: This source was closed before.
            Exception: The HTTP library's error if there was no response.
        """
        if self._closed.is_set():
            raise SourceClosed
        token = self._context.fresh()
        return token if token is not None else self._obtain()

    def access_token(self) -> str:
        """
        Return the text of `token`'s access token, for libraries that take a str.

        It is a plain string, which nothing redacts. Raises what `token` raises.
        """
        return self.token().access_token.reveal()

    def discard(self, token: Token) -> None:
        """
        Remove *token*, which an API rejected (RFC 6750 section 3.1), from the cache. The next call gets another one.

        If the cache already holds another token, it keeps that.
        """
        self._context.discard(token)
        if self._store is not None:
            try:
                settled(self._store.discard(self._context.terms.cache_key, token))
            except Exception as error:  # the token is out of memory and is not loaded again
                self._context.store_failed(error)

    def close(self) -> None:
        """Close this source and the sources made from it: from then on they raise `SourceClosed`."""
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
        except Exception as error:  # the outcome of every waiting caller, each of which raises it
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
            # A task of this thread's event loop leads the renewal and cannot go on while this thread waits.
            alone = self._renew(pending)
            return alone.token if isinstance(alone, Renewed) else None
        try:
            error = pending.future.exception(self._context.terms.wait_timeout)
        except TimeoutError:
            raise RenewalTimedOut(self._context.terms.wait_timeout) from None
        if error is not None:
            raise raisable(error)
        return pending.future.result()
