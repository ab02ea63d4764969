"""
A simulation of a fleet of workers that renew their tokens: the load of the authorization server.

``python -m tests.benchmarks.simulation`` prints the table, and ``--plot PATH`` draws it. The workers run `decide`,
`renewal`, `renewed` and `failed` of the library. The effects of the flow are performed here, on a simulated clock.
"""

import argparse
import random
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from heapq import heappop, heappush
from itertools import accumulate
from pathlib import Path
from typing import Final, TypeAlias, TypeVar, assert_never

import attrs

from oauth_cc import ClientCredentials, HttpResponse, RenewalWindow, Token, token_request
from oauth_cc.errors import InvalidResponse, TokenRequestRefused
from oauth_cc.flows import (
    FetchAssertion,
    Flow,
    Load,
    Lock,
    Moment,
    Observe,
    ReadKey,
    ReadSecret,
    Received,
    Report,
    Returned,
    Save,
    Send,
    Sign,
    Sleep,
    advance,
    without_store,
)
from oauth_cc.flows.freshness import DEFAULT_WINDOW, stale_from
from oauth_cc.flows.renewal import Kept, Renewal, Renewed, renewal, terms
from oauth_cc.flows.single_flight import (
    REFUSAL_SECONDS,
    UNKNOWN,
    Refuse,
    Renew,
    TokenState,
    decide,
    failed,
    renewed,
)
from tests.benchmarks.drawing import Panel, draw
from tests.world import token_answer

T = TypeVar("T")
Steps: TypeAlias = Generator[float, None, T]
"""The steps of a worker. It yields the seconds until its next step."""

LIFETIME: Final = 3600
HORIZON: Final = 3 * LIFETIME
BETWEEN_CALLS: Final = 5.0
LATENCY: Final = 0.1
ROUND_TRIP: Final = 0.001
GROUP: Final = 500

NOTE: Final = f"""
Tokens of {LIFETIME // 60} minutes, {HORIZON // LIFETIME} simulated hours; a worker calls the API every {BETWEEN_CALLS:.0f} s on average, at random, and renews at a call.
The server responds within {LATENCY} s and the store within {ROUND_TRIP} s at any load; overload is not simulated.
peak: token requests in the busiest second. start: the first lifetime; steady: the time after it, deploy and outage included.
peak/avg: the busiest {{smoothing}} s of the steady part over its average ("-": fewer than one request a minute).
without: the longest time from a worker's first call that found no token to when it had one, seconds.
"""  # noqa: E501  # lines of the printed table


@attrs.frozen
class Kind:
    """
    How workers obtain a token.

    Args:
        name: The title.
        renewal_window: Workers renew as the library does. With None they use a token until it expires, and retry a
            failed request at the next call, as most clients do.
        shared: Whether the fleet has one store.
    """

    name: str
    renewal_window: RenewalWindow | None = None
    shared: bool = False


@attrs.frozen
class Scenario:
    """
    The events of a run, in seconds.

    Args:
        name: The title.
        starting: All workers start within this time.
        deploy: Each worker restarts once within this interval.
        outage: The server returns 503 within this interval.
    """

    name: str
    starting: float = LIFETIME
    deploy: tuple[float, float] | None = None
    outage: tuple[float, float] = (HORIZON, HORIZON)


KINDS: Final = (
    Kind("naive"),
    Kind("no spread", RenewalWindow(opens=0.7, closes=0.7, first_opens=0.7)),
    Kind("default window", DEFAULT_WINDOW),
    Kind("wide window", RenewalWindow(opens=0.45, closes=0.8)),
    Kind("shared store", DEFAULT_WINDOW, shared=True),
)
SCENARIOS: Final = (
    Scenario("cold start in 10 s", starting=10),
    Scenario("deploy in 10 min", deploy=(5100, 5700)),
    Scenario("outage of 10 min", outage=(5400, 6000)),
)


@attrs.frozen
class Run:
    """The result of one *kind* in one *scenario*: token requests by second, and the longest time *without* a token."""

    scenario: Scenario
    kind: Kind
    requests: Sequence[int]
    without: float

    @property
    def steady(self) -> Sequence[int]:
        """The requests after the first lifetime."""
        return self.requests[LIFETIME:]

    @property
    def average(self) -> float:
        """Requests a second after the first lifetime."""
        return sum(self.steady) / len(self.steady)

    def ratio(self, smoothing: int = 60) -> float | None:
        """Return the busiest *smoothing* seconds of the steady part over its average, None for too few requests."""
        if self.average * 60 < 1:
            return None
        totals = [0, *accumulate(self.steady)]
        busiest = max(after - before for before, after in zip(totals, totals[smoothing:], strict=False))
        return busiest / smoothing / self.average


@attrs.define(eq=False)
class Fleet:
    """
    Workers, their server and their shared store, on a clock that jumps from event to event.

    *wakes* has the time of each worker's next step. Entries of *queue* with another time are skipped. The worker
    *holder* holds the lock of the store, and the workers *waiting* wait for it.
    """

    kind: Kind
    scenario: Scenario
    chance: random.Random
    now: float = 0.0
    requests: list[int] = attrs.field(factory=lambda: [0] * HORIZON)
    without: float = 0.0
    stored: Token | None = None
    holder: int | None = None
    waiting: deque[int] = attrs.field(factory=lambda: deque[int]())
    queue: list[tuple[float, int]] = attrs.field(factory=lambda: list[tuple[float, int]]())
    wakes: dict[int, float] = attrs.field(factory=lambda: dict[int, float]())

    def run(self, workers: int) -> Run:
        """Simulate *workers* and return the result."""
        # Workers without a shared store are independent. In small groups their state fits the processor's cache.
        size = workers if self.kind.shared else GROUP
        for first in range(0, workers, size):
            self.move(min(size, workers - first))
        return Run(self.scenario, self.kind, self.requests, self.without)

    def move(self, workers: int) -> None:
        """Move *workers* from the start to the horizon."""
        self.now = 0.0
        self.queue.clear()
        lives = [worker(self, number) for number in range(workers)]
        for number, life in enumerate(lives):
            self.wake(number, next(life))
        while self.queue and self.queue[0][0] < HORIZON:
            moment, number = heappop(self.queue)
            if self.wakes[number] == moment:
                self.now = moment
                self.wake(number, next(lives[number], HORIZON))

    def wake(self, number: int, seconds: float) -> None:
        """Schedule the next step of worker *number* in *seconds*, in place of an earlier schedule."""
        self.wakes[number] = moment = self.now + seconds
        heappush(self.queue, (moment, number))

    def pause(self, moment: float, until: float) -> float:
        """Return the seconds to the first call of a worker after *moment*, or to its end at *until*."""
        call = max(moment, self.now) + self.chance.expovariate(1 / BETWEEN_CALLS)
        return max(0.0, min(call, until) - self.now)

    def had_none(self, since: float) -> None:
        """Record that a worker without a token since *since* now has one."""
        self.without = max(self.without, self.now - since)

    def send(self) -> Steps[HttpResponse]:
        """Request a token from the server."""
        self.requests[int(self.now)] += 1
        away, back = self.scenario.outage
        answer = AWAY if away <= self.now < back else ANSWER
        yield LATENCY
        return answer

    def drive(self, flow: Flow[T], number: int) -> Steps[T]:
        """Perform *flow* for worker *number*, as the drivers do, on the simulated clock."""
        try:
            step = advance(flow, None)
            while not isinstance(step, Returned):
                result: object = None
                match step:
                    case Observe():
                        result = Moment(self.now, "", self.chance.random())
                    case Load() | Save() | Lock():
                        result = (yield from self.ask(step, number)) if self.kind.shared else without_store(step)
                    case Send():
                        answer = yield from self.send()
                        result = Received(answer, self.now)
                    case Sleep(seconds):
                        yield seconds
                    case Report():
                        pass
                    case Sign() | FetchAssertion() | ReadSecret() | ReadKey():
                        raise AssertionError("these workers have a secret")
                    case _:
                        assert_never(step)
                step = advance(flow, result)
            return step.value
        finally:
            self.free(number)

    def ask(self, effect: Load | Save | Lock, number: int) -> Steps[Token | bool | None]:
        """Perform *effect* on the shared store."""
        yield ROUND_TRIP
        match effect:
            case Load():
                return self.stored
            case Save(_, token):
                self.stored = token
                return None
            case Lock(_, wait):
                if self.holder is None:
                    self.holder = number
                elif wait:
                    self.waiting.append(number)
                    yield wait
                    if self.holder != number:
                        self.waiting.remove(number)
                return self.holder == number
            case _:
                assert_never(effect)

    def free(self, number: int) -> None:
        """Pass the lock of worker *number*, if it holds the lock, to the worker that has waited longest."""
        if self.holder == number:
            self.holder = self.waiting.popleft() if self.waiting else None
            if self.holder is not None:
                self.wake(self.holder, ROUND_TRIP)


ANSWER: Final = token_answer(lifetime=LIFETIME)
AWAY: Final = HttpResponse(503)
TERMS: Final = terms(token_request(ClientCredentials("your_id", "s3cret")), "https://as.example/token")


def worker(fleet: Fleet, number: int) -> Steps[None]:
    """Run a worker once, or twice if it restarts. A restart empties its memory."""
    yield fleet.chance.uniform(0, fleet.scenario.starting)
    if fleet.scenario.deploy is not None:
        yield from live(fleet, number, fleet.chance.uniform(*fleet.scenario.deploy))
    yield from live(fleet, number, HORIZON)


def live(fleet: Fleet, number: int, until: float) -> Steps[None]:
    """Call the API with a token until *until*."""
    yield fleet.pause(fleet.now, until)
    if fleet.kind.renewal_window is None:
        yield from live_naively(fleet, until)
    else:
        yield from live_with_window(fleet, number, fleet.kind.renewal_window, until)


def live_naively(fleet: Fleet, until: float) -> Steps[None]:
    """Use each token until it expires, and request a token at each call without one."""
    since: float | None = None
    while fleet.now < until:
        since = fleet.now if since is None else since
        response = yield from fleet.send()
        if response.status == 200:
            fleet.had_none(since)
            since = None
        yield fleet.pause(fleet.now + LIFETIME if since is None else fleet.now, until)


def live_with_window(fleet: Fleet, number: int, renewal_window: RenewalWindow, until: float) -> Steps[None]:
    """Work as the library does. Calls that only use the cached token are skipped."""
    state = UNKNOWN
    since: float | None = None
    while fleet.now < until:
        decision = decide(state, fleet.now, under_way=False)
        if isinstance(decision, Refuse):
            # A call before the end of the pause gets the error of the last request.
            yield fleet.pause(decision.since + REFUSAL_SECONDS, until)
            continue
        if isinstance(decision, Renew):
            if decision.held is None and since is None:
                since = fleet.now
            flow = renewal(TERMS, held=decision.held)
            state = yield from complete(fleet, state, fleet.drive(flow, number), renewal_window)
            if since is not None and state.token is not None and fleet.now < stale_from(state.token):
                fleet.had_none(since)
                since = None
        yield fleet.pause(state.fresh_until, until)


def complete(
    fleet: Fleet, state: TokenState, steps: Steps[Renewal], renewal_window: RenewalWindow
) -> Steps[TokenState]:
    """Return the state of the token after a renewal, as the cache of a process does."""
    try:
        outcome = yield from steps
    except (TokenRequestRefused, InvalidResponse) as error:
        return failed(state, error, fleet.now, renewal_window=renewal_window)
    match outcome:
        case Renewed(token, spread):
            return renewed(state, token, spread, renewal_window=renewal_window)
        case Kept():
            return failed(state, None, fleet.now, renewal_window=renewal_window)


def simulate(scenario: Scenario, kind: Kind, workers: int, *, seed: int = 1) -> Run:
    """Return the result of *workers* of one *kind* in *scenario*. The same *seed* gives the same result."""
    return Fleet(kind, scenario, random.Random(seed)).run(workers)


def table(runs: Sequence[Run], smoothing: int = 60) -> str:
    """Return the runs as a table with notes on its columns."""
    lines = [_line(COLUMNS)]
    for run in runs:
        ratio = run.ratio(smoothing)
        lines.append(
            _line(
                [
                    run.scenario.name,
                    run.kind.name,
                    f"{sum(run.requests):,}",
                    f"{max(run.requests[:LIFETIME]):,}",
                    f"{max(run.steady):,}",
                    f"{run.average:.2f}",
                    "-" if ratio is None else f"{ratio:.1f}",
                    f"{run.without:.1f}",
                ]
            )
        )
    return "\n".join(lines) + "\n" + NOTE.format(smoothing=smoothing)


COLUMNS: Final = ("scenario", "kind", "requests", "start: peak/s", "steady: peak/s", "avg/s", "peak/avg", "without")


def _line(cells: Sequence[str]) -> str:
    scenario, kind, *figures = cells
    return f"{scenario:<20}{kind:<16}" + "".join([f"{figure:>15}" for figure in figures])


def main() -> None:
    """Print the table, and draw it if a path is given."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.simulation")
    parser.add_argument("--workers", type=int, default=10_000)
    parser.add_argument("--plot", type=Path, metavar="PATH")
    options = parser.parse_args()
    with ProcessPoolExecutor() as pool:
        futures = [pool.submit(simulate, scenario, kind, options.workers) for scenario in SCENARIOS for kind in KINDS]
        runs = [future.result() for future in futures]
    print(f"{options.workers:,} workers\n\n{table(runs)}")
    if options.plot is not None:
        options.plot.write_text(picture(runs, options.workers), "utf-8")


def picture(runs: Sequence[Run], workers: int) -> str:
    """Return the runs as a chart: the busiest second of each minute."""
    panels = [
        Panel(scenario.name, {run.kind.name: _peaks(run.requests) for run in runs if run.scenario == scenario})
        for scenario in SCENARIOS
    ]
    return draw(f"{workers:,} workers: token requests per second, the busiest of each minute", panels)


def _peaks(requests: Sequence[int]) -> list[int]:
    return [max(requests[second : second + 60]) for second in range(0, len(requests), 60)]


if __name__ == "__main__":
    main()
