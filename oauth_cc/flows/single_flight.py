"""
The state of one cached token, and the single-flight decisions of its callers.

    TokenState, now ─ decide ─▶ Use | Wait | Renew | Refuse
    TokenState ─ renewed | failed | discarded ─▶ TokenState

The cache that holds the states only needs a lock.
"""

import math
from typing import Final, TypeAlias, final

import attrs

from oauth_cc.errors import InvalidResponse, TokenRequestRefused
from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow, fresh_until, freshness, stale_from
from oauth_cc.token import Token

REFUSAL_SECONDS: Final = 5.0
"""Seconds for which a refusal (4xx) is remembered if the server sent no Retry-After."""

_LONGEST_REFUSAL: Final = 60.0
# More than a store can bring back: it has one token for each key.
_REMEMBERED: Final = 16


@final
@attrs.frozen
class Refuse:
    """The decision to raise *error*: the server refused a request, and none is sent before *until*, POSIX seconds."""

    error: TokenRequestRefused | InvalidResponse
    until: float


@final
@attrs.frozen
class TokenState:
    """
    The state of one cached token.

    Args:
        token: The cached token, or None.
        fresh_until: The POSIX seconds until which the token can be used without a decision.
        spread: A number from 0 up to 1 that places the renewal in the window.
        attempted_at: When a renewal last failed, in POSIX seconds, or None.
        refusal: The last refusal of the server, or None.
        rejected: The last tokens that the API rejected, which a store may still have.
    """

    token: Token | None = None
    fresh_until: float = -math.inf
    spread: float = 0.0
    attempted_at: float | None = None
    refusal: Refuse | None = None
    rejected: tuple[Token, ...] = ()


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


def decide(
    state: TokenState, now: float, *, under_way: bool, renewal_window: RenewalWindow = DEFAULT_WINDOW
) -> Decision:
    """
    Return what a caller that needs the token does.

    Args:
        state: The state of the token.
        now: POSIX seconds.
        under_way: Whether a renewal is pending.
        renewal_window: When early renewal is due.

    Example:
        >>> decide(UNKNOWN, 1700000000.0, under_way=False), decide(UNKNOWN, 1700000000.0, under_way=True)
        (Renew(held=None), Wait())
    """
    refused = state.refusal is not None and now < state.refusal.until
    if state.token is not None:
        how = freshness(state.token, now, state.attempted_at, spread=state.spread, renewal_window=renewal_window)
        if how == "fresh" or (how == "ageing" and (under_way or refused)):
            return Use(state.token)
        if how == "ageing":
            return Renew(state.token)
    if under_way:
        return Wait()
    if state.refusal is not None and refused:
        return state.refusal
    return Renew(None)


def renewed(
    state: TokenState, token: Token, spread: float, *, renewal_window: RenewalWindow = DEFAULT_WINDOW
) -> TokenState:
    """
    Return the state after a successful renewal.

    Args:
        state: The state before.
        token: The new token.
        spread: A number from 0 up to 1 that places the next renewal in the window.
        renewal_window: When early renewal is due.
    """
    if token in state.rejected:
        # It was found in a store a moment ago, and the API has rejected it since.
        return state
    until = fresh_until(token, spread=spread, renewal_window=renewal_window)
    return TokenState(token, until, spread, rejected=state.rejected)


def failed(
    state: TokenState, error: Exception | None, now: float, *, renewal_window: RenewalWindow = DEFAULT_WINDOW
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
    if isinstance(error, TokenRequestRefused | InvalidResponse) and 400 <= error.status < 500:
        pause = REFUSAL_SECONDS if error.retry_after is None else min(error.retry_after, _LONGEST_REFUSAL)
        refusal = Refuse(error, now + pause)
    if state.token is None:
        return attrs.evolve(state, refusal=refusal)
    until = fresh_until(state.token, now, spread=state.spread, renewal_window=renewal_window)
    return attrs.evolve(state, fresh_until=until, attempted_at=now, refusal=refusal)


def discarded(state: TokenState, token: Token) -> TokenState:
    """
    Return the state after the API rejected *token*. Another token is kept.
    """
    # Remembered even if it is reported late. Times could not tell which tokens are usable, as clocks differ.
    rejected = (*[other for other in state.rejected if other != token], token)[-_REMEMBERED:]
    if state.token is not None and state.token != token:
        return attrs.evolve(state, rejected=rejected)
    return attrs.evolve(state, token=None, fresh_until=-math.inf, attempted_at=None, rejected=rejected)


def is_spent(state: TokenState, now: float) -> bool:
    """
    Return whether *state* can be dropped at *now*, POSIX seconds, as nothing in it matters any more.

        >>> is_spent(UNKNOWN, 1700000000.0)
        True
    """
    tokens = state.rejected if state.token is None else (state.token, *state.rejected)
    refused = state.refusal is not None and now < state.refusal.until
    return not refused and all([now >= stale_from(token) for token in tokens])
