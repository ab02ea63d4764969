"""
When a token is fresh, ageing or stale.
"""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_cc import RenewalWindow, Secret, Token, errors
from oauth_cc.flows.freshness import DEFAULT_WINDOW, fresh_until, freshness, stale_from

NOW = 1700000000.0
RANKS = {"fresh": 0, "ageing": 1, "stale": 2}

lifetimes = st.one_of(
    st.sampled_from([0.0, 0.001, 1.0, 59.0, 60.0, 100.0, 300.0, 600.0, 3600.0, 86400.0]), st.floats(0, 10**7)
)
spreads = st.floats(0, 1, exclude_max=True)
attempts = st.none() | st.floats(-100, 10**5).map(lambda passed: NOW + passed)


@st.composite
def windows(draw: st.DrawFn) -> RenewalWindow:
    """Draw a valid renewal window."""
    opens, closes = sorted(draw(st.tuples(*[st.floats(0, 1, exclude_min=True)] * 2)))
    return RenewalWindow(opens, closes)


def token(lifetime: float | None) -> Token:
    """Return a token received at NOW."""
    if lifetime is None:
        return Token(Secret("tok-1"), "Bearer", NOW)
    return Token(Secret("tok-1"), "Bearer", NOW, NOW + lifetime)


class TestThreeStates:
    @given(lifetimes, spreads, windows(), attempts, st.lists(st.floats(-10, 10**7), min_size=2, max_size=6))
    def test_a_token_is_fresh_then_ageing_then_stale(
        self,
        lifetime: float,
        spread: float,
        renewal_window: RenewalWindow,
        attempted_at: float | None,
        passed: list[float],
    ) -> None:
        """It never goes back."""
        kept = token(lifetime)
        ranks = [
            RANKS[freshness(kept, NOW + seconds, attempted_at, spread=spread, renewal_window=renewal_window)]
            for seconds in sorted(passed)
        ]
        assert ranks == sorted(ranks)

    @given(lifetimes, spreads, windows(), attempts)
    def test_freshness_agrees_with_fresh_until_and_stale_from(
        self, lifetime: float, spread: float, renewal_window: RenewalWindow, attempted_at: float | None
    ) -> None:
        """It agrees at every instant."""
        kept = token(lifetime)
        until = fresh_until(kept, attempted_at, spread=spread, renewal_window=renewal_window)
        ends = stale_from(kept)
        for now in [
            NOW,
            *[edge for moment in (until, ends) for edge in (math.nextafter(moment, -math.inf), moment)],
            *[edge for moment in (until, ends) for edge in (math.nextafter(moment, math.inf), moment + 1)],
        ]:
            state = freshness(kept, now, attempted_at, spread=spread, renewal_window=renewal_window)
            assert (state == "fresh") == (now < until)
            assert (state == "stale") == (now >= ends)

    def test_a_token_of_an_hour_is_renewed_between_27_and_48_minutes(self) -> None:
        """It is not used in its last 5 seconds."""
        hour = token(3600)
        assert [fresh_until(hour, spread=spread) - NOW for spread in (0.0, 0.5, 1.0)] == [1620, 2250, 2880]
        assert stale_from(hour) == NOW + 3595
        moments = (0, 2249, 2250, 3594, 3595, 3600)
        states = [freshness(hour, NOW + passed) for passed in moments]
        assert states == ["fresh", "fresh", "ageing", "ageing", "stale", "stale"]

    def test_a_token_without_lifetime_is_renewed_within_five_minutes(self) -> None:
        """The default lifetime applies."""
        assert fresh_until(token(None), spread=0.999) < NOW + 300
        assert freshness(token(None), NOW + 295) == "stale"


class TestMargins:
    @given(lifetimes, windows(), spreads)
    def test_margins_are_shares_of_the_lifetime(
        self, lifetime: float, renewal_window: RenewalWindow, spread: float
    ) -> None:
        """A short-lived token has short margins."""
        kept = token(lifetime)
        assert 0 <= kept.expires_at - stale_from(kept) <= min(5.0, lifetime * 0.05) + 1e-6
        assert fresh_until(kept, spread=spread, renewal_window=renewal_window) <= stale_from(kept)

    @given(st.floats(0.01, 10**7), spreads)
    @example(60.0, 0.0)
    @example(20.0, 0.0)
    def test_a_token_stays_fresh_for_at_least_45_percent_of_its_life(self, lifetime: float, spread: float) -> None:
        """So does a token of a minute."""
        assert fresh_until(token(lifetime), spread=spread) - NOW >= lifetime * 0.45 - 1e-6

    @pytest.mark.parametrize("lifetime", [0, -1, -3600])
    def test_a_token_with_lifetime_zero_is_stale_at_once(self, lifetime: float) -> None:
        """A token that expired earlier is, too."""
        assert freshness(token(lifetime), NOW) == "stale"
        assert freshness(token(lifetime), NOW, attempted_at=NOW) == "stale"


class TestSpacing:
    @given(st.floats(1, 10**7), spreads, st.floats(0, 1))
    def test_a_failed_renewal_is_not_retried_at_once(self, lifetime: float, spread: float, share: float) -> None:
        """It is, if the token is about to expire."""
        kept = token(lifetime)
        failed_at = NOW + lifetime * share
        pause = min(30.0, lifetime * 0.05)
        until = fresh_until(kept, failed_at, spread=spread)
        assert until >= min(failed_at + pause, stale_from(kept)) - 1e-6
        assert until <= max(fresh_until(kept, spread=spread), failed_at + pause) + 1e-6

    @pytest.mark.parametrize(("lifetime", "pause"), [(3600, 30), (600, 30), (100, 5), (60, 3)])
    def test_the_pause_after_a_failure_is_at_most_30_seconds(self, lifetime: float, pause: float) -> None:
        """It is shorter for a token of less than ten minutes."""
        kept = token(lifetime)
        failed_at = NOW + lifetime * 0.8
        states = [freshness(kept, failed_at + after, failed_at) for after in (pause - 0.01, pause + 0.01)]
        assert states == ["fresh", "ageing"]

    def test_the_pause_ends_when_the_token_expires(self) -> None:
        """A failure does not make a token usable for longer."""
        assert fresh_until(token(3600), NOW + 3594) == NOW + 3595

    def test_a_pause_before_the_renewal_is_due_changes_nothing(self) -> None:
        """It is over by then."""
        assert fresh_until(token(3600), NOW + 10) == fresh_until(token(3600))


class TestTheWindow:
    @given(lifetimes, windows(), st.lists(spreads, min_size=2, max_size=5), attempts)
    def test_a_greater_spread_never_renews_earlier(
        self, lifetime: float, renewal_window: RenewalWindow, several: list[float], attempted_at: float | None
    ) -> None:
        """The spread places the renewal in the window."""
        points = [
            fresh_until(token(lifetime), attempted_at, spread=spread, renewal_window=renewal_window)
            for spread in sorted(several)
        ]
        assert points == sorted(points)

    @given(windows(), spreads)
    def test_a_renewal_is_due_within_the_window(self, renewal_window: RenewalWindow, spread: float) -> None:
        """It is not due before the window opens or after it closes."""
        point = (fresh_until(token(1000), spread=spread, renewal_window=renewal_window) - NOW) / 1000
        assert min(renewal_window.opens, 0.995) - 1e-9 <= point <= renewal_window.closes + 1e-9

    @pytest.mark.parametrize(
        "shares", [(0, 0.5), (-0.1, 0.5), (0.6, 0.5), (0.5, 1.1), (math.nan, 0.9), (0.5, math.nan)]
    )
    def test_an_invalid_window_is_rejected(self, shares: tuple[float, float]) -> None:
        """Its ends must be shares of the lifetime in their order."""
        with pytest.raises(errors.InvalidInput, match="renewal window must satisfy 0 < opens"):
            RenewalWindow(*shares)

    def test_a_window_may_be_a_point_or_end_with_the_token(self) -> None:
        """These are the extremes."""
        assert RenewalWindow(0.8, 0.8) == RenewalWindow(opens=0.8, closes=0.8)
        assert freshness(token(100), NOW + 94.9, renewal_window=RenewalWindow(1.0, 1.0)) == "fresh"
        assert RenewalWindow() == DEFAULT_WINDOW
