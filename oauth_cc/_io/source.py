"""
The token source for threads.
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

    One caller requests a token while the others wait for the result. While the cached token is usable, the others keep
    using it. If its renewal fails, every caller keeps using it until it expires. The module of each HTTP library has a
    source of this name.

    Args:
        context: The cache, the request and the endpoint.
        send: Sends one request on an HTTP library.

    Raises:
        InvalidInput: The store is for async code.
    """

    def __init__(self, context: SourceContext, send: Callable[[HttpRequest], Received | Failed]) -> None:
        super().__init__(context)
        self.send = send
        store = context.cache.store
        if is_async_store(store):
            name = type(store).__name__
            reason = f"store must be for threads, but {name} is for async code; use AsyncTokenSource, or another store"
            raise InvalidInput("store", reason)
        self._store = store if is_store(store) else None

    def token(self) -> Token:
        """
        Return the cached token, or a new token if the cached token has expired or is due for renewal.

        Raises:
            TokenRequestRefused: The server rejected the request.
            InvalidResponse: The response is not a token response.
            RenewalTimedOut: Another caller's token request takes longer than `wait_timeout`.
            SourceClosed: This source is closed.
            Exception: The HTTP library's error, if no response arrived.
        """
        if self._closed.is_set():
            raise SourceClosed
        token = self._context.fresh()
        return token if token is not None else self._obtain()

    def access_token(self) -> str:
        """
        Return the access token as a plain str, for other libraries. Nothing redacts it.

        Raises the errors of `token`.
        """
        return self.token().access_token.reveal()

    def discard(self, token: Token) -> bool:
        """
        Remove *token* from cache and store after an API rejected it (RFC 6750 section 3.1).

        A token other than *token* stays in the cache.

        Returns:
            Whether to repeat the call with the token that the source returns next.
        """
        self._context.discard(token)
        if self._store is not None:
            try:
                settled(self._store.discard(self._context.terms.cache_key, token))
            except Exception as error:  # the cache has dropped the token and does not load it again
                self._context.store_failed(error)
        return True

    def close(self) -> None:
        """Close this source and the sources derived from it. Their methods then raise `SourceClosed`."""
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
            renewed = self._outcome_of(pending)
            if renewed is not None:
                return renewed

    def _lead(self, pending: PendingRenewal) -> None:
        try:
            outcome: Renewal | Exception = self._renew(pending)
        except Exception as error:  # every waiting caller raises it
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
            # An event loop of this thread leads the renewal. It cannot run while this thread waits.
            outcome = self._renew(pending)
            return outcome.token if isinstance(outcome, Renewed) else None
        try:
            error = pending.future.exception(self._context.terms.wait_timeout)
        except TimeoutError:
            raise RenewalTimedOut(self._context.terms.wait_timeout) from None
        if error is not None:
            raise raisable(error)
        return pending.future.result()
