"""
The in-memory cache of tokens.

`oauth_cc.flows.single_flight` makes the decisions. No lock is held, so a caller can be interrupted anywhere.
"""

import math
from collections import deque
from collections.abc import Hashable
from operator import itemgetter
from typing import NoReturn, SupportsIndex, final

import attrs

from oauth_cc.errors import InvalidInput
from oauth_cc.flows.effects import Load, Lock, Save
from oauth_cc.flows.renewal import Kept, Renewal, Renewed
from oauth_cc.flows.single_flight import (
    UNKNOWN,
    Renew,
    TokenState,
    Use,
    Wait,
    decide,
    discarded,
    failed,
    is_spent,
    renewed,
    revoked,
)
from oauth_cc.stores._cell import Cell
from oauth_cc.stores._pending import DEFAULT_LIMITS, Answer, AwaitRenewal, Limits, PendingRenewal, StartRenewal
from oauth_cc.stores._protocol import AsyncStore, Store, check_store
from oauth_cc.token import Token

# The number of entries that each renewal examines. More than one, so that spent entries become fewer.
_EXAMINED = 4


@final
@attrs.frozen
class _Entry:
    """The state of one token, its pending renewal, and the abandoned renewals that still run."""

    state: TokenState = UNKNOWN
    pending: PendingRenewal | None = None
    hung: tuple[PendingRenewal, ...] = ()

    def without_lost(self, now: float) -> "_Entry":
        """Return the entry at *now*, POSIX seconds, with its pending renewal only if callers still rely on it."""
        hung = tuple([each for each in self.hung if each.is_running()])
        pending = self.pending
        if pending is None or not pending.is_lost(now, usable=now < self.state.stale_from, hung=len(hung)):
            return _Entry(self.state, pending, hung)
        return _Entry(self.state, None, (*hung, pending) if pending.is_running() else hung)


_EMPTY = _Entry()


@final
class TokenCache:
    """
    A cache of tokens in the memory of one process, with an optional store behind it. Safe to share between threads.

    Each source has its own cache unless one is passed. Sources that share a cache share tokens and pending renewals,
    across threads and event loops. A renewal takes as long among many tokens as among few.

    Args:
        store: A store that processes share. It is used when the cache has no fresh token. While it fails, tokens are
            cached in memory only.
        max_tokens: The maximum number of tokens, 1 or more. Each renewal examines some tokens and drops the oldest of
            them. None for no limit: expired tokens are dropped in any case.

    Raises:
        InvalidInput: *store* does not have the methods of a store, or *max_tokens* is not a whole number above 0.

    Example:
        >>> TokenCache()
        TokenCache(store=None)
    """

    def __init__(self, store: Store | AsyncStore | None = None, *, max_tokens: int | None = None) -> None:
        if store is not None:
            check_store(store)
        if max_tokens is not None and (type(max_tokens) is not int or max_tokens < 1):
            raise InvalidInput("max_tokens", "max_tokens must be a whole number of tokens above 0, or None")
        self.store = store
        self._max_tokens = max_tokens
        self._cells: dict[Hashable, Cell[_Entry]] = {}
        # The keys, in the order in which they are examined next.
        self._order: deque[Hashable] = deque()
        self._failing: type[Load | Save | Lock] | None = None

    def __repr__(self) -> str:
        return f"TokenCache(store={self.store!r})"

    def __copy__(self) -> "TokenCache":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "TokenCache":
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        advice = "make it in each process, and give it a FileStore or a RedisStore to share tokens"
        raise TypeError(f"a TokenCache cannot be pickled; {advice}")

    def __len__(self) -> int:
        return len(self._cells)

    def fresh(self, key: Hashable, now: float) -> Token | None:
        """
        Return the token under *key* if no renewal is due, else None. The fast path of every call.

        Args:
            key: The key of the token in the cache.
            now: The current time in POSIX seconds.
        """
        cell = self._cells.get(key)
        if cell is None:
            return None
        version = cell.version
        state = (cell.last() if version.following else version).value.state
        return state.token if state.fresh_from <= now < state.fresh_until else None

    def peek(self, key: Hashable, now: float) -> Token | None:
        """
        Return the token under *key* if it can be used, else None.

        Args:
            key: The key of the token in the cache.
            now: The current time in POSIX seconds.
        """
        state = self.state(key)
        return state.token if now < state.stale_from else None

    def state(self, key: Hashable) -> TokenState:
        """Return the state of the token under *key*."""
        cell = self._cells.get(key)
        return UNKNOWN if cell is None else cell.last().value.state

    def ask(self, key: Hashable, now: float, limits: Limits = DEFAULT_LIMITS) -> Answer:
        """
        Return what a caller that needs the token has to do.

        Args:
            key: The key of the token in the cache.
            now: POSIX seconds.
            limits: The limits of the source.
        """

        def change(entry: _Entry) -> _Entry:
            entry = entry.without_lost(now)
            decision = decide(entry.state, now, under_way=entry.pending is not None)
            if not isinstance(decision, Renew):
                return entry
            return attrs.evolve(entry, pending=PendingRenewal(key, decision.held, entry.state.rejected, now, limits))

        before, after = self._cell(key).replace(change)
        pending = after.pending
        if before.pending is not None and before.pending is not pending:
            before.pending.outcome.settle(None)
        decision = decide(after.state, now, under_way=pending is not None)
        if pending is not None and (pending is not before.pending or pending.is_waiting()):
            return StartRenewal(pending, decision.token if isinstance(decision, Use) else None)
        match decision:
            case Wait() | Renew():
                # Decided only while a renewal is pending.
                assert pending is not None  # noqa: S101  # for the type checker
                return AwaitRenewal(pending)
            case _:
                return decision

    def complete(
        self, pending: PendingRenewal, outcome: Renewal | BaseException, now: float, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        """
        Complete a renewal, and wake the waiting callers.

        The token of a renewal that was abandoned meanwhile is used if it is newer. Its error is dropped.

        Args:
            pending: The renewal.
            outcome: Its result or its error.
            now: POSIX seconds.
            limits: The limits of the source.
        """
        window = limits.renewal_window

        def change(entry: _Entry) -> _Entry:
            is_current = entry.pending is pending
            state = entry.state
            match outcome:
                case Renewed(token, spread):
                    state = renewed(state, token, spread, late=not is_current, renewal_window=window)
                case Kept() if is_current:
                    state = failed(state, None, now, renewal_window=window)
                case BaseException() if is_current:
                    state = failed(state, outcome, now, renewal_window=window)
                case _:
                    pass
            return attrs.evolve(entry, state=state, pending=None if is_current else entry.pending)

        state = self._cell(pending.key).replace(change)[1].state
        match outcome:
            case Renewed(token) if token == state.token:
                pending.outcome.settle(token)
            case BaseException() if pending.held is None:
                pending.outcome.settle(outcome)
            case _:
                pending.outcome.settle(None)
        self._sweep(now)

    def offer(self, key: Hashable, renewal: Renewed, limits: Limits = DEFAULT_LIMITS) -> None:
        """
        Keep the token of a renewal that no other caller waited for, if it is newer than the cached one.

        Args:
            key: The key of the token in the cache.
            renewal: The token, and the random number that sets the time of its renewal.
            limits: The limits of the source.
        """
        self._cell(key).replace(
            lambda entry: attrs.evolve(
                entry,
                state=renewed(
                    entry.state, renewal.token, renewal.spread, late=True, renewal_window=limits.renewal_window
                ),
            )
        )

    def abandon(self, pending: PendingRenewal) -> None:
        """End *pending* without an outcome, as its leader cannot go on. One of the waiting callers leads next."""
        self._cell(pending.key).replace(
            lambda entry: attrs.evolve(entry, pending=None) if entry.pending is pending else entry
        )
        pending.outcome.settle(None)

    def discard(
        self, key: Hashable, token: Token, now: float, *, api: str | None = None
    ) -> tuple[TokenState, TokenState]:
        """
        Remove a token that an API rejected, and return the state before and after.

        A token that replaced a rejected one is kept for a pause.

        Args:
            key: The key of the token in the cache.
            token: The rejected token.
            now: POSIX seconds.
            api: The origin of the API. None if the caller does not name it.
        """
        before, after = self._cell(key).replace(
            lambda entry: attrs.evolve(entry, state=discarded(entry.state, token, now, api=api))
        )
        return before.state, after.state

    def revoke(self, key: Hashable, token: Token) -> None:
        """
        Remove a token that nothing may use any more.

        Args:
            key: The key of the token in the cache.
            token: The token.
        """
        self._cell(key).replace(lambda entry: attrs.evolve(entry, state=revoked(entry.state, token)))

    def note_store(self, operation: type[Load | Save | Lock], *, failed: bool) -> bool:
        """
        Record the outcome of a store's operation, and return whether the store became unavailable or available.

        The store is available again once the operation that failed first succeeds. On a full disk, loads succeed while
        saves fail.

        Args:
            operation: The type of the operation's effect.
            failed: Whether it failed.
        """
        news = self._failing is None if failed else self._failing is operation
        if news:
            self._failing = operation if failed else None
        return news

    def _cell(self, key: Hashable) -> Cell[_Entry]:
        cell = self._cells.get(key)
        if cell is not None:
            return cell
        made = Cell(_EMPTY)
        cell = self._cells.setdefault(key, made)
        if cell is made:
            self._order.append(key)
        return cell

    def _sweep(self, now: float) -> None:
        # Some entries at a time, in turn, so that a renewal does not examine the tokens of all tenants.
        kept: list[tuple[float, Hashable]] = []
        for _ in range(min(_EXAMINED, len(self._order))):
            key = self._next_key()
            cell = self._cells.get(key)
            if cell is None:
                continue
            entry = cell.last().value
            hangs = any([each.is_running() for each in entry.hung])
            if entry.pending is None and not hangs and is_spent(entry.state, now):
                self._cells.pop(key, None)
                continue
            self._order.append(key)
            if entry.pending is None:
                kept.append((entry.state.token.received_at if entry.state.token else -math.inf, key))
        if self._max_tokens is not None:
            kept.sort(key=itemgetter(0))
            for _, key in kept[: max(0, len(self._cells) - self._max_tokens)]:
                self._cells.pop(key, None)

    def _next_key(self) -> Hashable:
        try:
            return self._order.popleft()
        except IndexError:
            # Another thread took the last one.
            return None
