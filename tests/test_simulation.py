"""
What the simulated fleet shows holds at a smaller size too, for one seed: the statements that are made of it.
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
"""Seconds to smooth over: a small fleet asks so seldom that a minute shows chance alone."""


def busiest_minute(requests: list[int]) -> int:
    """Gives the requests of the busiest minute."""
    return max(sum(requests[second : second + 60]) for second in range(len(requests)))


def test_naive_workers_stay_together() -> None:
    """All of a fleet that started together asks again within one minute, each lifetime."""
    run = simulate(COLD, NAIVE, 300)
    starts = [list(run.requests[start : start + LIFETIME]) for start in range(0, HORIZON, LIFETIME)]
    assert [busiest_minute(requests) for requests in starts] == [300] * len(starts)


def test_the_window_spreads() -> None:
    """With the default window the steady load stays below twice its average; with a window of no width it does not."""
    ours, together = simulate(COLD, DEFAULT, 2000).ratio(WIDE), simulate(COLD, NO_SPREAD, 300).ratio(WIDE)
    assert ours is not None
    assert together is not None
    assert ours <= 2
    assert together > 5


@pytest.mark.parametrize("scenario", [COLD, DEPLOY])
@pytest.mark.parametrize("kind", [SHARED, LATE], ids=lambda kind: kind.name)
def test_a_shared_store_asks_for_all(scenario: Scenario, kind: Kind) -> None:
    """One request each time the window opens, however many workers there are, and however often they restart."""
    renewal_window = kind.renewal_window
    assert renewal_window is not None
    renewals = HORIZON / (LIFETIME * renewal_window.opens)
    few, many = (sum(simulate(scenario, kind, workers).requests) for workers in (30, 300))
    assert few <= many <= renewals + 1


def test_a_shared_store_asks_one_by_one() -> None:
    """In an outage only whoever has the lock asks, and no worker is without a token."""
    run = simulate(OUTAGE, SHARED, 300)
    before, after = OUTAGE.outage
    elsewhere = [*run.requests[: int(before)], *run.requests[int(after) + 60 :]]
    assert max(run.requests) <= 1 / simulation.LATENCY
    assert sum(elsewhere) <= HORIZON / (LIFETIME * DEFAULT_WINDOW.opens) + 1
    assert run.without < 1


@pytest.mark.parametrize("kind", [NO_SPREAD, DEFAULT])
def test_an_outage_is_bridged(kind: Kind) -> None:
    """Tokens at hand go on being used: as long as the window leaves, and the server is asked far less than naively."""
    naive, ours = simulate(OUTAGE, NAIVE, 300), simulate(OUTAGE, kind, 300)
    assert kind.renewal_window is not None
    before, after = OUTAGE.outage
    margin = (1 - kind.renewal_window.closes) * LIFETIME - 5
    slack = 60
    assert naive.without > after - before - slack
    assert ours.without < max(0.0, after - before - margin) + slack
    assert sum(ours.steady) < sum(naive.steady)


def test_a_seed_says_all() -> None:
    """The same seed gives the same run."""
    assert simulate(OUTAGE, DEFAULT, 20) == simulate(OUTAGE, DEFAULT, 20)
    assert simulate(OUTAGE, DEFAULT, 20) != simulate(OUTAGE, DEFAULT, 20, seed=2)


def test_the_picture() -> None:
    """It is XML, with one line for each kind and scenario."""
    runs = [Run(scenario, kind, [0, 9] * (HORIZON // 2), 0.0) for scenario in SCENARIOS for kind in KINDS]
    assert lines(picture(runs, 9)) == len(runs)


def test_the_picture_that_is_kept() -> None:
    """It is XML and small."""
    text = PLOT.read_text("utf-8")
    assert len(text.encode()) < 60_000
    assert lines(text) == len(SCENARIOS) * len(KINDS)


def lines(text: str) -> int:
    """Gives how many lines a picture has."""
    return len(ElementTree.fromstring(text).findall("{http://www.w3.org/2000/svg}polyline"))  # noqa: S314  # our own
