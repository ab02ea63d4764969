"""
Processes that share tokens: the number of requests, and the recovery from a killed or stopped process.
"""

import contextlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import attrs
import pytest

from oauth_cc.testing import AuthorizationServer
from tests.proofs.processes import Worker, round_of
from tests.proofs.worker import Task
from tests.redis_server import RedisServer
from tests.shells.scripted import Answer, Held, ScriptedServer, Silence, Step, serve

pytestmark = pytest.mark.slow


def answer(text: str) -> Answer:
    """Return the response of a server that issues *text*."""
    body = f'{{"access_token": "{text}", "token_type": "Bearer", "expires_in": 3600}}'
    return Answer(chunks=(body.encode(),))


@pytest.fixture(params=["file", "redis"])
def task(request: pytest.FixtureRequest, tmp_path: Path) -> Task:
    """Return a task with its tokens in a file, or in Redis."""
    if request.param == "file":
        return Task("", directory=f"{tmp_path}/tokens")
    server: RedisServer = request.getfixturevalue("redis_server")
    return Task("", redis=server.path, lock_lifetime=3.0)


@contextlib.contextmanager
def scripted(task: Task, *steps: Step) -> Iterator[tuple[ScriptedServer, Task]]:
    """Yield a server that responds with *steps*, and *task* with its endpoint."""
    with serve(*steps) as server:
        yield server, attrs.evolve(task, endpoint=f"{server.url}/token")


def test_eight_cold_processes_with_a_file_store_make_one_request(tmp_path: Path) -> None:
    """Each process has 25 threads."""
    with AuthorizationServer() as server, ExitStack() as stack:
        task = Task(server.token_endpoint, directory=f"{tmp_path}/tokens", threads=25)
        outcomes = round_of([stack.enter_context(Worker(task)) for _ in range(8)])
        requests = len(server.token_requests)
    assert requests == 1
    assert [outcome.errors for outcome in outcomes] == [[]] * 8
    assert [len(outcome.tokens) for outcome in outcomes] == [25] * 8
    assert len({token for outcome in outcomes for token in outcome.tokens}) == 1


def test_eight_cold_processes_with_redis_make_one_request(redis_server: RedisServer) -> None:
    """The processes have threads, an event loop, or both."""
    with AuthorizationServer() as server, ExitStack() as stack:
        tasks = [
            Task(server.token_endpoint, redis=redis_server.path, threads=threads, tasks=count)
            for threads, count in [(25, 0), (0, 25), (25, 25)] * 2 + [(25, 25)] * 2
        ]
        outcomes = round_of([stack.enter_context(Worker(task)) for task in tasks])
        requests = len(server.token_requests)
    assert requests == 1
    assert [outcome.errors for outcome in outcomes] == [[]] * 8
    assert sum(len(outcome.tokens) for outcome in outcomes) == sum(task.threads + task.tasks for task in tasks)
    assert len({token for outcome in outcomes for token in outcome.tokens}) == 1


def test_waiting_processes_recover_when_the_lock_holder_is_killed(task: Task) -> None:
    """They make one request of their own, and no lock stays held."""
    with scripted(task, Silence, answer("tok-2")) as (server, task), ExitStack() as stack:
        holder, *others = [stack.enter_context(Worker(task)).ready() for _ in range(4)]
        holder.go()
        server.arrived.acquire()
        for other in others:
            other.go()
        holder.kill()
        outcomes = [other.outcome() for other in others]
        assert [(outcome.tokens, outcome.errors) for outcome in outcomes] == [(["tok-2"], [])] * 3
        assert len(server.asked) == 2
        # A lock that stayed held would cost this process its wait_timeout.
        late = stack.enter_context(Worker(task)).ready()
        late.go()
        assert late.outcome().tokens == ["tok-2"]
        assert len(server.asked) == 2


def test_another_process_renews_when_the_lock_holder_is_stopped(task: Task) -> None:
    """The late token of the stopped process does not overwrite the newer token."""
    first = Held(answer("tok-1"))
    task = attrs.evolve(task, wait_timeout=8.0)
    with scripted(task, first, answer("tok-2")) as (server, task), ExitStack() as stack:
        holder, other, late = [stack.enter_context(Worker(task)).ready() for _ in range(3)]
        holder.go()
        server.arrived.acquire()
        holder.pause()
        first.released.set()
        other.go()
        assert other.outcome().tokens == ["tok-2"]
        holder.resume()
        assert holder.outcome().tokens == ["tok-1"]
        late.go()
        assert late.outcome().tokens == ["tok-2"]
        assert len(server.asked) == 2


def test_on_a_full_disk_each_process_makes_one_request_of_its_own(tmp_path: Path) -> None:
    """Every thread has its token, and each process reports the store once."""
    with AuthorizationServer() as server, ExitStack() as stack:
        task = Task(server.token_endpoint, directory=f"{tmp_path}/tokens", threads=10, file_size=16)
        outcomes = round_of([stack.enter_context(Worker(task)) for _ in range(3)])
        requests = len(server.token_requests)
    assert [(len(outcome.tokens), outcome.errors) for outcome in outcomes] == [(10, [])] * 3
    assert requests == 3
    assert [outcome.events.count("StoreFailed") for outcome in outcomes] == [1] * 3
