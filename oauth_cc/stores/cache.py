"""
The tokens of one process, and the renewals that are under way in it.

One mutex guards both for a moment at a time; what to do is decided by `oauth_cc.flows.single_flight`.
"""

import os
import threading
from collections.abc import Hashable
from concurrent.futures import Future
from typing import TypeAlias, final

import attrs

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
    A renewal under way, led by one caller for all.

    *held*: the token that can be used meanwhile; *rejected*: the one that the API did not accept; *thread*: the thread
    that leads; *future*: the token that came, or the error, or None if whoever waits has to ask again; *leader*: the
    task that leads, kept from being collected.
    """

    def __init__(self, key: Hashable, held: Token | None, rejected: Token | None) -> None:
        self.key = key
        self.held = held
        self.rejected = rejected
        self.thread = threading.get_ident()
        self.future: Future[Token | None] = Future()
        self.leader: object = None


@final
@attrs.frozen
class StartRenewal:
    """Perform the renewal *pending*, and complete or abandon it whatever happens."""

    pending: PendingRenewal


@final
@attrs.frozen
class AwaitRenewal:
    """Wait for the result of *pending*."""

    pending: PendingRenewal


Answer: TypeAlias = Use | Refuse | StartRenewal | AwaitRenewal
"""What a caller is told who asks for a token."""


@final
class _ProcessState:
    """The pending renewals of a process: a fork leaves the parent's behind, as their threads are not in the child."""

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.renewals: dict[Hashable, PendingRenewal] = {}


@final
class TokenCache:
    """
    Keeps tokens in the memory of one process: the default store, one for each source unless sources share it.

    Sources that share one, for threads and for event loops alike, share the renewals under way in it. *store*: a store
    that processes share, asked when memory has no token that is fresh; while it fails, memory serves alone. Raises
    `InvalidInput` if it is none.

        >>> TokenCache()
        TokenCache(store=None)
    """

    def __init__(self, store: Store | AsyncStore | None = None) -> None:
        if store is not None:
            check_store(store)
        self.store = store
        self._states: dict[Hashable, TokenState] = {}
        self._processes: dict[int, _ProcessState] = {}
        self._is_alone = False

    def __repr__(self) -> str:
        return f"TokenCache(store={self.store!r})"

    def fresh(self, key: Hashable, now: float) -> Token | None:
        """Gives the token under *key* if it can be used at *now*, POSIX seconds, without a second look."""
        state = self._states.get(key)
        return state.token if state is not None and now < state.fresh_until else None

    def ask(self, key: Hashable, now: float, renewal_window: RenewalWindow = DEFAULT_WINDOW) -> Answer:
        """
        Gives what the caller who asks for the token under *key* at *now*, POSIX seconds, has to do.

        A caller told to `StartRenewal` has to call `complete` or `abandon` in the end. *renewal_window*: when early
        renewal falls due.
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
                    # Waiting is decided for a pending renewal alone.
                    assert pending is not None  # noqa: S101  # told to the type checker
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
        Ends *pending* with its *outcome* at *now*, POSIX seconds, and answers all that wait for it.
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
        """Ends *pending* without an outcome, as its leader goes away: one of those who wait leads next."""
        process = self._process()
        with process.mutex:
            process.renewals.pop(pending.key, None)
        pending.future.set_result(None)

    def discard(self, key: Hashable, token: Token) -> bool:
        """Forgets *token*, which an API did not accept, and says whether it was the one under *key*."""
        with self._process().mutex:
            state = self._states.get(key, UNKNOWN)
            self._states[key] = discarded(state, token)
        return state.token == token

    def note_store(self, *, failed: bool) -> bool:
        """Notes whether the store behind *failed* just now, and says whether that is news."""
        with self._process().mutex:
            news = failed != self._is_alone
            self._is_alone = failed
        return news

    def _process(self) -> _ProcessState:
        # One for each process that forks leave with this store; setdefault settles it among threads.
        pid = os.getpid()
        return self._processes.get(pid) or self._processes.setdefault(pid, _ProcessState())

    def _sweep(self, now: float) -> None:
        for key, state in list(self._states.items()):
            if is_spent(state, now):
                del self._states[key]
