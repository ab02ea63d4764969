"""
The token source for async code on asyncio and trio.

anyio is imported with the first token, because programs for threads import this module too.
"""

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, assert_never

from oauth_cc._io.context import Source, SourceContext, raisable
from oauth_cc.errors import RenewalTimedOut, SourceClosed
from oauth_cc.flows.effects import Failed, Received
from oauth_cc.flows.renewal import Renewal, renewal
from oauth_cc.flows.single_flight import Refuse, Use
from oauth_cc.http import HttpRequest
from oauth_cc.stores._protocol import AsyncStore, Store, is_async_store, is_store
from oauth_cc.stores.cache import AwaitRenewal, PendingRenewal, StartRenewal
from oauth_cc.token import Token


class AsyncTokenSource(Source):
    """
    Cache one access token and renew it before it expires, for tasks on asyncio and trio.

    Sources that share a `TokenCache` share its renewals, across event loops and threads. A renewal goes on when the
    task that started it is cancelled, and the waiting tasks get its result.

    Args:
        context: The cache, the request and the endpoint. A store for threads is called in worker threads.
        send: Sends one request on an HTTP library.
    """

    def __init__(self, context: SourceContext, send: Callable[[HttpRequest], Awaitable[Received | Failed]]) -> None:
        super().__init__(context)
        self.send = send

    async def token(self) -> Token:
        """
        Return the cached token, or a new token if the cached token has expired or is due for renewal.

        Raises the errors of `TokenSource.token`.
        """
        if self._closed.is_set():
            raise SourceClosed
        token = self._context.fresh()
        return token if token is not None else await self._obtain()

    async def access_token(self) -> str:
        """
        Return the access token as a plain str, for other libraries. Nothing redacts it.

        Raises the errors of `token`.
        """
        return (await self.token()).access_token.reveal()

    async def discard(self, token: Token) -> bool:
        """
        Remove *token* from cache and store after an API rejected it (RFC 6750 section 3.1).

        A token other than *token* stays in the cache.

        Returns:
            Whether to repeat the call with the token that the source returns next.
        """
        self._context.discard(token)
        store = _for_tasks(self._context.cache.store)
        if store is not None:
            try:
                await store.discard(self._context.terms.cache_key, token)
            except Exception as error:  # the cache has dropped the token and does not load it again
                self._context.store_failed(error)
        return True

    async def close(self) -> None:
        """Close this source and the sources derived from it. Their methods then raise `SourceClosed`."""
        self._closed.set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _obtain(self) -> Token:
        while True:
            match self._context.ask():
                case Use(token):
                    return token
                case Refuse(error):
                    raise raisable(error)
                case StartRenewal(pending):
                    from oauth_cc._io.async_driver import detach

                    pending.leader = detach(self._lead, pending)
                case AwaitRenewal(pending):
                    pass
                case _ as answer:
                    assert_never(answer)
            renewed = await self._outcome_of(pending)
            if renewed is not None:
                return renewed

    async def _lead(self, pending: PendingRenewal) -> None:
        try:
            outcome: Renewal | Exception = await self._renew(pending)
        except Exception as error:  # every waiting caller raises it
            outcome = error
        except BaseException:
            self._context.cache.abandon(pending)
            raise
        self._context.complete(pending, outcome)

    async def _renew(self, pending: PendingRenewal) -> Renewal:
        from oauth_cc._io.async_driver import AsyncStoreEffects, drive

        store = _for_tasks(self._context.cache.store)
        store_effects = None if store is None else AsyncStoreEffects(store, self._context)
        flow = renewal(self._context.terms, held=pending.held, rejected=pending.rejected)
        return await drive(flow, self.send, store_effects=store_effects, hook=self._context.hook)

    async def _outcome_of(self, pending: PendingRenewal) -> Token | None:
        wait_timeout = self._context.terms.wait_timeout
        from oauth_cc._io.async_driver import wait_for

        if not await wait_for(pending.future, wait_timeout):
            raise RenewalTimedOut(wait_timeout)
        error = pending.future.exception()
        if error is not None:
            raise raisable(error)
        return pending.future.result()


def _for_tasks(store: Store | AsyncStore | None) -> AsyncStore | None:
    if not is_store(store):
        return store if is_async_store(store) else None
    from oauth_cc._io.async_driver import ThreadedStore

    return ThreadedStore(store)
