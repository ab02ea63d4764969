"""
The in-memory cache of tokens, and the pending renewals of a process.

A lock guards both for a moment at a time. `oauth_cc.flows.single_flight` makes the decisions.
"""

import os
import threading
from collections.abc import Hashable
from concurrent.futures import Future
from typing import TypeAlias, final

import attrs

from oauth_cc.flows.effects import Load, Lock, Save
from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow
from oauth_cc.flows.renewal import Kept, Renewal, Renewed
from oauth_cc.flows.single_flight import (
    UNKNOWN,
    Refuse,
    Renew,
    TokenState,
    Use,
    Wait,
    decide,
    discarded,
    failed,
    is_spent,
    renewed,
)
from oauth_cc.stores._protocol import AsyncStore, Store, check_store
from oauth_cc.token import Token


@final
class PendingRenewal:
    """
    A pending renewal, which one caller leads while the other callers wait.

    Attributes:
        key: The key of the token in the cache.
        held: The token that can be used meanwhile, or None.
        rejected: The last tokens that the API rejected.
        thread: The identifier of the leading thread.
        future: The new token or the error; None if the waiting callers have to ask again.
        leader: The leading task, referenced so that it is not garbage-collected.
    """

    def __init__(self, key: Hashable, held: Token | None, rejected: tuple[Token, ...]) -> None:
        self.key = key
        self.held = held
        self.rejected = rejected
        self.thread: int = threading.get_ident()
        self.future: Future[Token | None] = Future()
        self.leader: object = None


@final
@attrs.frozen
class StartRenewal:
    """The instruction to perform the renewal *pending*, and to complete or abandon it in any case."""

    pending: PendingRenewal


@final
@attrs.frozen
class AwaitRenewal:
    """The instruction to wait for the future of *pending*."""

    pending: PendingRenewal


Answer: TypeAlias = Use | Refuse | StartRenewal | AwaitRenewal
"""What a caller that needs a token has to do."""


@final
class _ProcessState:
    """The pending renewals of one process. A fork starts with none, as it has no other threads."""

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.renewals: dict[Hashable, PendingRenewal] = {}


@final
class TokenCache:
    """
    A cache of tokens in the memory of one process, with an optional store behind it. Safe to share between threads.

    Each source has its own cache unless one is passed. Sources that share a cache share tokens and pending renewals,
    across threads and event loops.

    Args:
        store: A store that processes share. It is used when the cache has no fresh token. While it fails, tokens are
            cached in memory only.

    Raises:
        InvalidInput: *store* does not have the methods of a store.

    Example:
        >>> TokenCache()
        TokenCache(store=None)
    """

    def __init__(self, store: Store | AsyncStore | None = None) -> None:
        if store is not None:
            check_store(store)
        self.store = store
        self._states: dict[Hashable, TokenState] = {}
        self._processes: dict[int, _ProcessState] = {}
        self._failing: type[Load | Save | Lock] | None = None

    def __repr__(self) -> str:
        return f"TokenCache(store={self.store!r})"

    def fresh(self, key: Hashable, now: float) -> Token | None:
        """Return the token under *key* if it is fresh at *now*, POSIX seconds, without further checks."""
        state = self._states.get(key)
        return state.token if state is not None and now < state.fresh_until else None

    def ask(self, key: Hashable, now: float, renewal_window: RenewalWindow = DEFAULT_WINDOW) -> Answer:
        """
        Return what a caller that needs the token has to do.

        A caller that gets `StartRenewal` must call `complete` or `abandon` in any case.

        Args:
            key: The key of the token in the cache.
            now: POSIX seconds.
            renewal_window: When early renewal is due.
        """
        process = self._process()
        with process.mutex:
            pending = process.renewals.get(key)
            state = self._states.get(key, UNKNOWN)
            match decide(state, now, under_way=pending is not None, renewal_window=renewal_window):
                case Renew(held):
                    pending = process.renewals[key] = PendingRenewal(key, held, state.rejected)
                    return StartRenewal(pending)
                case Wait():
                    # `Wait` is decided only while a renewal is pending.
                    assert pending is not None  # noqa: S101  # for the type checker
                    return AwaitRenewal(pending)
                case decision:
                    return decision

    def complete(
        self,
        pending: PendingRenewal,
        outcome: Renewal | Exception,
        now: float,
        renewal_window: RenewalWindow = DEFAULT_WINDOW,
    ) -> None:
        """
        Complete a renewal, and set the result of its future.

        Args:
            pending: The renewal.
            outcome: Its result or its error.
            now: POSIX seconds.
            renewal_window: When early renewal is due.
        """
        process = self._process()
        with process.mutex:
            state = self._states.get(pending.key, UNKNOWN)
            match outcome:
                case Renewed(token, spread):
                    state = renewed(state, token, spread, renewal_window=renewal_window)
                case Kept():
                    state = failed(state, None, now, renewal_window=renewal_window)
                case error:
                    state = failed(state, error, now, renewal_window=renewal_window)
            self._sweep(now)
            self._states[pending.key] = state
            process.renewals.pop(pending.key, None)
        match outcome:
            case Renewed(token) if token == state.token:
                pending.future.set_result(token)
            case Exception() if pending.held is None:
                pending.future.set_exception(outcome)
            case _:
                pending.future.set_result(None)

    def abandon(self, pending: PendingRenewal) -> None:
        """End *pending* without an outcome, as its leader cannot go on. One of the waiting callers leads next."""
        process = self._process()
        with process.mutex:
            process.renewals.pop(pending.key, None)
        pending.future.set_result(None)

    def discard(self, key: Hashable, token: Token) -> bool:
        """Remove *token*, which an API rejected, and return whether it was cached under *key*."""
        with self._process().mutex:
            state = self._states.get(key, UNKNOWN)
            self._states[key] = discarded(state, token)
        return state.token == token

    def note_store(self, operation: type[Load | Save | Lock], *, failed: bool) -> bool:
        """
        Record the outcome of a store's operation, and return whether the store became unavailable or available by it.

        It is available again once the operation that failed first succeeds. On a full disk, loads work and saves fail.

        Args:
            operation: The type of the operation's effect.
            failed: Whether it failed.
        """
        with self._process().mutex:
            news = self._failing is None if failed else self._failing is operation
            if news:
                self._failing = operation if failed else None
        return news

    def _process(self) -> _ProcessState:
        # A forked process starts without pending renewals. setdefault is atomic among threads.
        pid = os.getpid()
        return self._processes.get(pid) or self._processes.setdefault(pid, _ProcessState())

    def _sweep(self, now: float) -> None:
        for key, state in list(self._states.items()):
            if is_spent(state, now):
                del self._states[key]
