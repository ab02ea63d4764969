"""
The claims about the simulated fleet, at a smaller size and for one seed.
"""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from oauth_cc.flows.freshness import DEFAULT_WINDOW
from tests.benchmarks import simulation
from tests.benchmarks.simulation import HORIZON, KINDS, LIFETIME, SCENARIOS, Kind, Run, Scenario, picture, simulate

NAIVE, NO_SPREAD, DEFAULT, SHARED, LATE = KINDS
COLD, DEPLOY, OUTAGE = SCENARIOS
PLOT = Path(simulation.__file__).with_name("fleet.svg")
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


def test_renewal_window_keeps_the_load_below_twice_its_average() -> None:
    """A window without width does not."""
    ours, together = simulate(COLD, DEFAULT, 2000).ratio(WIDE), simulate(COLD, NO_SPREAD, 300).ratio(WIDE)
    assert ours is not None
    assert together is not None
    assert ours <= 2
    assert together > 5


@pytest.mark.parametrize("scenario", [COLD, DEPLOY])
@pytest.mark.parametrize("kind", [SHARED, LATE], ids=lambda kind: kind.name)
def test_shared_store_sends_one_request_per_window(scenario: Scenario, kind: Kind) -> None:
    """The number of workers and their restarts do not matter."""
    renewal_window = kind.renewal_window
    assert renewal_window is not None
    renewals = HORIZON / (LIFETIME * renewal_window.opens)
    few, many = (sum(simulate(scenario, kind, workers).requests) for workers in (30, 300))
    assert few <= many <= renewals + 1


def test_shared_store_sends_one_request_at_a_time_in_an_outage() -> None:
    """Only the holder of the lock sends, and every worker has a token."""
    run = simulate(OUTAGE, SHARED, 300)
    before, after = OUTAGE.outage
    elsewhere = [*run.requests[: int(before)], *run.requests[int(after) + 60 :]]
    assert max(run.requests) <= 1 / simulation.LATENCY
    assert sum(elsewhere) <= HORIZON / (LIFETIME * DEFAULT_WINDOW.opens) + 1
    assert run.without < 1


@pytest.mark.parametrize("kind", [NO_SPREAD, DEFAULT])
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
