"""
The token source for async code on asyncio and trio.

anyio is imported with the first token, because programs for threads import this module too.
"""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self, assert_never

from oauth_cc._io.base_source import LEADING, Source, check_not_leading, raisable
from oauth_cc._io.context import SourceContext
from oauth_cc._io.source import LOOK
from oauth_cc.errors import IssuerNotNamed, RenewalTimedOut, SourceClosed
from oauth_cc.events import Event
from oauth_cc.flows.effects import Failed, Received, Save
from oauth_cc.flows.renewal import Renewal, renewal
from oauth_cc.flows.single_flight import Refuse, Use
from oauth_cc.http import HttpRequest
from oauth_cc.stores._pending import AwaitRenewal, PendingRenewal, StartRenewal
from oauth_cc.stores._protocol import AsyncStore, Store, is_async_store, is_store
from oauth_cc.token import Token, bearer_authorization

if TYPE_CHECKING:
    from anyio import CancelScope


class AsyncTokenSource(Source):
    """
    Cache one access token and renew it before it expires, for tasks on asyncio and trio.

    Sources that share a `TokenCache` share its renewals, across event loops and threads. A renewal runs in its own
    task. If the task that started it is cancelled, the renewal continues, and the waiting tasks get its result. While
    the cached token is usable, no task waits for its renewal.

    Args:
        context: The cache, the request and the endpoint. A store for threads is called in worker threads.
        send: Sends one request on an HTTP library.
        client: The user's client, or None.
    """

    def __init__(
        self,
        context: SourceContext,
        send: Callable[[HttpRequest], Awaitable[Received | Failed]],
        client: object = None,
    ) -> None:
        super().__init__(context, client)
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

    async def authorization(self) -> str:
        """
        Return the value of an ``Authorization`` header, ``Bearer`` and the token, for other libraries.

        Nothing redacts it. Raises the errors of `token`, and `InvalidInput` for a token that goes elsewhere: one whose
        dialect has its own placement, or a DPoP token. `oauth_cc.authorize` places each token.
        """
        return bearer_authorization(await self.token()).reveal()

    async def expires_at(self) -> float:
        """
        Return the end of the token that `token` returns, in POSIX seconds.

        Raises the errors of `token`.
        """
        return (await self.token()).expires_at

    async def discard(self, token: Token, *, api: str | None = None) -> bool:
        """
        Remove *token* from cache and store after an API rejected it (RFC 6750 section 3.1).

        A token other than *token* stays in the cache.

        Args:
            token: The rejected token.
            api: The origin of the API, which an auth names. If this API rejects one token after the other within a
                minute, the last one stays for 5 seconds, and longer each time, up to a minute. Without a name, all
                rejections count as those of one API.

        Returns:
            Whether to repeat the call with the token that the source returns next.
        """
        if not self._context.discard(token, api):
            return False
        await self._discard_stored(token)
        return True

    async def _discard_stored(self, token: Token) -> None:
        store = _for_tasks(self._context.cache.store)
        if store is not None:
            try:
                await store.discard(self._context.terms.cache_key, token)
            except Exception as error:  # the cache has dropped the token and does not load it again
                self._context.store_failed(error, Save, self._context.report)

    @asynccontextmanager
    async def keep_fresh(self) -> AsyncGenerator[None]:
        """
        Obtain a token, and renew it without calls while the block runs, so that `peek` finds a usable token.

        Raises the errors of `token` for the first token. Later errors are events and log lines.
        """
        import anyio

        from oauth_cc._io.async_driver import detach

        await self.token()
        left = anyio.CancelScope()
        # Not in a task group, which would wrap the exception of the block. asyncio holds only weak references to tasks.
        task = detach(self._stay_fresh, left)
        try:
            yield
        finally:
            left.cancel()
            del task

    async def close(self) -> None:
        """
        Close this source and the sources derived from it. Their methods then raise `SourceClosed`.

        A renewal in the background is waited for until the timeout of one attempt has passed since it began.
        """
        self._closed.set()
        timeout = self._context.options.timeout
        for pending in list(self._started.values()):
            while not pending.ended.is_settled and (left := pending.seconds_left(timeout, time.time())):
                from oauth_cc._io.async_driver import wait_for

                await wait_for(pending.ended, min(left, LOOK))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _obtain(self) -> Token:
        ends_at = time.monotonic() + self._context.terms.wait_timeout
        while True:
            match self._context.ask():
                case Use(token):
                    return token
                case Refuse(error):
                    raise raisable(error)
                case StartRenewal(pending, held):
                    from oauth_cc._io.async_driver import detach

                    self._started[pending.key] = pending
                    pending.task = detach(self._lead, pending)
                    if held is not None and self._context.options.background_renewal:
                        return held
                case AwaitRenewal(pending):
                    pass
                case _ as answer:
                    assert_never(answer)
            renewed = await self._outcome_of(pending, ends_at)
            if renewed is not None:
                return renewed

    async def _lead(self, pending: PendingRenewal) -> None:
        from oauth_cc._io.async_driver import current_leader

        leader = current_leader()
        events: list[Event] = []
        try:
            if not pending.claim(leader):
                return
            LEADING.set(pending)
            outcome: Renewal | Exception = await self._renew(pending, events)
        except IssuerNotNamed as error:
            outcome = error
            if pending.held is not None:
                await self._discard_stored(pending.held)
        except Exception as error:  # every waiting caller raises it
            outcome = error
        except BaseException:
            if pending.leader is leader:
                self._context.cache.abandon(pending)
                pending.ended.settle(True)
            raise
        self._context.complete(pending, self._judged(outcome, pending), events)
        pending.ended.settle(True)

    async def _renew(self, pending: PendingRenewal, events: list[Event]) -> Renewal:
        from oauth_cc._io.async_driver import AsyncStoreEffects, drive, take_turn

        await take_turn()
        store = _for_tasks(self._context.cache.store)
        store_effects = None if store is None else AsyncStoreEffects(store, self._context, events.append)
        flow = renewal(self._context.terms, held=pending.held, rejected=pending.rejected)
        return await drive(flow, self.send, store_effects=store_effects, report=events.append)

    async def _outcome_of(self, pending: PendingRenewal, ends_at: float) -> Token | None:
        check_not_leading(pending)
        from oauth_cc._io.async_driver import wait_for

        left = ends_at - time.monotonic()
        if not await wait_for(pending.outcome, max(0.0, min(left, LOOK))):
            if left <= LOOK:
                raise RenewalTimedOut(self._context.terms.wait_timeout)
            return None
        outcome = pending.outcome.value
        if isinstance(outcome, BaseException):
            raise raisable(outcome)
        return outcome

    async def _stay_fresh(self, left: "CancelScope") -> None:
        import anyio

        with left:
            while not self._closed.is_set():
                await anyio.sleep(self._pause())
                # The renewal reports its errors.
                with suppress(Exception):
                    await self.token()


def _for_tasks(store: Store | AsyncStore | None) -> AsyncStore | None:
    if not is_store(store):
        return store if is_async_store(store) else None
    from oauth_cc._io.async_driver import ThreadedStore

    return ThreadedStore(store)
