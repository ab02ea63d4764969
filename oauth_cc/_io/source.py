"""
The source of tokens for threads.
"""

import copy
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self, assert_never

import attrs

from oauth_cc._io.context import Desk, raisable
from oauth_cc._io.driver import Shelf, drive
from oauth_cc.errors import InvalidInput, RenewalTimedOut, SourceClosed
from oauth_cc.events import EventHook
from oauth_cc.flows.effects import Failed, Received
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries
from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow
from oauth_cc.flows.renewal import DEFAULT_PATIENCE, Renewal, Renewed, renewal, terms
from oauth_cc.flows.single_flight import Refuse, Use
from oauth_cc.http import HttpRequest
from oauth_cc.request import TokenRequest
from oauth_cc.scope import Scope
from oauth_cc.stores._protocol import Store, is_async_store, is_store, settled
from oauth_cc.stores.cache import Flight, Join, Lead, MemoryStore
from oauth_cc.token import Token

__all__ = ["TokenSource"]


class TokenSource:
    """
    Gives a token that is fresh, whoever asks and however often, and has the server asked as rarely as can be.

    *request*, *endpoint*: what to ask for and where; *send*: sends one request by some HTTP library; *store*: where
    tokens are kept, a `MemoryStore` that sources share or a store that processes share, None for memory of its own;
    *retries*: how a failed token request is tried again; *window*: when early renewal falls due; *patience*: seconds
    that a caller waits for the token request of another; *on_event*: a function that is told what happens, as the log
    is; *allow_http_loopback* admits http to this machine, for tests.

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
        store: MemoryStore | Store | None = None,
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
        if is_async_store(memory.behind):
            raise InvalidInput("store", f"{type(memory.behind).__name__} is for async code: give one for threads")
        self._store = memory.behind if is_store(memory.behind) else None
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

    def token(self) -> Token:
        """
        Gives a token that can be used now.

        Raises `TokenRequestRefused` or `InvalidResponse` as the server answers, `RenewalTimedOut` if another caller's
        token request takes too long, `SourceClosed`, and the error of the HTTP library if no answer came.
        """
        if self._closed.is_set():
            raise SourceClosed
        token = self._desk.fresh()
        return token if token is not None else self._obtain()

    def discard(self, token: Token) -> None:
        """
        Forgets *token*, which an API did not accept (RFC 6750 section 3.1), so that the next call gets another.

        If *token* is no longer the one at hand, nothing is forgotten.
        """
        self._desk.discard(token)
        if self._store is not None:
            try:
                settled(self._store.discard(self._desk.terms.key, token))
            except Exception as error:  # the token is out of memory, and not taken from the store again
                self._desk.store_failed(error)

    def with_scope(self, scope: Scope) -> Self:
        """Gives a source of tokens of *scope* instead; all else is shared with this one."""
        return self._with_request(self._desk.terms.request.with_scope(scope))

    def with_resource(self, uri: str) -> Self:
        """Gives a source of tokens for the resource *uri* instead (RFC 8707); all else is shared with this one."""
        return self._with_request(attrs.evolve(self._desk.terms.request, resources=()).with_resource(uri))

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
        desk = attrs.evolve(self._desk, terms=self._desk.terms.with_request(request))
        other._desk = desk  # noqa: SLF001  # a copy of this very object
        return other

    def _obtain(self) -> Token:
        while True:
            match self._desk.ask():
                case Use(token):
                    return token
                case Refuse(error):
                    raise raisable(error)
                case Lead(flight):
                    self._fly(flight)
                case Join(flight):
                    pass
                case _ as answer:
                    assert_never(answer)
            landed = self._landed(flight)
            if landed is not None:
                return landed

    def _fly(self, flight: Flight) -> None:
        try:
            outcome: Renewal | Exception = self._renew(flight)
        except Exception as error:  # it is for all that wait, each of whom raises it
            outcome = error
        except BaseException:
            self._desk.memory.give_up(flight)
            raise
        self._desk.land(flight, outcome)

    def _renew(self, flight: Flight) -> Renewal:
        shelf = None if self._store is None else Shelf(self._store, self._desk)
        flow = renewal(self._desk.terms, held=flight.held, rejected=flight.rejected)
        return drive(flow, self._send, shelf=shelf, hook=self._desk.hook)

    def _landed(self, flight: Flight) -> Token | None:
        if not flight.landing.done() and flight.thread == threading.get_ident():
            # An event loop of this very thread leads it, and cannot go on while this thread waits.
            alone = self._renew(flight)
            return alone.token if isinstance(alone, Renewed) else None
        try:
            error = flight.landing.exception(self._desk.terms.patience)
        except TimeoutError:
            raise RenewalTimedOut(self._desk.terms.patience) from None
        if error is not None:
            raise raisable(error)
        return flight.landing.result()
