"""
The token source for threads.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import copy_context
from functools import partial
from types import TracebackType
from typing import Final, Self, assert_never, final

from oauth_cc._io.base_source import LEADING, Source, check_not_leading, raisable
from oauth_cc._io.context import SourceContext
from oauth_cc._io.driver import StoreEffects, conclude
from oauth_cc._io.log import LOGGER
from oauth_cc.errors import InvalidInput, IssuerNotNamed, RenewalTimedOut, SourceClosed
from oauth_cc.events import Event
from oauth_cc.flows.effects import Failed, Received, Returned, Save
from oauth_cc.flows.renewal import Renewal, Renewed, renewal
from oauth_cc.flows.single_flight import Refuse, Use
from oauth_cc.http import HttpRequest
from oauth_cc.stores._pending import AwaitRenewal, PendingRenewal, StartRenewal
from oauth_cc.stores._protocol import is_async_store, is_store, settled
from oauth_cc.stores._threads import start
from oauth_cc.token import Token, bearer_authorization

# Seconds between two looks at a renewal that may have lost its leader.
LOOK: Final = 0.5


@final
class _Thread:
    """The current thread as the leader of a renewal."""

    loop_thread = None

    def __init__(self) -> None:
        self._thread = threading.current_thread()

    def is_alive(self) -> bool:
        # During the shutdown of the interpreter only one thread runs.
        return self._thread is threading.current_thread() or (self._thread.is_alive() and not sys.is_finalizing())


@final
class _Block:
    """
    One block that keeps a token fresh.

    Args:
        work: Renews the token until its argument is set.
    """

    def __init__(self, work: Callable[[threading.Event], object]) -> None:
        self.left = threading.Event()
        self._work = work
        self._processes: dict[int, object] = {}

    def serve(self) -> None:
        """Start the thread, once in each process: a forked child does not have the thread of its parent."""
        mark = object()
        if self._processes.setdefault(os.getpid(), mark) is not mark:
            return
        if not start("renewal without calls", partial(self._work, self.left)):
            LOGGER.warning("no thread can be started to keep a token fresh; only calls of token() renew it")


class TokenSource(Source):
    """
    Cache one access token and renew it before it expires. Safe to share between threads.

    One token request serves all callers. It runs on a short-lived daemon thread, and each caller can leave it. While
    the cached token is usable, no caller waits for its renewal. If the renewal fails, every caller keeps using the
    token until it expires. The module of each HTTP library has a source of this name.

    Args:
        context: The cache, the request and the endpoint.
        send: Sends one request on an HTTP library.
        client: The user's client, or None.
        beside: Makes the context in which a renewal starts. In `on_this_thread`, its caller performs it.

    Raises:
        InvalidInput: The store is for async code.
    """

    def __init__(
        self,
        context: SourceContext,
        send: Callable[[HttpRequest], Received | Failed],
        client: object = None,
        beside: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        super().__init__(context, client)
        self.send = send
        self._beside = beside
        self._blocks: list[_Block] = []
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
            RenewalTimedOut: The token request takes longer than `wait_timeout`.
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

    def authorization(self) -> str:
        """
        Return the value of an ``Authorization`` header, ``Bearer`` and the token, for other libraries.

        Nothing redacts it. Raises the errors of `token`, and `InvalidInput` for a token that goes elsewhere: one whose
        dialect has its own placement, or a DPoP token. `oauth_cc.authorize` places each token.
        """
        return bearer_authorization(self.token()).reveal()

    def expires_at(self) -> float:
        """
        Return the end of the token that `token` returns, in POSIX seconds.

        Raises the errors of `token`.
        """
        return self.token().expires_at

    def discard(self, token: Token, *, api: str | None = None) -> bool:
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
        self._discard_stored(token)
        return True

    def _discard_stored(self, token: Token) -> None:
        if self._store is not None:
            try:
                settled(self._store.discard(self._context.terms.cache_key, token))
            except Exception as error:  # the cache has dropped the token and does not load it again
                self._context.store_failed(error, Save, self._context.report)

    def peek(self) -> Token | None:
        """
        Return the cached token if it can be used, else None. Never blocks, and requests nothing.

        Within `keep_fresh`, the first call in a forked child starts the child's renewals.
        """
        for block in self._blocks:
            block.serve()
        return super().peek()

    @contextmanager
    def keep_fresh(self) -> Generator[None]:
        """
        Obtain a token, and renew it without calls while the block runs, so that `peek` finds a usable token.

        Raises the errors of `token` for the first token. Later errors are events and log lines.
        """
        self.token()
        block = _Block(self._stay_fresh)
        block.serve()
        self._blocks.append(block)
        try:
            yield
        finally:
            self._blocks.remove(block)
            block.left.set()

    def close(self) -> None:
        """
        Close this source and the sources derived from it. Their methods then raise `SourceClosed`.

        A renewal in the background is waited for until the timeout of one attempt has passed since it began.
        """
        self._closed.set()
        timeout = self._context.options.timeout
        for pending in list(self._started.values()):
            while not pending.ended.is_settled and (left := pending.seconds_left(timeout, time.time())):
                pending.ended.wait(min(left, LOOK))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _obtain(self) -> Token:
        ends_at = time.monotonic() + self._context.terms.wait_timeout
        while True:
            match self._context.ask():
                case Use(token):
                    return token
                case Refuse(error):
                    raise raisable(error)
                case StartRenewal(pending, held):
                    if self._start_renewal(pending) and held is not None:
                        return held
                case AwaitRenewal(pending):
                    pass
                case _ as answer:
                    assert_never(answer)
            renewed = self._outcome_of(pending, ends_at)
            if renewed is not None:
                return renewed

    def _start_renewal(self, pending: PendingRenewal) -> bool:
        # Returns whether a thread performs it. At the shutdown of the interpreter no thread can be started.
        self._started[pending.key] = pending
        with self._beside():
            if self._context.options.background_renewal and start("renewal", partial(self._lead, pending)):
                return True
            copy_context().run(self._lead, pending, is_caller=True)
            return False

    def _lead(self, pending: PendingRenewal, *, is_caller: bool = False) -> None:
        leader = _Thread()
        events: list[Event] = []
        try:
            if not pending.claim(leader):
                return
            LEADING.set(pending)
            outcome = self._renew(pending, events)
            if isinstance(outcome, IssuerNotNamed) and pending.held is not None:
                self._discard_stored(pending.held)
            self._context.complete(pending, self._judged(outcome, pending), events)
        except BaseException as error:  # on a thread of its own, every waiting caller raises it
            if is_caller:
                # A signal handler's, for this caller alone.
                self._abandon(pending, leader)
                raise
            left = [] if pending.outcome.is_settled else events
            self._context.complete(pending, self._judged(error, pending), left)
        pending.ended.settle(True)

    def _abandon(self, pending: PendingRenewal, leader: _Thread) -> None:
        if pending.leader is leader:
            self._context.cache.abandon(pending)
            pending.ended.settle(True)

    def _renew(self, pending: PendingRenewal, events: list[Event], wait: float | None = None) -> Renewal | Exception:
        store_effects = None if self._store is None else StoreEffects(self._store, self._context, events.append)
        flow = renewal(self._context.terms, held=pending.held, rejected=pending.rejected, wait=wait)
        ended = conclude(flow, self.send, store_effects=store_effects, report=events.append)
        return ended.value if isinstance(ended, Returned) else ended

    def _outcome_of(self, pending: PendingRenewal, ends_at: float) -> Token | None:
        check_not_leading(pending)
        leader = pending.leader
        if leader is not None and leader.loop_thread == threading.get_ident() and not pending.outcome.is_settled:
            return self._renew_beside(pending)
        left = ends_at - time.monotonic()
        if not pending.outcome.wait(max(0.0, min(left, LOOK))):
            if left <= LOOK:
                raise RenewalTimedOut(self._context.terms.wait_timeout)
            return None
        outcome = pending.outcome.value
        if isinstance(outcome, BaseException):
            raise raisable(outcome)
        return outcome

    def _renew_beside(self, pending: PendingRenewal) -> Token | None:
        # An event loop of this thread leads the renewal. It cannot run while this thread waits.
        events: list[Event] = []
        outcome = self._renew(pending, events, wait=0.0)
        if isinstance(outcome, Renewed):
            self._context.cache.offer(pending.key, outcome, self._context.limits)
        for event in events:
            self._context.report(event)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome.token if isinstance(outcome, Renewed) else None

    def _stay_fresh(self, left: threading.Event) -> None:
        while not left.wait(self._pause()) and not self._closed.is_set():
            # The renewal reports its errors.
            with suppress(Exception):
                self.token()
