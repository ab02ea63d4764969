"""
The state of one cached token, and the single-flight decisions of its callers.

    TokenState, now ─ decide ─▶ Use | Wait | Renew | Refuse
    TokenState ─ renewed | failed | discarded ─▶ TokenState

The cache that holds the states replaces each state by the next one.
"""

import math
from typing import Final, TypeAlias, final

import attrs

from oauth_cc.errors import InvalidResponse, TokenRequestRefused
from oauth_cc.flows.freshness import DEFAULT_WINDOW, SHORTEST_USE, RenewalWindow, fresh_from, fresh_until, stale_from
from oauth_cc.flows.rejection import Histories, rejections_of, repeated, replaced
from oauth_cc.token import Token

REFUSAL_SECONDS: Final = 5.0
"""
Seconds for which a refusal without Retry-After is remembered. Without a usable token this is the limit for any refusal,
so that an outage ends for a program at most this much later.
"""

_LONGEST_REFUSAL: Final = 60.0
# More than a store can bring back: it has one token for each key.
_REMEMBERED: Final = 16
# Seconds by which a server may round the remaining lifetime of a token that it returns again.
_ROUNDING: Final = 2.0


@final
@attrs.frozen
class Refuse:
    """
    The decision to raise *error*, the server's refusal, without a request.

    Args:
        error: The refusal.
        since: When the server sent it, in POSIX seconds.
        until: Until when no request is sent while a token can be used, in POSIX seconds.
    """

    error: TokenRequestRefused | InvalidResponse
    since: float
    until: float

    def holds(self, now: float, *, usable: bool) -> bool:
        """
        Return whether no request is sent at *now*, POSIX seconds. A clock that was set back ends the pause.

        Args:
            now: POSIX seconds.
            usable: Whether a token can be used meanwhile.
        """
        until = self.until if usable else min(self.until, self.since + REFUSAL_SECONDS)
        return self.since <= now < until


@final
@attrs.frozen
class TokenState:
    """
    The state of one cached token.

    Args:
        token: The cached token, or None.
        fresh_from: The POSIX seconds from which the token can be used without a decision.
        fresh_until: The POSIX seconds until which that holds.
        stale_from: The POSIX seconds from which the token is not used.
        spread: A number from 0 up to 1 that places the renewal in the window.
        first: Whether the token does not replace a usable token of this process.
        repeats: Whether the server returns the same token until it expires, so that early renewal has no effect.
        refusal: The last refusal of the server, or None.
        rejected: The last tokens that the API rejected, which a store may still have.
        rejections: The last rejections of each API.
    """

    token: Token | None = None
    fresh_from: float = -math.inf
    fresh_until: float = -math.inf
    stale_from: float = -math.inf
    spread: float = 0.0
    first: bool = True
    repeats: bool = False
    refusal: Refuse | None = None
    rejected: tuple[Token, ...] = ()
    rejections: Histories = ()


UNKNOWN: Final = TokenState()
"""The state before the first call."""


@final
@attrs.frozen
class Use:
    """The decision to use *token*."""

    token: Token


@final
@attrs.frozen
class Wait:
    """The decision to wait for the pending renewal."""


@final
@attrs.frozen
class Renew:
    """The decision to renew the token. *held* is a token that can be used meanwhile, and if the renewal fails."""

    held: Token | None


Decision: TypeAlias = Use | Wait | Renew | Refuse


def decide(state: TokenState, now: float, *, under_way: bool) -> Decision:
    """
    Return what a caller that needs the token does.

    Args:
        state: The state of the token.
        now: POSIX seconds.
        under_way: Whether a renewal is pending.

    Example:
        >>> decide(UNKNOWN, 1700000000.0, under_way=False), decide(UNKNOWN, 1700000000.0, under_way=True)
        (Renew(held=None), Wait())
    """
    usable = state.token is not None and now < state.stale_from
    refused = state.refusal is not None and state.refusal.holds(now, usable=usable)
    if state.token is not None and usable:
        fresh = state.fresh_from <= now < state.fresh_until
        return Use(state.token) if fresh or under_way or refused else Renew(state.token)
    if under_way:
        return Wait()
    if state.refusal is not None and refused:
        return state.refusal
    return Renew(None)


def renewed(
    state: TokenState,
    token: Token,
    spread: float,
    *,
    late: bool = False,
    renewal_window: RenewalWindow = DEFAULT_WINDOW,
) -> TokenState:
    """
    Return the state after a successful renewal.

    Args:
        state: The state before.
        token: The new token.
        spread: A number from 0 up to 1 that places the next renewal in the window.
        late: Whether the renewal was abandoned. Its token is used only if it is newer.
        renewal_window: When early renewal is due.
    """
    if token in state.rejected:
        # It was found in a store a moment ago, and the API has rejected it since.
        return state
    before = state.token
    if before is not None and (token == before or (late and token.received_at < before.received_at)):
        return state
    if before is not None and _is_again(token, before):
        # The first lifetime counts: the server counts it down, and issues another token when it ends.
        ends = max(before.expires_at, token.received_at + SHORTEST_USE)
        return attrs.evolve(state, fresh_until=ends, stale_from=ends, repeats=True, refusal=None)
    first = before is None or token.received_at >= state.stale_from
    if state.repeats:
        ends = due = max(token.expires_at, token.received_at + SHORTEST_USE)
    else:
        ends = stale_from(token)
        due = fresh_until(token, spread=spread, first=first, renewal_window=renewal_window)
    return TokenState(
        token,
        fresh_from(token),
        due,
        ends,
        spread,
        first,
        state.repeats,
        rejected=state.rejected,
        rejections=state.rejections,
    )


def _is_again(token: Token, before: Token) -> bool:
    # A clock that was set back says nothing about the lifetime.
    in_order = before.received_at <= token.received_at
    return in_order and token.access_token == before.access_token and token.expires_at <= before.expires_at + _ROUNDING


def failed(
    state: TokenState, error: BaseException | None, now: float, *, renewal_window: RenewalWindow = DEFAULT_WINDOW
) -> TokenState:
    """
    Return the state after a failed renewal.

    Args:
        state: The state before.
        error: The error of the renewal, None if another process is renewing the token.
        now: POSIX seconds.
        renewal_window: When early renewal is due.
    """
    refusal = state.refusal
    if isinstance(error, TokenRequestRefused | InvalidResponse):
        pause = REFUSAL_SECONDS if error.retry_after is None else min(error.retry_after, _LONGEST_REFUSAL)
        refusal = Refuse(error, now, now + pause)
    if state.token is None:
        return attrs.evolve(state, refusal=refusal)
    until = fresh_until(state.token, now, spread=state.spread, first=state.first, renewal_window=renewal_window)
    begin = min(now, fresh_from(state.token))
    return attrs.evolve(state, fresh_from=begin, fresh_until=min(until, state.stale_from), refusal=refusal)


def discarded(state: TokenState, token: Token, now: float, *, api: str | None = None) -> TokenState:
    """
    Return the state after an API rejected a token.

    Another token is kept. So is the replacement of a token that *api* rejected less than a minute ago, for a pause that
    grows with each repetition.

    Args:
        state: The state before.
        token: The rejected token.
        now: POSIX seconds.
        api: The origin of the API. None if the caller does not name it.
    """
    if state.token == token and now < state.stale_from:
        before = rejections_of(state.rejections, api)
        if before is not None and before.pauses(now):
            return state
        if before is not None and before.replaced and before.lasts(now):
            return attrs.evolve(state, rejections=repeated(state.rejections, api, now))
    dropped = revoked(state, token)
    if dropped.token is not None:
        return dropped
    return attrs.evolve(dropped, rejections=replaced(state.rejections, api, now))


def revoked(state: TokenState, token: Token) -> TokenState:
    """
    Return the state after a token was revoked, so that nothing may use it. Another token is kept.

    Args:
        state: The state before.
        token: The revoked token.
    """
    # Remembered even if it is reported late. Times could not tell which tokens are usable, as clocks differ.
    rejected = (*[other for other in state.rejected if other != token], token)[-_REMEMBERED:]
    if state.token is not None and state.token != token:
        return attrs.evolve(state, rejected=rejected)
    return attrs.evolve(
        state,
        token=None,
        fresh_until=-math.inf,
        stale_from=-math.inf,
        first=True,
        rejected=rejected,
    )


def is_spent(state: TokenState, now: float) -> bool:
    """
    Return whether *state* can be dropped, because nothing in it matters any more.

        >>> is_spent(UNKNOWN, 1700000000.0)
        True

    Args:
        state: The state of one token.
        now: The current time in POSIX seconds.
    """
    # The refusal holds again once a clock that was set back reaches its start.
    refused = state.refusal is not None and now < state.refusal.until
    rejected = any([now < stale_from(token) for token in state.rejected])
    repeating = any([each.lasts(now) for each in state.rejections])
    return not (refused or rejected or repeating) and now >= state.stale_from
