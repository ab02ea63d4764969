"""
The token source for async code, on asyncio and trio.

asyncio and anyio load with the first token, since programs of threads import this module too.
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

    Sources that share a `TokenCache` share its renewals, across event loops and threads. If the task that started a
    renewal is cancelled, the renewal goes on and the waiting tasks get its result.

    Args:
        context: The cache, and what to request and where. A store for threads is called on worker threads.
        send: Sends one request through an HTTP library; awaited.
    """

    def __init__(self, context: SourceContext, send: Callable[[HttpRequest], Awaitable[Received | Failed]]) -> None:
        super().__init__(context)
        self.send = send

    async def token(self) -> Token:
        """
        Return a token that can be used now: the cached one, or a new one. Raises what `TokenSource.token` raises.
        """
        if self._closed.is_set():
            raise SourceClosed
        token = self._context.fresh()
        return token if token is not None else await self._obtain()

    async def access_token(self) -> str:
        """
        Return the text of `token`'s access token, for libraries that take a str.

        It is a plain string, which nothing redacts. Raises what `token` raises.
        """
        return (await self.token()).access_token.reveal()

    async def discard(self, token: Token) -> None:
        """
        Remove *token*, which an API rejected (RFC 6750 section 3.1), from the cache. The next call gets another one.

        If the cache already holds another token, it keeps that.
        """
        self._context.discard(token)
        store = _for_tasks(self._context.cache.store)
        if store is not None:
            try:
                await store.discard(self._context.terms.cache_key, token)
            except Exception as error:  # the token is out of memory and is not loaded again
                self._context.store_failed(error)

    async def close(self) -> None:
        """Close this source and the sources made from it: from then on they raise `SourceClosed`."""
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
            arrived = await self._outcome_of(pending)
            if arrived is not None:
                return arrived

    async def _lead(self, pending: PendingRenewal) -> None:
        try:
            outcome: Renewal | Exception = await self._renew(pending)
        except Exception as error:  # the outcome of every waiting caller, each of which raises it
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
