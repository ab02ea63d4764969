"""
The state of one cached token: who renews, who waits, who uses it.
"""

import math

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import RenewalWindow, Secret, Token, errors
from oauth_cc.flows.freshness import fresh_until, freshness, stale_from
from oauth_cc.flows.single_flight import (
    REFUSAL_SECONDS,
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

NOW = 1700000000.0
REFUSED = errors.TokenRequestRefused("invalid_client", status=401)
BUSY = errors.TokenRequestRefused(None, None, None, 503, True, 7.0)


def token(value: str = "tok-1", lifetime: float = 3600.0) -> Token:
    """Return a token received at NOW."""
    return Token(Secret(value), "Bearer", NOW, NOW + lifetime)


tokens = st.builds(token, st.sampled_from(["tok-1", "tok-2"]), st.sampled_from([0.0, 60.0, 3600.0]))
spreads = st.floats(0, 1, exclude_max=True)
moments = st.floats(-100, 4000).map(lambda passed: NOW + passed)
refusals = st.builds(
    errors.TokenRequestRefused,
    st.just("invalid_client"),
    status=st.integers(400, 499),
    retry_after=st.none() | st.floats(0, 3600),
)
wrong = st.builds(errors.InvalidResponse, st.integers(200, 599), st.just("is wrong"), st.just(True))
failures: st.SearchStrategy[Exception | None] = st.one_of(
    st.none(), refusals, wrong, st.just(TimeoutError("slow")), st.just(BUSY)
)


@st.composite
def states(draw: st.DrawFn) -> TokenState:
    """Return a state after a series of events."""
    state = UNKNOWN
    for now in sorted(draw(st.lists(moments, max_size=6))):
        what = draw(st.sampled_from(["renewed", "failed", "discarded"]))
        if what == "renewed":
            state = renewed(state, draw(tokens), draw(spreads))
        elif what == "failed":
            state = failed(state, draw(failures), now)
        else:
            state = discarded(state, draw(tokens))
    return state


class TestDecide:
    @given(states(), moments, st.booleans())
    def test_stale_token_is_never_used(self, state: TokenState, now: float, under_way: bool) -> None:
        """And a renewal never starts while another is pending."""
        match decide(state, now, under_way=under_way):
            case Use(used):
                assert used == state.token
                assert now < stale_from(used)
            case Renew(held):
                assert not under_way
                assert held is None or (held == state.token and now < stale_from(held))
            case Wait():
                assert under_way
            case Refuse(_, until) as refusal:
                assert refusal == state.refusal
                assert now < until
                assert not under_way

    @given(states(), moments, st.booleans())
    def test_caller_with_a_usable_token_never_waits_or_fails(
        self, state: TokenState, now: float, under_way: bool
    ) -> None:
        """A token is usable until it is stale."""
        decision = decide(state, now, under_way=under_way)
        usable = state.token is not None and now < stale_from(state.token)
        assert not (usable and isinstance(decision, Wait | Refuse))
        assert usable or not isinstance(decision, Use)

    @given(states(), moments)
    def test_no_renewal_starts_while_a_refusal_is_remembered(self, state: TokenState, now: float) -> None:
        """With a token and without."""
        if state.refusal is not None and now < state.refusal.until:
            assert not isinstance(decide(state, now, under_way=False), Renew)

    @given(states(), moments, st.booleans())
    def test_token_is_used_until_fresh_until(self, state: TokenState, now: float, under_way: bool) -> None:
        """The everyday path relies on this and skips the decision."""
        if now < state.fresh_until:
            assert state.token is not None
            assert decide(state, now, under_way=under_way) == Use(state.token)

    def test_decision_for_each_state(self) -> None:
        """Unknown, fresh, ageing and stale, with a pending renewal and without."""
        known = renewed(UNKNOWN, token(), 0.5)
        for state, passed, alone, with_another in [
            (UNKNOWN, 0, Renew(None), Wait()),
            (known, 0, Use(token()), Use(token())),
            (known, 2520, Renew(token()), Use(token())),
            (known, 3595, Renew(None), Wait()),
        ]:
            assert decide(state, NOW + passed, under_way=False) == alone
            assert decide(state, NOW + passed, under_way=True) == with_another

    def test_renewal_window_is_an_argument(self) -> None:
        """It moves the renewal and the spacing of attempts."""
        renewal_window = RenewalWindow(0.1, 0.1)
        known = renewed(UNKNOWN, token(), 0.5, renewal_window=renewal_window)
        assert known.fresh_until == NOW + 360
        assert decide(known, NOW + 361, under_way=False, renewal_window=renewal_window) == Renew(token())
        assert failed(known, BUSY, NOW + 361, renewal_window=renewal_window).fresh_until == NOW + 391


class TestRenewed:
    @given(states(), tokens, spreads)
    def test_new_token_clears_earlier_failures(self, state: TokenState, new: Token, spread: float) -> None:
        """Only a rejected token is remembered."""
        after = renewed(state, new, spread)
        if new in state.rejected:
            assert after == state
            return
        assert after == TokenState(new, fresh_until(new, spread=spread), spread, None, None, state.rejected)
        assert isinstance(decide(after, NOW, under_way=False), Use) == (stale_from(new) > NOW)


class TestFailed:
    @given(states(), refusals, moments)
    def test_refusal_is_remembered_for_retry_after_up_to_a_minute(
        self, state: TokenState, error: errors.TokenRequestRefused, now: float
    ) -> None:
        """Without Retry-After, for five seconds."""
        after = failed(state, error, now)
        asked = REFUSAL_SECONDS if error.retry_after is None else error.retry_after
        assert after.refusal == Refuse(error, now + min(asked, 60.0))
        assert (after.token, after.rejected) == (state.token, state.rejected)

    @pytest.mark.parametrize(
        ("retry_after", "pause"), [(None, 5.0), (0.0, 0.0), (2.0, 2.0), (60.0, 60.0), (60.5, 60.0), (3600.0, 60.0)]
    )
    def test_no_request_is_sent_until_the_refusal_expires(self, retry_after: float | None, pause: float) -> None:
        """Retry-After counts up to a minute."""
        error = errors.TokenRequestRefused(None, None, None, 429, True, retry_after)
        after = failed(UNKNOWN, error, NOW)
        if pause:
            assert decide(after, NOW + pause - 0.01, under_way=False) == Refuse(error, NOW + pause)
        assert decide(after, NOW + pause, under_way=False) == Renew(None)

    @given(states(), moments, st.sampled_from([399, 200, 302, 500, 503, 599]))
    def test_other_failures_are_not_refusals(self, state: TokenState, now: float, status: int) -> None:
        """The next caller tries again."""
        for error in (errors.InvalidResponse(status, "is wrong"), OSError("gone"), TimeoutError("slow"), None):
            assert failed(state, error, now).refusal == state.refusal

    @pytest.mark.parametrize("status", [400, 401, 429, 499])
    def test_invalid_response_with_4xx_is_a_refusal(self, status: int) -> None:
        """The status is enough."""
        error = errors.InvalidResponse(status, "is wrong")
        assert decide(failed(UNKNOWN, error, NOW), NOW, under_way=False) == Refuse(error, NOW + 5)

    @given(tokens, spreads, failures, st.floats(0, 4000))
    def test_failed_renewal_postpones_the_next(
        self, held: Token, spread: float, error: Exception | None, after: float
    ) -> None:
        """The next caller uses the cached token."""
        now = NOW + after
        state = failed(renewed(UNKNOWN, held, spread), error, now)
        assert (state.token, state.attempted_at) == (held, now)
        assert state.fresh_until == fresh_until(held, now, spread=spread)
        if now < stale_from(held):
            assert decide(state, now, under_way=False) == Use(held)

    def test_ageing_token_is_tried_twice_a_minute_during_an_outage(self) -> None:
        """It is used all the while."""
        state = renewed(UNKNOWN, token(), 0.0)
        tried = 0
        for passed in range(1610, 1740):
            now = NOW + passed
            match decide(state, now, under_way=False):
                case Renew(held):
                    assert held == token()
                    tried += 1
                    state = failed(state, BUSY, now)
                case decision:
                    assert decision == Use(token())
        assert tried == 4

    def test_refusal_is_raised_once_the_token_is_stale(self) -> None:
        """Until then the token is used."""
        error = errors.TokenRequestRefused(None, None, None, 429, True, 60.0)
        late = failed(renewed(UNKNOWN, token(), 0.0), error, NOW + 3550)
        assert decide(late, NOW + 3590, under_way=False) == Use(token())
        assert decide(late, NOW + 3600, under_way=False) == Refuse(error, NOW + 3610)
        assert decide(late, NOW + 3600, under_way=True) == Wait()
        assert decide(late, NOW + 3610, under_way=False) == Renew(None)

    def test_failure_without_a_token_keeps_the_refusal_only(self) -> None:
        """There is no token whose attempts need spacing."""
        assert failed(UNKNOWN, BUSY, NOW) == UNKNOWN
        assert failed(UNKNOWN, REFUSED, NOW) == TokenState(refusal=Refuse(REFUSED, NOW + 5))


class TestDiscarded:
    @given(states(), tokens)
    def test_rejected_token_is_dropped_and_another_one_kept(self, state: TokenState, not_accepted: Token) -> None:
        """The rejected one is remembered."""
        after = discarded(state, not_accepted)
        assert set(after.rejected) == {*state.rejected, not_accepted}
        if state.token is not None and state.token != not_accepted:
            assert after == attrs.evolve(state, rejected=after.rejected)
        else:
            assert (after.token, after.fresh_until, after.attempted_at) == (None, -math.inf, None)
            assert after.refusal == state.refusal

    def test_same_text_received_later_is_another_token(self) -> None:
        """Many servers return the same text again."""
        later = attrs.evolve(token(), received_at=NOW + 1)
        state = renewed(UNKNOWN, later, 0.5)
        assert discarded(state, token()).token == later

    def test_discarded_token_is_renewed(self) -> None:
        """The next caller has no token meanwhile."""
        state = discarded(renewed(UNKNOWN, token(), 0.5), token())
        assert decide(state, NOW, under_way=False) == Renew(None)

    def test_each_rejected_token_is_remembered(self) -> None:
        """A late report of an older one does not replace it, and a pending renewal brings none of them back."""
        newer = attrs.evolve(token("tok-2"), received_at=NOW + 1)
        state = discarded(discarded(UNKNOWN, newer), token())
        assert [renewed(state, rejected, 0.5) for rejected in (newer, token())] == [state, state]

    def test_memory_of_rejected_tokens_is_bounded(self) -> None:
        """The last ones are remembered, in the order of the reports."""
        state = UNKNOWN
        for number in (1, *range(100), 90):
            state = discarded(state, token(f"tok-{number}"))
        expected = [*range(84, 90), *range(91, 100), 90]
        assert [rejected.access_token.reveal() for rejected in state.rejected] == [f"tok-{n}" for n in expected]


class TestIsSpent:
    @given(states(), moments)
    def test_spent_state_decides_like_the_unknown_state(self, state: TokenState, now: float) -> None:
        """None of its tokens can be used."""
        if is_spent(state, now):
            for later in (now, now + 1, now + 10**5):
                for under_way in (False, True):
                    assert decide(state, later, under_way=under_way) == decide(UNKNOWN, later, under_way=under_way)
            for kept in (state.token, *state.rejected):
                assert kept is None or freshness(kept, now) == "stale"

    def test_state_is_spent_once_nothing_in_it_matters(self) -> None:
        """A usable token, a refusal, and a rejected token that a store may have matter."""
        assert is_spent(UNKNOWN, NOW)
        for state, until in [
            (renewed(UNKNOWN, token(), 0.5), 3595),
            (failed(UNKNOWN, REFUSED, NOW), 5),
            (discarded(UNKNOWN, token()), 3595),
        ]:
            assert not is_spent(state, NOW + until - 0.01)
            assert is_spent(state, NOW + until)
