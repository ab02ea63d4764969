"""
The source of tokens for async code, on asyncio and trio alike.
"""

import copy
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, assert_never

import attrs

from oauth_cc._io.async_driver import AsyncStoreEffects, ThreadedStore, detach, drive, wait_for
from oauth_cc._io.context import SourceContext, raisable
from oauth_cc.errors import RenewalTimedOut, SourceClosed
from oauth_cc.events import EventHook
from oauth_cc.flows.effects import Failed, Received
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries
from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow
from oauth_cc.flows.renewal import DEFAULT_WAIT_TIMEOUT, Renewal, renewal, terms
from oauth_cc.flows.single_flight import Refuse, Use
from oauth_cc.http import HttpRequest
from oauth_cc.request import TokenRequest
from oauth_cc.scope import Scope
from oauth_cc.stores._protocol import AsyncStore, Store, is_async_store, is_store
from oauth_cc.stores.cache import AwaitRenewal, PendingRenewal, StartRenewal, TokenCache
from oauth_cc.token import Token


class AsyncTokenSource:
    """
    Gives a token that is fresh: `oauth_cc._io.source.TokenSource` for async code, with the same arguments.

    *send* is awaited; *store* may be one for async code or one for threads, whose calls then have threads of their own.
    Sources that share a `TokenCache` share its renewals too, across event loops and threads. A renewal is no part of
    the task that happens to lead it: if that task is cancelled, the renewal goes on and the others are answered.
    """

    def __init__(
        self,
        request: TokenRequest,
        endpoint: str,
        *,
        send: Callable[[HttpRequest], Awaitable[Received | Failed]],
        store: TokenCache | Store | AsyncStore | None = None,
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
        self._store = _for_tasks(cache.store)
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

    async def token(self) -> Token:
        """
        Gives a token that can be used now; what is raised is what `oauth_cc._io.source.TokenSource.token` raises.
        """
        if self._closed.is_set():
            raise SourceClosed
        token = self._context.fresh()
        return token if token is not None else await self._obtain()

    async def discard(self, token: Token) -> None:
        """
        Forgets *token*, which an API did not accept (RFC 6750 section 3.1), so that the next call gets another.

        If *token* is no longer the one at hand, nothing is forgotten.
        """
        self._context.discard(token)
        if self._store is not None:
            try:
                await self._store.discard(self._context.terms.cache_key, token)
            except Exception as error:  # the token is out of memory, and not taken from the store again
                self._context.store_failed(error)

    def with_scope(self, scope: Scope) -> Self:
        """Gives a source of tokens of *scope* instead; all else is shared with this one."""
        return self._with_request(self._context.terms.request.with_scope(scope))

    def with_resource(self, uri: str) -> Self:
        """Gives a source of tokens for the resource *uri* instead (RFC 8707); all else is shared with this one."""
        return self._with_request(attrs.evolve(self._context.terms.request, resources=()).with_resource(uri))

    async def close(self) -> None:
        """Ends this source, and those made from it: they give no token from then on."""
        self._closed.set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def _with_request(self, request: TokenRequest) -> Self:
        other = copy.copy(self)
        context = attrs.evolve(self._context, terms=self._context.terms.with_request(request))
        other._context = context  # noqa: SLF001  # a copy of this very object
        return other

    async def _obtain(self) -> Token:
        while True:
            match self._context.ask():
                case Use(token):
                    return token
                case Refuse(error):
                    raise raisable(error)
                case StartRenewal(pending):
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
        except Exception as error:  # it is for all that wait, each of whom raises it
            outcome = error
        except BaseException:
            self._context.cache.abandon(pending)
            raise
        self._context.complete(pending, outcome)

    async def _renew(self, pending: PendingRenewal) -> Renewal:
        store_effects = None if self._store is None else AsyncStoreEffects(self._store, self._context)
        flow = renewal(self._context.terms, held=pending.held, rejected=pending.rejected)
        return await drive(flow, self._send, store_effects=store_effects, hook=self._context.hook)

    async def _outcome_of(self, pending: PendingRenewal) -> Token | None:
        wait_timeout = self._context.terms.wait_timeout
        if not await wait_for(pending.future, wait_timeout):
            raise RenewalTimedOut(wait_timeout)
        error = pending.future.exception()
        if error is not None:
            raise raisable(error)
        return pending.future.result()


def _for_tasks(store: Store | AsyncStore | None) -> AsyncStore | None:
    if is_async_store(store):
        return store
    return ThreadedStore(store) if is_store(store) else None
