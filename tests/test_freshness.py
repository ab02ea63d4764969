"""
When a token is due for renewal, and when it is stale.
"""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import RenewalWindow, Secret, Token, errors
from oauth_cc.flows.freshness import DEFAULT_WINDOW, SHORTEST_USE, fresh_until, stale_from

NOW = 1700000000.0

lifetimes = st.one_of(
    st.sampled_from([0.0, 0.001, 1.0, 59.0, 60.0, 100.0, 300.0, 600.0, 3600.0, 86400.0]), st.floats(0, 10**7)
)
spreads = st.floats(0, 1, exclude_max=True)
attempts = st.none() | st.floats(-100, 10**5).map(lambda passed: NOW + passed)


@st.composite
def windows(draw: st.DrawFn) -> RenewalWindow:
    """Draw a valid renewal window."""
    opens, closes, first_opens = draw(st.tuples(*[st.floats(0, 1, exclude_min=True)] * 3))
    return RenewalWindow(min(opens, closes), max(opens, closes), first_opens)


def token(lifetime: float | None) -> Token:
    """Return a token received at NOW."""
    if lifetime is None:
        return Token(Secret("tok-1"), "Bearer", NOW)
    return Token(Secret("tok-1"), "Bearer", NOW, NOW + lifetime)


class TestTheTwoMoments:
    @given(lifetimes, spreads, windows(), attempts, st.booleans())
    def test_a_token_is_due_before_it_is_stale(
        self, lifetime: float, spread: float, renewal_window: RenewalWindow, attempted_at: float | None, first: bool
    ) -> None:
        """This holds for every window."""
        kept = token(lifetime)
        due = fresh_until(kept, attempted_at, spread=spread, first=first, renewal_window=renewal_window)
        assert due <= stale_from(kept)

    def test_a_token_of_an_hour_is_renewed_between_48_and_54_minutes(self) -> None:
        """It is not used in its last 5 seconds."""
        hour = token(3600)
        assert [fresh_until(hour, spread=spread) - NOW for spread in (0.0, 0.5, 1.0)] == [2880, 3060, 3240]
        assert fresh_until(hour) - NOW == 3060
        assert stale_from(hour) == NOW + 3595

    def test_the_first_token_of_an_hour_is_renewed_between_12_and_54_minutes(self) -> None:
        """So processes that started together spread at their first renewal."""
        first = [fresh_until(token(3600), spread=spread, first=True) - NOW for spread in (0.0, 0.5, 1.0)]
        assert first == pytest.approx([720, 1980, 3240])

    def test_a_first_token_is_not_renewed_later_than_another(self) -> None:
        """A window that opens earlier than the first window opens it too."""
        early = RenewalWindow(opens=0.1, closes=0.3)
        assert fresh_until(token(100), spread=0.0, first=True, renewal_window=early) == NOW + 10

    def test_a_token_without_lifetime_is_renewed_within_five_minutes(self) -> None:
        """The default lifetime applies."""
        assert fresh_until(token(None), spread=0.999) < NOW + 300
        assert stale_from(token(None)) == NOW + 295


class TestRenewalWindow:
    @pytest.mark.parametrize(("opens", "closes"), [(0.0, 0.5), (0.6, 0.5), (0.5, 1.1)])
    def test_a_window_outside_the_lifetime_is_rejected(self, opens: float, closes: float) -> None:
        """The error says what a window satisfies."""
        with pytest.raises(errors.InvalidInput) as caught:
            RenewalWindow(opens, closes)
        assert caught.value.parameter == "renewal window"
        reason = (
            "renewal window must satisfy 0 < opens <= closes <= 1 and 0 < first_opens <= 1, as shares of the lifetime; "
            "write 80 percent as 0.8"
        )
        assert str(caught.value) == reason


class TestMargins:
    @given(lifetimes, windows(), spreads)
    def test_margins_are_shares_of_the_lifetime(
        self, lifetime: float, renewal_window: RenewalWindow, spread: float
    ) -> None:
        """A short-lived token has short margins."""
        kept = token(lifetime)
        if lifetime * 0.95 >= SHORTEST_USE:
            assert 0 <= kept.expires_at - stale_from(kept) <= min(5.0, lifetime * 0.05) + 1e-6
        assert fresh_until(kept, spread=spread, renewal_window=renewal_window) <= stale_from(kept)

    @pytest.mark.parametrize("lifetime", [0, 0.5, 1])
    def test_a_token_is_used_for_a_second_at_least(self, lifetime: float) -> None:
        """A lifetime of 0 would cost one token request per call."""
        assert (fresh_until(token(lifetime)), stale_from(token(lifetime))) == (NOW + 1, NOW + 1)

    @pytest.mark.parametrize("lifetime", [-1, -3600])
    def test_a_token_that_had_expired_when_it_was_received_is_used_for_a_second(self, lifetime: float) -> None:
        """Clocks of servers go wrong."""
        assert stale_from(token(lifetime)) == NOW + 1


class TestSpacing:
    @given(st.floats(2, 10**7), spreads, st.floats(0, 1))
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
        assert fresh_until(kept, failed_at, spread=0.0) == pytest.approx(failed_at + pause)

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
        "shares",
        [
            (0, 0.5),
            (-0.1, 0.5),
            (0.6, 0.5),
            (0.5, 1.1),
            (math.nan, 0.9),
            (0.5, math.nan),
            (0.5, 0.6, 0),
            (0.5, 0.6, 2),
            ("0.5",),
        ],
    )
    def test_an_invalid_window_is_rejected(self, shares: tuple[Any, ...]) -> None:
        """Its ends must be shares of the lifetime in their order."""
        with pytest.raises(errors.InvalidInput) as caught:
            RenewalWindow(*shares)
        assert caught.value.parameter == "renewal window"
        assert str(caught.value) == (
            "renewal window must satisfy 0 < opens <= closes <= 1 and 0 < first_opens <= 1, as shares of the lifetime; "
            "write 80 percent as 0.8"
        )

    def test_a_window_may_be_a_point_or_end_with_the_token(self) -> None:
        """These are the extremes."""
        assert RenewalWindow(0.8, 0.8) == RenewalWindow(opens=0.8, closes=0.8)
        assert fresh_until(token(100), renewal_window=RenewalWindow(1.0, 1.0)) == NOW + 95
        assert RenewalWindow() == DEFAULT_WINDOW == RenewalWindow(opens=0.8, closes=0.9, first_opens=0.2)
        assert RenewalWindow(1, 1, 1) == RenewalWindow(opens=1.0, closes=1.0, first_opens=1.0)
