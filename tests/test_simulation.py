"""
The claims about the simulated fleet, at a smaller size and for one seed.
"""

import random
from pathlib import Path
from xml.etree import ElementTree

import pytest

from oauth_cc import Secret, Token
from oauth_cc.flows.freshness import DEFAULT_WINDOW, fresh_until
from tests.benchmarks import simulation
from tests.benchmarks.simulation import HORIZON, KINDS, LIFETIME, SCENARIOS, Kind, Run, Scenario, picture, simulate

NAIVE, NO_SPREAD, DEFAULT, WIDE_WINDOW, SHARED = KINDS
COLD, DEPLOY, OUTAGE = SCENARIOS
PLOT = Path(simulation.__file__).with_name("fleet.svg")
RENEWALS = HORIZON / LIFETIME / DEFAULT_WINDOW.first_opens
"""More than a fleet with one store sends: whichever worker has the earliest point in the window renews."""
WIDE = 300
"""Seconds to smooth the load over, as a small fleet sends too few requests for a minute to show more than noise."""


def busiest_minute(requests: list[int]) -> int:
    """Return the number of requests in the busiest minute."""
    return max(sum(requests[second : second + 60]) for second in range(len(requests)))


def test_naive_workers_stay_together() -> None:
    """All workers of a fleet that started together renew within one minute, in each lifetime."""
    run = simulate(COLD, NAIVE, 300)
    starts = [list(run.requests[start : start + LIFETIME]) for start in range(0, HORIZON, LIFETIME)]
    assert [busiest_minute(requests) for requests in starts] == [300] * len(starts)


def test_wide_window_keeps_the_load_below_twice_its_average() -> None:
    """A window without width does not."""
    wide, together = simulate(COLD, WIDE_WINDOW, 1000).ratio(WIDE), simulate(COLD, NO_SPREAD, 300).ratio(WIDE)
    assert wide is not None
    assert together is not None
    assert wide <= 2
    assert together > 5


def test_default_window_costs_a_fifth_more_requests_than_one_a_lifetime() -> None:
    """
    Over a hundred lifetimes of a fleet that starts at one moment, the load stays below three times its average from the
    second renewal on, and five minutes of an hour are left to bridge an outage.
    """
    chance, workers, lifetimes = random.Random(1), 200, 100  # a simulation
    minutes = [0] * (lifetimes * 60 + 60)
    for _ in range(workers):
        at, first, renewals = 0.0, True, 0
        while at < lifetimes * LIFETIME:
            if renewals >= 2:
                minutes[int(at // 60)] += 1
            token = Token(Secret("tok"), "Bearer", at, at + LIFETIME)
            at = fresh_until(token, spread=chance.random(), first=first)
            assert token.expires_at - at >= 300
            first, renewals = False, renewals + 1
    steady = minutes[60 : lifetimes * 60]
    average = sum(steady) / len(steady)
    assert sum(minutes) / workers / lifetimes <= 1.2
    smoothed = [sum(steady[at : at + 10]) / 10 for at in range(len(steady) - 10)]
    assert max(smoothed) <= 3 * average


@pytest.mark.parametrize("scenario", [COLD, DEPLOY])
def test_shared_store_sends_one_request_per_window(scenario: Scenario) -> None:
    """The number of workers and their restarts do not matter."""
    few, many = (sum(simulate(scenario, SHARED, workers).requests) for workers in (30, 300))
    assert few <= many <= RENEWALS


def test_shared_store_sends_one_request_at_a_time_in_an_outage() -> None:
    """Only the holder of the lock sends, and every worker has a token."""
    run = simulate(OUTAGE, SHARED, 300)
    before, after = OUTAGE.outage
    elsewhere = [*run.requests[: int(before)], *run.requests[int(after) + 60 :]]
    assert max(run.requests) <= 1 / simulation.LATENCY
    assert sum(elsewhere) <= RENEWALS
    assert run.without < 1


@pytest.mark.parametrize("kind", [NO_SPREAD, DEFAULT, WIDE_WINDOW])
def test_outage_is_bridged_by_cached_tokens(kind: Kind) -> None:
    """They last as long as the window leaves, with far fewer requests than naive workers send."""
    naive, ours = simulate(OUTAGE, NAIVE, 300), simulate(OUTAGE, kind, 300)
    assert kind.renewal_window is not None
    before, after = OUTAGE.outage
    margin = (1 - kind.renewal_window.closes) * LIFETIME - 5
    slack = 60
    assert naive.without > after - before - slack
    assert ours.without < max(0.0, after - before - margin) + slack
    assert sum(ours.steady) < sum(naive.steady)


def test_simulation_is_reproducible_by_seed() -> None:
    """Another seed makes another run."""
    assert simulate(OUTAGE, DEFAULT, 20) == simulate(OUTAGE, DEFAULT, 20)
    assert simulate(OUTAGE, DEFAULT, 20) != simulate(OUTAGE, DEFAULT, 20, seed=2)


def test_picture_has_a_line_for_each_kind_and_scenario() -> None:
    """It is XML."""
    runs = [Run(scenario, kind, [0, 9] * (HORIZON // 2), 0.0) for scenario in SCENARIOS for kind in KINDS]
    assert lines(picture(runs, 9)) == len(runs)


def test_committed_picture_is_complete_and_small() -> None:
    """It is XML too."""
    text = PLOT.read_text("utf-8")
    assert len(text.encode()) < 60_000
    assert lines(text) == len(SCENARIOS) * len(KINDS)


def lines(text: str) -> int:
    """Return the number of lines in a picture."""
    return len(ElementTree.fromstring(text).findall("{http://www.w3.org/2000/svg}polyline"))  # noqa: S314  # our own
