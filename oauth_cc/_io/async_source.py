"""
The source of tokens for async code, on asyncio and trio alike.
"""

import copy
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, assert_never

import attrs

from oauth_cc._io.async_driver import AsyncShelf, InThreads, detach, drive, landed
from oauth_cc._io.context import Desk, raisable
from oauth_cc.errors import RenewalTimedOut, SourceClosed
from oauth_cc.events import EventHook
from oauth_cc.flows.effects import Failed, Received
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries
from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow
from oauth_cc.flows.renewal import DEFAULT_PATIENCE, Renewal, renewal, terms
from oauth_cc.flows.single_flight import Refuse, Use
from oauth_cc.http import HttpRequest
from oauth_cc.request import TokenRequest
from oauth_cc.scope import Scope
from oauth_cc.stores._protocol import AsyncStore, Store, is_async_store, is_store
from oauth_cc.stores.cache import Flight, Join, Lead, MemoryStore
from oauth_cc.token import Token

__all__ = ["AsyncTokenSource"]


class AsyncTokenSource:
    """
    Gives a token that is fresh: `oauth_cc._io.source.TokenSource` for async code, with the same arguments.

    *send* is awaited; *store* may be one for async code or one for threads, whose calls then have threads of their own.
    Sources that share a `MemoryStore` share its renewals too, across event loops and threads. A renewal is no part of
    the task that happens to lead it: if that task is cancelled, the renewal goes on and the others are answered.
    """

    def __init__(
        self,
        request: TokenRequest,
        endpoint: str,
        *,
        send: Callable[[HttpRequest], Awaitable[Received | Failed]],
        store: MemoryStore | Store | AsyncStore | None = None,
        retries: Retries = DEFAULT_RETRIES,
        window: RenewalWindow = DEFAULT_WINDOW,
        patience: float = DEFAULT_PATIENCE,
        on_event: EventHook | None = None,
        allow_http_loopback: bool = False,
    ) -> None:
        memory = store if isinstance(store, MemoryStore) else MemoryStore(store)
        agreed = terms(
            request,
            endpoint,
            retries=retries,
            window=window,
            patience=patience,
            allow_http_loopback=allow_http_loopback,
        )
        self._desk = Desk(memory, agreed, on_event)
        self._send = send
        self._store = _for_tasks(memory.behind)
        self._closed = threading.Event()

    def __repr__(self) -> str:
        if not hasattr(self, "_desk"):
            # A traceback shows one that was refused while it was made.
            return f"{type(self).__name__}()"
        return f"{type(self).__name__}({self._desk.terms.request!r})"

    @property
    def desk(self) -> Desk:
        """Where this source asks, and on which terms: for the shells."""
        return self._desk

    async def token(self) -> Token:
        """
        Gives a token that can be used now; what is raised is what `oauth_cc._io.source.TokenSource.token` raises.
        """
        if self._closed.is_set():
            raise SourceClosed
        token = self._desk.fresh()
        return token if token is not None else await self._obtain()

    async def discard(self, token: Token) -> None:
        """
        Forgets *token*, which an API did not accept (RFC 6750 section 3.1), so that the next call gets another.

        If *token* is no longer the one at hand, nothing is forgotten.
        """
        self._desk.discard(token)
        if self._store is not None:
            try:
                await self._store.discard(self._desk.terms.key, token)
            except Exception as error:  # the token is out of memory, and not taken from the store again
                self._desk.store_failed(error)

    def with_scope(self, scope: Scope) -> Self:
        """Gives a source of tokens of *scope* instead; all else is shared with this one."""
        return self._with_request(self._desk.terms.request.with_scope(scope))

    def with_resource(self, uri: str) -> Self:
        """Gives a source of tokens for the resource *uri* instead (RFC 8707); all else is shared with this one."""
        return self._with_request(attrs.evolve(self._desk.terms.request, resources=()).with_resource(uri))

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
        desk = attrs.evolve(self._desk, terms=self._desk.terms.with_request(request))
        other._desk = desk  # noqa: SLF001  # a copy of this very object
        return other

    async def _obtain(self) -> Token:
        while True:
            match self._desk.ask():
                case Use(token):
                    return token
                case Refuse(error):
                    raise raisable(error)
                case Lead(flight):
                    flight.leader = detach(self._fly, flight)
                case Join(flight):
                    pass
                case _ as answer:
                    assert_never(answer)
            arrived = await self._landed(flight)
            if arrived is not None:
                return arrived

    async def _fly(self, flight: Flight) -> None:
        try:
            outcome: Renewal | Exception = await self._renew(flight)
        except Exception as error:  # it is for all that wait, each of whom raises it
            outcome = error
        except BaseException:
            self._desk.memory.give_up(flight)
            raise
        self._desk.land(flight, outcome)

    async def _renew(self, flight: Flight) -> Renewal:
        shelf = None if self._store is None else AsyncShelf(self._store, self._desk)
        flow = renewal(self._desk.terms, held=flight.held, rejected=flight.rejected)
        return await drive(flow, self._send, shelf=shelf, hook=self._desk.hook)

    async def _landed(self, flight: Flight) -> Token | None:
        patience = self._desk.terms.patience
        if not await landed(flight.landing, patience):
            raise RenewalTimedOut(patience)
        error = flight.landing.exception()
        if error is not None:
            raise raisable(error)
        return flight.landing.result()


def _for_tasks(behind: Store | AsyncStore | None) -> AsyncStore | None:
    if is_async_store(behind):
        return behind
    return InThreads(behind) if is_store(behind) else None
