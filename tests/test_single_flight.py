"""
The state of one cached token: who renews, who waits, who uses it.
"""

import math
from functools import cache

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import RenewalWindow, Secret, Token, errors
from oauth_cc.flows.freshness import fresh_until, stale_from
from oauth_cc.flows.rejection import Histories, Rejections, rejections_of, repeated, replaced
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
    revoked,
)

NOW = 1700000000.0
API, OTHER = "https://api.example", "https://other.example"
REFUSED = errors.TokenRequestRefused("invalid_client", status=401)
BUSY = errors.TokenRequestRefused(None, None, None, 503, True, 7.0)


def token(value: str = "tok-1", lifetime: float = 3600.0) -> Token:
    """Return a token received at NOW."""
    return Token(Secret(value), "Bearer", NOW, NOW + lifetime)


tokens = st.builds(token, st.sampled_from(["tok-1", "tok-2"]), st.sampled_from([0.0, 60.0, 3600.0]))
"""All of one moment: which of two is newer does not matter to these properties."""
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


apis = st.sampled_from([None, API, OTHER])
series = st.lists(moments, max_size=6)
kinds = st.sampled_from(["renewed", "failed", "discarded"])


@cache
@st.composite
def states(draw: st.DrawFn) -> TokenState:
    """Return a state after a series of events."""
    state = UNKNOWN
    for now in sorted(draw(series)):
        what = draw(kinds)
        if what == "renewed":
            state = renewed(state, draw(tokens), draw(spreads))
        elif what == "failed":
            state = failed(state, draw(failures), now)
        else:
            state = discarded(state, draw(tokens), now, api=draw(apis))
    return state


class TestDecide:
    @given(states(), moments, st.booleans())
    def test_stale_token_is_never_used(self, state: TokenState, now: float, under_way: bool) -> None:
        """A renewal never starts while another is pending."""
        match decide(state, now, under_way=under_way):
            case Use(used):
                assert used == state.token
                assert now < state.stale_from
            case Renew(held):
                assert not under_way
                assert held is None or (held == state.token and now < state.stale_from)
            case Wait():
                assert under_way
            case Refuse(_, since, until) as refusal:
                assert refusal == state.refusal
                assert since <= now < min(until, since + REFUSAL_SECONDS)
                assert not under_way

    @given(states(), moments, st.booleans())
    def test_caller_with_a_usable_token_never_waits_or_fails(
        self, state: TokenState, now: float, under_way: bool
    ) -> None:
        """A token is usable until it is stale."""
        decision = decide(state, now, under_way=under_way)
        usable = state.token is not None and now < state.stale_from
        assert not (usable and isinstance(decision, Wait | Refuse))
        assert usable or not isinstance(decision, Use)

    @given(states(), moments)
    def test_no_renewal_starts_while_a_refusal_is_remembered(self, state: TokenState, now: float) -> None:
        """With a token and without."""
        usable = state.token is not None and now < state.stale_from
        if state.refusal is not None and state.refusal.holds(now, usable=usable):
            assert not isinstance(decide(state, now, under_way=False), Renew)

    @given(states(), moments, st.booleans())
    def test_token_is_used_until_fresh_until(self, state: TokenState, now: float, under_way: bool) -> None:
        """The everyday path relies on this and skips the decision."""
        if now < state.fresh_until:
            assert state.token is not None
            assert decide(state, now, under_way=under_way) == Use(state.token)

    def test_each_state_leads_to_its_decision(self) -> None:
        """Unknown, fresh, ageing and stale, with a pending renewal and without."""
        known = renewed(UNKNOWN, token(), 0.5)
        for state, passed, alone, with_another in [
            (UNKNOWN, 0, Renew(None), Wait()),
            (known, 0, Use(token()), Use(token())),
            (known, 2700, Renew(token()), Use(token())),
            (known, 3595, Renew(None), Wait()),
        ]:
            assert decide(state, NOW + passed, under_way=False) == alone
            assert decide(state, NOW + passed, under_way=True) == with_another

    def test_renewal_window_is_an_argument(self) -> None:
        """It moves the renewal and the spacing of attempts."""
        renewal_window = RenewalWindow(0.1, 0.1)
        known = renewed(UNKNOWN, token(), 0.5, renewal_window=renewal_window)
        assert known.fresh_until == NOW + 360
        assert decide(known, NOW + 361, under_way=False) == Renew(token())
        assert failed(known, BUSY, NOW + 361, renewal_window=renewal_window).fresh_until == NOW + 391


class TestRenewed:
    @given(states(), tokens, spreads)
    def test_new_token_clears_earlier_failures(self, state: TokenState, new: Token, spread: float) -> None:
        """What the API rejected is remembered."""
        after = renewed(state, new, spread)
        if new in state.rejected or new == state.token:
            assert after == state
            return
        assert after.refusal is None
        assert (after.rejected, after.rejections) == (state.rejected, state.rejections)
        if state.token is None or state.token.access_token != new.access_token:
            assert after.token == new
            if not state.repeats:
                first = after.first
                assert after.fresh_until == fresh_until(new, spread=spread, first=first)
        assert isinstance(decide(after, NOW, under_way=False), Use)

    def test_first_token_has_the_wider_window(self) -> None:
        """So has a token that was obtained after the last one expired, or was rejected."""
        first = renewed(UNKNOWN, token(), 0.0)
        assert (first.first, first.fresh_until) == (True, NOW + 720)
        later = attrs.evolve(token("tok-2"), received_at=NOW + 2000, expires_at=NOW + 5600)
        assert renewed(first, later, 0.0).fresh_until == NOW + 2000 + 2880
        idle = attrs.evolve(token("tok-2"), received_at=NOW + 5000, expires_at=NOW + 8600)
        assert renewed(first, idle, 0.0).first
        assert renewed(discarded(first, token(), NOW + 1), later, 0.0).first

    def test_late_result_of_an_abandoned_renewal_is_used_only_if_it_is_newer(self) -> None:
        """An older token would shorten the time to the next renewal."""
        newer = attrs.evolve(token("tok-2"), received_at=NOW + 1)
        state = renewed(UNKNOWN, newer, 0.5)
        assert renewed(state, token(), 0.5, late=True) == state
        assert renewed(renewed(UNKNOWN, token(), 0.5), newer, 0.5, late=True).token == newer

    def test_late_result_of_the_same_moment_is_used(self) -> None:
        """It may be the newer one."""
        state = renewed(UNKNOWN, token(), 0.5)
        assert renewed(state, token("tok-2"), 0.5, late=True).token == token("tok-2")

    def test_state_after_a_renewal_has_every_field(self) -> None:
        """A refusal before it is forgotten, and rejections are not."""
        history = (Rejections(API, 1, NOW, NOW + 5),)
        before = TokenState(
            refusal=Refuse(REFUSED, NOW, NOW + 5),
            rejected=(token("tok-0"),),
            rejections=history,
        )
        first = renewed(before, token(), 0.25)
        assert first == TokenState(
            *(token(), NOW - 300, fresh_until(token(), spread=0.25, first=True), NOW + 3595, 0.25, True, False),
            rejected=(token("tok-0"),),
            rejections=history,
        )
        newer = attrs.evolve(token("tok-2"), received_at=NOW + 3000, expires_at=NOW + 6600)
        assert renewed(first, newer, 0.75) == TokenState(
            *(newer, NOW + 2700, fresh_until(newer, spread=0.75), NOW + 6595, 0.75, False, False),
            rejected=(token("tok-0"),),
            rejections=history,
        )

    def test_server_that_returned_a_token_again_is_asked_at_the_end_of_the_next_token(self) -> None:
        """It would return this one again, too."""
        again = attrs.evolve(token(), received_at=NOW + 3000)
        state = renewed(renewed(UNKNOWN, token(), 0.5), again, 0.5)
        assert (state.token, state.repeats, state.fresh_until, state.stale_from) == (
            *(token(), True),
            *(NOW + 3600, NOW + 3600),
        )
        following = attrs.evolve(token("tok-2"), received_at=NOW + 3600, expires_at=NOW + 7200)
        after = renewed(state, following, 0.5)
        assert (after.token, after.repeats, after.fresh_until, after.stale_from) == (
            *(following, True),
            *(NOW + 7200, NOW + 7200),
        )

    def test_token_received_by_a_clock_that_was_set_back_is_used(self) -> None:
        """Otherwise each call would request a token until the clock has caught up."""
        state = renewed(UNKNOWN, token("tok-2"), 0.5)
        earlier = attrs.evolve(token(), received_at=NOW - 30, expires_at=NOW + 3570)
        assert renewed(state, earlier, 0.5).token == earlier

    def test_same_text_from_a_clock_that_was_set_back_is_another_token(self) -> None:
        """The lifetime of the earlier one says nothing any more."""
        earlier = attrs.evolve(token(), received_at=NOW - 3600, expires_at=NOW)
        state = renewed(renewed(UNKNOWN, token(), 0.5), earlier, 0.5)
        assert (state.token, state.repeats, state.stale_from) == (earlier, False, NOW - 5)

    def test_token_from_a_clock_that_was_set_back_is_renewed_and_used_meanwhile(self) -> None:
        """How long it can be used is unknown. Five minutes are within the tolerance."""
        state = renewed(UNKNOWN, token(), 0.5)
        assert decide(state, NOW - 300, under_way=False) == Use(token())
        assert decide(state, NOW - 301, under_way=False) == Renew(token())
        spaced = failed(state, OSError("gone"), NOW - 3600)
        assert decide(spaced, NOW - 3571, under_way=False) == Use(token())
        assert decide(spaced, NOW - 3570, under_way=False) == Renew(token())

    def test_server_that_returns_the_same_token_again_is_asked_once_when_it_ends(self) -> None:
        """The first lifetime counts, for the next token too."""
        state = renewed(UNKNOWN, token(), 0.0)
        again = attrs.evolve(token(), received_at=NOW + 720, expires_at=NOW + 3600)
        state = renewed(state, again, 0.0)
        assert state.token == token()
        assert decide(state, NOW + 3599, under_way=False) == Use(token())
        assert decide(state, NOW + 3600, under_way=False) == Renew(None)
        second = attrs.evolve(token("tok-2"), received_at=NOW + 3600, expires_at=NOW + 7200)
        state = renewed(state, second, 0.0)
        assert (state.fresh_until, state.stale_from) == (NOW + 7200, NOW + 7200)

    def test_last_second_of_a_token_that_is_returned_again_is_used(self) -> None:
        """It would cost one token request per call."""
        state = renewed(UNKNOWN, token(), 0.0)
        for passed in (3595, 3600):
            last = attrs.evolve(token(), received_at=NOW + passed, expires_at=NOW + 3600)
            state = renewed(state, last, 0.0)
            assert decide(state, NOW + passed + 0.9, under_way=False) == Use(token())
        assert decide(state, NOW + 3601, under_way=False) == Renew(None)

    def test_token_of_the_same_text_that_is_extended_is_a_new_token(self) -> None:
        """Some servers always return the same text to a client."""
        state = renewed(UNKNOWN, token(), 0.0)
        extended = attrs.evolve(token(), received_at=NOW + 720, expires_at=NOW + 4320)
        assert renewed(state, extended, 0.0).token == extended


class TestFailed:
    @given(states(), refusals | wrong, moments)
    def test_refusal_is_remembered_for_retry_after_up_to_a_minute(
        self, state: TokenState, error: errors.TokenRequestRefused | errors.InvalidResponse, now: float
    ) -> None:
        """Without Retry-After it is remembered for five seconds."""
        after = failed(state, error, now)
        asked = REFUSAL_SECONDS if error.retry_after is None else error.retry_after
        assert after.refusal == Refuse(error, now, now + min(asked, 60.0))
        assert (after.token, after.rejected) == (state.token, state.rejected)

    @pytest.mark.parametrize(
        ("retry_after", "pause"), [(None, 5.0), (0.0, 0.0), (2.0, 2.0), (60.0, 5.0), (3600.0, 5.0)]
    )
    @pytest.mark.parametrize("status", [401, 429, 503])
    def test_without_a_token_no_request_is_sent_for_five_seconds_at_most(
        self, retry_after: float | None, pause: float, status: int
    ) -> None:
        """A longer pause would prolong an outage."""
        error = errors.TokenRequestRefused(None, None, None, status, True, retry_after)
        after = failed(UNKNOWN, error, NOW)
        if pause:
            assert isinstance(decide(after, NOW + pause - 0.01, under_way=False), Refuse)
        assert decide(after, NOW + pause, under_way=False) == Renew(None)

    @given(states(), moments)
    def test_failures_without_a_response_are_not_refusals(self, state: TokenState, now: float) -> None:
        """The next caller tries again."""
        for error in (OSError("gone"), TimeoutError("slow"), None):
            assert failed(state, error, now).refusal == state.refusal

    @pytest.mark.parametrize("status", [200, 400, 401, 429, 499, 502])
    def test_invalid_response_is_a_refusal(self, status: int) -> None:
        """A token type that the library does not know stays unknown for a while."""
        error = errors.InvalidResponse(status, "is wrong")
        assert decide(failed(UNKNOWN, error, NOW), NOW, under_way=False) == Refuse(error, NOW, NOW + 5)

    def test_clock_that_is_set_back_ends_the_pause(self) -> None:
        """It would last for an hour."""
        state = failed(UNKNOWN, REFUSED, NOW)
        assert decide(state, NOW - 3600, under_way=False) == Renew(None)

    @given(tokens, spreads, failures, st.floats(0, 4000))
    def test_failed_renewal_postpones_the_next(
        self, held: Token, spread: float, error: Exception | None, after: float
    ) -> None:
        """The next caller uses the cached token."""
        now = NOW + after
        state = failed(renewed(UNKNOWN, held, spread), error, now)
        assert state.token == held
        assert state.fresh_until == fresh_until(held, now, spread=spread, first=True)
        if now < stale_from(held):
            assert decide(state, now, under_way=False) == Use(held)

    def test_ageing_token_is_tried_twice_a_minute_during_an_outage(self) -> None:
        """It is used all the while."""
        state = renewed(UNKNOWN, token(), 0.0)
        tried = 0
        for passed in range(720, 840):
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
        """Until then the token is used, and then no pause is longer than five seconds."""
        error = errors.TokenRequestRefused(None, None, None, 429, True, 60.0)
        late = failed(renewed(UNKNOWN, token(), 0.0), error, NOW + 3592)
        assert decide(late, NOW + 3594, under_way=False) == Use(token())
        assert decide(late, NOW + 3596, under_way=False) == Refuse(error, NOW + 3592, NOW + 3652)
        assert decide(late, NOW + 3596, under_way=True) == Wait()
        assert decide(late, NOW + 3597, under_way=False) == Renew(None)

    def test_retry_after_is_kept_up_to_a_minute_while_a_token_can_be_used(self) -> None:
        """The pause of half a minute after a failure ends before it."""
        error = errors.TokenRequestRefused(None, None, None, 429, True, 600.0)
        state = failed(renewed(UNKNOWN, token(), 0.0), error, NOW + 800)
        assert [decide(state, NOW + passed, under_way=False) for passed in (831, 859, 860)] == [
            *(Use(token()), Use(token())),
            Renew(token()),
        ]

    def test_failure_without_a_token_keeps_the_refusal_only(self) -> None:
        """There is no token whose attempts need spacing."""
        assert failed(UNKNOWN, OSError("gone"), NOW) == UNKNOWN
        assert failed(UNKNOWN, REFUSED, NOW) == TokenState(refusal=Refuse(REFUSED, NOW, NOW + 5))


class TestDiscarded:
    @given(states(), tokens, moments, apis)
    def test_rejected_token_is_dropped_and_another_one_kept(
        self, state: TokenState, not_accepted: Token, now: float, api: str | None
    ) -> None:
        """The rejected one is remembered."""
        after = discarded(state, not_accepted, now, api=api)
        if state.token is not None and state.token != not_accepted:
            assert after == attrs.evolve(state, rejected=after.rejected)
        elif after.token is not None:
            assert [each for each in after.rejections if each.api == api and each.pauses(now)]
            return
        else:
            assert (after.fresh_until, after.stale_from) == (-math.inf, -math.inf)
            assert after.refusal == state.refusal
        assert set(after.rejected) == {*state.rejected, not_accepted}

    def test_same_text_received_later_is_another_token(self) -> None:
        """Many servers return the same text again."""
        later = attrs.evolve(token(), received_at=NOW + 1)
        state = renewed(UNKNOWN, later, 0.5)
        assert discarded(state, token(), NOW).token == later

    def test_discarded_token_is_renewed(self) -> None:
        """The next caller has no token meanwhile."""
        state = discarded(renewed(UNKNOWN, token(), 0.5), token(), NOW)
        assert decide(state, NOW, under_way=False) == Renew(None)

    def test_each_rejected_token_is_remembered(self) -> None:
        """A pending renewal does not bring it back."""
        newer = attrs.evolve(token("tok-2"), received_at=NOW + 1)
        state = discarded(discarded(UNKNOWN, newer, NOW), token(), NOW)
        assert [renewed(state, rejected, 0.5) for rejected in (newer, token())] == [state, state]

    def test_memory_of_rejected_tokens_is_bounded(self) -> None:
        """The last ones stay."""
        state = UNKNOWN
        for number in range(40):
            state = discarded(state, token(f"tok-{number}"), NOW)
        assert [rejected.access_token.reveal() for rejected in state.rejected] == [f"tok-{n}" for n in range(24, 40)]


def issued(number: int, now: float) -> Token:
    """Return the token of that number, received at *now*."""
    return Token(Secret(f"tok-{number}"), "Bearer", now, now + 3600)


class TestRepeatedRejection:
    @given(st.lists(st.tuples(st.floats(0, 30), apis), min_size=1, max_size=60))
    def test_each_api_causes_few_new_tokens_whichever_it_rejects(self, calls: list[tuple[float, str | None]]) -> None:
        """Any of them may accept tokens in between: four in a minute for each."""
        state, now, replaced = UNKNOWN, NOW, list[tuple[float, str | None]]()
        for step, api in calls:
            now += step
            for number in range(2):
                if state.token is None:
                    state = renewed(state, issued(len(replaced) * 2 + number, now), 0.5)
                assert state.token is not None
                state = discarded(state, state.token, now, api=api)
                replaced += [(now, api)] * (state.token is None)
        for at, api in replaced:
            assert len([1 for other, by in replaced if by == api and at <= other < at + 4.9]) == 1
            assert len([1 for other, by in replaced if by == api and at <= other < at + 59]) <= 4

    @pytest.mark.parametrize("api", [API, None])
    def test_replacement_that_is_rejected_too_is_kept_for_a_pause(self, api: str | None) -> None:
        """The pause doubles up to a minute. The API may have no name."""
        now, state, pauses = NOW, renewed(UNKNOWN, issued(0, NOW), 0.5), list[float]()
        for number in range(1, 7):
            assert state.token is not None
            state = discarded(state, state.token, now, api=api)
            assert state.token is None
            state = renewed(state, issued(number, now), 0.5)
            kept = discarded(state, issued(number, now), now, api=api)
            assert kept.token == issued(number, now)
            assert discarded(kept, issued(number, now), now + 0.1, api=api) == kept
            pauses.append(kept.rejections[0].until - now)
            state, now = kept, kept.rejections[0].until
        assert pauses == [5, 10, 20, 40, 60, 60]

    def test_minute_without_a_rejection_ends_the_series(self) -> None:
        """Tokens are revoked now and then."""
        state = renewed(discarded(UNKNOWN, issued(0, NOW), NOW, api=API), issued(1, NOW), 0.5)
        state = discarded(state, issued(1, NOW), NOW, api=API)
        assert state.rejections == (Rejections(API, 1, NOW, NOW + 5),)
        for later, count in ((NOW + 65, 1), (NOW + 66, 0)):
            after = discarded(state, issued(1, NOW), later, api=API)
            assert (after.token, after.rejections) == (None, (Rejections(API, count, later, later, replaced=True),))

    def test_replacement_that_the_api_accepted_once_does_not_end_the_series(self) -> None:
        """One of the servers of the API may be wrong."""
        state = renewed(discarded(UNKNOWN, issued(0, NOW), NOW, api=API), issued(1, NOW), 0.5)
        other = renewed(discarded(state, issued(1, NOW), NOW + 1, api=OTHER), issued(2, NOW + 1), 0.5)
        for api, now in ((API, NOW + 2), (OTHER, NOW + 3)):
            assert discarded(other, issued(2, NOW + 1), now, api=api).token == issued(2, NOW + 1)

    @pytest.mark.parametrize("api", [API, None])
    def test_replacement_that_served_for_a_minute_was_accepted(self, api: str | None) -> None:
        """Its rejection is a first one."""
        state = renewed(discarded(UNKNOWN, issued(0, NOW), NOW, api=api), issued(1, NOW), 0.5)
        assert discarded(state, issued(1, NOW), NOW + 60, api=api).token == issued(1, NOW)
        assert discarded(state, issued(1, NOW), NOW + 61, api=api).token is None

    def test_rejections_without_a_name_are_those_of_an_api_of_their_own(self) -> None:
        """A program that discards tokens by hand may use an auth beside it."""
        state = renewed(discarded(UNKNOWN, issued(0, NOW), NOW, api=API), issued(1, NOW), 0.5)
        assert discarded(state, issued(1, NOW), NOW).token is None

    def test_state_after_a_revocation_has_every_field(self) -> None:
        """The next token is a first one."""
        before = attrs.evolve(renewed(UNKNOWN, token(), 0.5), first=False, rejected=(issued(7, NOW),))
        assert revoked(before, token()) == attrs.evolve(
            before,
            token=None,
            fresh_until=-math.inf,
            stale_from=-math.inf,
            first=True,
            rejected=(issued(7, NOW), token()),
        )

    def test_revoked_token_is_dropped_during_a_pause(self) -> None:
        """Nothing may use it."""
        state = renewed(discarded(UNKNOWN, issued(0, NOW), NOW), issued(1, NOW), 0.5)
        paused = discarded(state, issued(1, NOW), NOW)
        assert (paused.token, revoked(paused, issued(1, NOW)).token) == (issued(1, NOW), None)
        assert revoked(paused, issued(2, NOW)).token == issued(1, NOW)
        assert revoked(paused, issued(1, NOW)).rejected == (issued(0, NOW), issued(1, NOW))

    def test_pause_of_one_api_is_not_that_of_another(self) -> None:
        """One token may serve several APIs, and one of them may be broken."""
        state = renewed(discarded(UNKNOWN, issued(0, NOW), NOW, api=API), issued(1, NOW), 0.5)
        paused = discarded(state, issued(1, NOW), NOW, api=API)
        assert discarded(paused, issued(1, NOW), NOW + 1, api=API).token == issued(1, NOW)
        first = discarded(paused, issued(1, NOW), NOW + 1, api=OTHER)
        assert (first.token, first.rejections[0]) == (None, paused.rejections[0])
        both = discarded(renewed(first, issued(2, NOW + 1), 0.5), issued(2, NOW + 1), NOW + 1, api=OTHER)
        assert [each.api for each in both.rejections] == [API, OTHER]

    def test_histories_of_few_apis_are_remembered(self) -> None:
        """The last ones stay. An API that rejects again comes last, with twice the pause."""
        histories: Histories = ()
        for number in (*range(20), 10):
            histories = repeated(histories, f"https://{number}.example", NOW)
        numbers = [*range(4, 10), *range(11, 20)]
        assert histories == (
            *[Rejections(f"https://{number}.example", 1, NOW, NOW + 5) for number in numbers],
            Rejections("https://10.example", 2, NOW, NOW + 10),
        )
        assert rejections_of(histories, "https://3.example") is None
        assert [histories[0].lasts(NOW + passed) for passed in (-0.1, 0, 65, 65.1)] == [False, True, True, False]
        assert replaced(histories, "https://10.example", NOW + 70)[-1] == (
            Rejections("https://10.example", 2, NOW + 70, NOW + 70, replaced=True)
        )
        assert replaced(histories, "https://10.example", NOW + 71)[-1].count == 0
        assert repeated(histories, "https://10.example", NOW + 71)[-1] == (
            Rejections("https://10.example", 1, NOW + 71, NOW + 76)
        )
        assert [histories[0].pauses(NOW + passed) for passed in (-0.1, 0, 4.9, 5)] == [False, True, True, False]

    def test_clock_that_is_set_back_ends_the_pause(self) -> None:
        """It would last for an hour."""
        state = renewed(discarded(UNKNOWN, issued(0, NOW), NOW, api=API), issued(1, NOW), 0.5)
        state = discarded(state, issued(1, NOW), NOW, api=API)
        assert discarded(state, issued(1, NOW), NOW - 3600, api=API).token is None

    def test_stale_replacement_is_dropped(self) -> None:
        """It cannot be used during a pause."""
        state = renewed(discarded(UNKNOWN, issued(0, NOW), NOW, api=API), issued(1, NOW), 0.5)
        for passed in (3595, 3599):
            assert discarded(state, issued(1, NOW), NOW + passed, api=API).token is None


class TestIsSpent:
    def test_refusal_is_kept_though_the_clock_was_set_back(self) -> None:
        """It holds again when the clock reaches its start."""
        error = errors.InvalidResponse(200, "is wrong")
        state = attrs.evolve(UNKNOWN, refusal=Refuse(error, since=NOW + 1, until=NOW + 6))
        assert not is_spent(state, NOW)
        assert decide(state, NOW + 1, under_way=False) == state.refusal
        assert is_spent(state, NOW + 6)

    @given(states(), moments)
    def test_spent_state_decides_like_the_unknown_state(self, state: TokenState, now: float) -> None:
        """None of its tokens can be used."""
        if is_spent(state, now):
            for later in (now, now + 1, now + 10**5):
                for under_way in (False, True):
                    assert decide(state, later, under_way=under_way) == decide(UNKNOWN, later, under_way=under_way)
            assert all([now >= stale_from(kept) for kept in state.rejected])

    def test_state_is_spent_once_nothing_in_it_matters(self) -> None:
        """A usable token, a refusal, and a rejected token that a store may have matter."""
        assert is_spent(UNKNOWN, NOW)
        for state, until in [
            (renewed(UNKNOWN, token(), 0.5), 3595),
            (failed(UNKNOWN, REFUSED, NOW), 5),
            (discarded(UNKNOWN, token(), NOW), 3595),
        ]:
            assert not is_spent(state, NOW + until - 0.01)
            assert is_spent(state, NOW + until)

    def test_rejections_are_remembered_as_long_as_they_count(self) -> None:
        """Tokens may live for a second only."""
        state = discarded(UNKNOWN, token(lifetime=0.0), NOW)
        assert not is_spent(state, NOW + 60)
        assert is_spent(state, NOW + 60.1)
