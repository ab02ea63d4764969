"""
A soak test: processes share short-lived tokens for a minute while they are killed at random and restarted.

``python -m tests.benchmarks.soak`` prints the number of token requests.
"""

import argparse
import contextlib
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import attrs

from oauth_cc.testing import AuthorizationServer
from tests.proofs.processes import Worker
from tests.proofs.worker import Outcome, Task
from tests.redis_server import RedisServer, find_program

PROCESSES = 4
LIFETIME = 3
# The renewal window of the workers opens at this point.
SHORTEST_USE = 0.8 * LIFETIME


@attrs.frozen
class Soak:
    """
    The result: token *requests* in *seconds*, *restarts* of killed processes, and the outcomes of the living processes.
    """

    seconds: float
    requests: int
    restarts: int
    outcomes: list[Outcome]

    @property
    def allowed(self) -> int:
        """One request for each lifetime, and one for each killed process, which may have been requesting."""
        return int(self.seconds / SHORTEST_USE) + 1 + self.restarts

    @property
    def calls(self) -> int:
        """The number of tokens that the living processes received."""
        return sum([len(outcome.tokens) for outcome in self.outcomes])

    @property
    def errors(self) -> list[str]:
        """The errors that the living processes received."""
        return [error for outcome in self.outcomes for error in outcome.errors]


def soak(task: Task, seconds: float, seed: int) -> Soak:
    """Run *task* for *seconds*, with kills drawn from *seed*. The endpoint of *task* is filled in."""
    chance = random.Random(seed)
    restarts = 0
    with AuthorizationServer(lifetime=LIFETIME) as server, contextlib.ExitStack() as stack:

        def started(left: float) -> Worker:
            worker = Worker(attrs.evolve(task, endpoint=server.token_endpoint, threads=5, seconds=left))
            return stack.enter_context(worker)

        began = time.monotonic()
        workers = [started(seconds) for _ in range(PROCESSES)]
        for worker in workers:
            worker.ready().go()
        while (left := began + seconds - time.monotonic()) > 2:
            time.sleep(chance.uniform(0.2, 1.5))
            place = chance.randrange(PROCESSES)
            workers[place].kill()
            workers[place] = started(left)
            workers[place].ready().go()
            restarts += 1
        outcomes = [worker.outcome() for worker in workers]
        return Soak(time.monotonic() - began, len(server.token_requests), restarts, outcomes)


@contextlib.contextmanager
def tasks(folder: Path) -> Iterator[list[Task]]:
    """Yield a task with a file store, and a task with Redis if Redis is available."""
    over_files = Task("", directory=f"{folder}/tokens")
    program = find_program(folder)
    if program is None:
        yield [over_files]
    else:
        with RedisServer(program) as redis:
            yield [over_files, Task("", redis=redis.path, lock_lifetime=1.0)]


def main() -> None:
    """Print a line for each store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(f"{PROCESSES} processes of 5 threads, tokens of {LIFETIME} seconds, seed {arguments.seed}")
    print(f"{'store':<8}{'seconds':>9}{'restarts':>10}{'requests':>10}{'allowed':>9}{'calls':>9}{'errors':>8}")
    with tempfile.TemporaryDirectory() as folder, tasks(Path(folder)) as both:
        for task in both:
            seen = soak(task, arguments.seconds, arguments.seed)
            name = "file" if task.directory else "redis"
            counts = f"{seen.restarts:>10}{seen.requests:>10}{seen.allowed:>9}{seen.calls:>9}{len(seen.errors):>8}"
            print(f"{name:<8}{seen.seconds:>9.1f}{counts}", *seen.errors[:3], flush=True)


if __name__ == "__main__":
    main()
