"""
How things stand with one token: what is known of it, and what whoever asks for it should do.

    Standing, now ─ decide ─▶ Use | Wait | Renew | Refuse
    Standing ─ renewed | failed | discarded ─▶ Standing

All of single flight is decided here; who holds these records needs one mutex, and no judgement.
"""

import math
from typing import Final, TypeAlias, final

import attrs

from oauth_cc.errors import InvalidResponse, TokenRequestRefused
from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow, fresh_until, freshness, stale_from
from oauth_cc.token import Token

REFUSAL_SECONDS: Final = 5.0
"""Seconds for which a refusal (4xx) is remembered, if the server names no other time with Retry-After."""

_LONGEST_REFUSAL: Final = 60.0


@final
@attrs.frozen
class Refuse:
    """Raise *error*: the server refused, and would again before *until*, POSIX seconds."""

    error: TokenRequestRefused | InvalidResponse
    until: float


@final
@attrs.frozen
class TokenState:
    """
    What is known of one token.

    *token*: the token at hand; *fresh_until*: POSIX seconds before which it can be used without a second look;
    *spread*: places its renewal; *attempted_at*: when a renewal last failed; *refusal*: what the server refused with;
    *rejected*: the newest token that the API did not accept.
    """

    token: Token | None = None
    fresh_until: float = -math.inf
    spread: float = 0.0
    attempted_at: float | None = None
    refusal: Refuse | None = None
    rejected: Token | None = None


UNKNOWN: Final = TokenState()
"""How things stand before anyone asked."""


@final
@attrs.frozen
class Use:
    """Use *token*."""

    token: Token


@final
@attrs.frozen
class Wait:
    """Wait for the renewal that is under way."""


@final
@attrs.frozen
class Renew:
    """Renew the token; *held* can be used meanwhile, by others, and if it fails."""

    held: Token | None


Decision: TypeAlias = Use | Wait | Renew | Refuse


def decide(
    state: TokenState, now: float, *, under_way: bool, renewal_window: RenewalWindow = DEFAULT_WINDOW
) -> Decision:
    """
    Gives what someone who asks for the token at *now*, POSIX seconds, does.

    *under_way*: whether a renewal is; *renewal_window*: when early renewal falls due.

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
    Gives the standing once *token* came; *spread*, from 0 up to 1, places its renewal in *renewal_window*.
    """
    if token == state.rejected:
        # Found in a store a moment ago, and not accepted since.
        return state
    until = fresh_until(token, spread=spread, renewal_window=renewal_window)
    return TokenState(token, until, spread, rejected=state.rejected)


def failed(
    state: TokenState, error: Exception | None, now: float, *, renewal_window: RenewalWindow = DEFAULT_WINDOW
) -> TokenState:
    """
    Gives the standing once a renewal came to nothing at *now*: *error* says why, None if another process is at it.
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
    Gives the standing once the API did not accept *token*: exactly that one is forgotten, a newer one stays.
    """
    if state.token is not None and state.token != token:
        return state
    # Callers may be late with an older one: the newest is to be known, as a store may still have it.
    older = state.rejected is not None and token.received_at < state.rejected.received_at
    rejected = state.rejected if older else token
    return attrs.evolve(state, token=None, fresh_until=-math.inf, attempted_at=None, rejected=rejected)


def is_spent(state: TokenState, now: float) -> bool:
    """
    Whether nothing in *state* matters any more at *now*, POSIX seconds, so that it can be forgotten.

        >>> is_spent(UNKNOWN, 1700000000.0)
        True
    """
    tokens = (state.token, state.rejected)
    refused = state.refusal is not None and now < state.refusal.until
    return not refused and all([token is None or now >= stale_from(token) for token in tokens])
