"""
A process that requests tokens, controlled by `tests.proofs.processes.Worker`.

The first line of input is a `Task` as JSON. Each further line starts a round. Its outcome is one line of JSON output.
"""

import json
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import anyio
import attrs
import redis
import redis.asyncio

from oauth_cc import ClientCredentials, Options, RenewalWindow, Token, token_request
from oauth_cc.events import Event
from oauth_cc.httpx2 import AsyncTokenSource, TokenSource
from oauth_cc.stores.file import FileStore
from oauth_cc.stores.redis import AsyncRedisStore, RedisStore
from tests.resting import at_rest, at_rest_async

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))


@attrs.frozen
class Task:
    """
    The work of a process: request tokens from many threads and tasks at once.

    Args:
        endpoint: The URL of the token endpoint.
        directory: The directory of a `FileStore`, or "".
        redis: The unix socket of a Redis server, or "".
        threads: The number of threads.
        tasks: The number of tasks on an event loop.
        lock_lifetime: Seconds that a lock in Redis lasts.
        wait_timeout: Seconds, as in `Options`.
        file_size: The maximum size of a file in bytes, 0 for no limit.
        seconds: How long a round goes on requesting tokens, 0 to request one.
    """

    endpoint: str
    directory: str = ""
    redis: str = ""
    threads: int = 1
    tasks: int = 0
    lock_lifetime: float = 45.0
    wait_timeout: float = 60.0
    file_size: int = 0
    seconds: float = 0.0


@attrs.frozen
class Outcome:
    """The tokens, errors and event names of one round."""

    tokens: list[str] = attrs.Factory(list)
    errors: list[str] = attrs.Factory(list)
    events: list[str] = attrs.Factory(list)


def store_for_threads(task: Task) -> FileStore | RedisStore:
    """Return the store of *task*."""
    if task.directory:
        return FileStore(task.directory)
    client = redis.Redis(unix_socket_path=task.redis, socket_timeout=2.0)
    return RedisStore(client, lock_lifetime=task.lock_lifetime)


def ask_on_threads(task: Task, source: TokenSource, outcome: Outcome) -> None:
    """Request tokens from *source* on the threads of *task*."""
    start = threading.Barrier(task.threads)

    def one(_: int) -> None:
        start.wait(30)
        ends_at = time.monotonic() + task.seconds
        while True:
            try:
                outcome.tokens.append(fresh(source.token()))
            except Exception as error:  # the test must see it, of any class
                outcome.errors.append(repr(error))
            if time.monotonic() >= ends_at:
                return
            time.sleep(0.02)

    with ThreadPoolExecutor(task.threads) as pool:
        list(pool.map(one, range(task.threads)))


async def ask_on_a_loop(task: Task, outcome: Outcome, on_event: Callable[[Event], None]) -> None:
    """Request tokens on the tasks of *task*."""
    client = redis.asyncio.Redis(unix_socket_path=task.redis, socket_timeout=2.0) if task.redis else None
    store = FileStore(task.directory) if client is None else AsyncRedisStore(client, lock_lifetime=task.lock_lifetime)
    source = AsyncTokenSource(
        REQUEST, task.endpoint, store=store, options=Options(wait_timeout=task.wait_timeout, on_event=on_event)
    )

    async def one() -> None:
        try:
            outcome.tokens.append(fresh(await source.token()))
        except Exception as error:  # as on threads
            outcome.errors.append(repr(error))

    async with anyio.create_task_group() as group:
        for _ in range(task.tasks):
            group.start_soon(one)
    await at_rest_async(source)
    if client is not None:
        await client.aclose()


def fresh(token: Token) -> str:
    """Return the text of *token*, which must not be expired."""
    if token.expires_at <= time.time():
        raise AssertionError(f"token expired {time.time() - token.expires_at} seconds ago")
    return token.access_token.reveal()


def main() -> None:
    """Read the task and its rounds from standard input."""
    task = Task(**json.loads(sys.stdin.readline()))
    if task.file_size:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (task.file_size, task.file_size))
    outcome = Outcome()

    def on_event(event: Event) -> None:
        outcome.events.append(type(event).__name__)

    source = TokenSource(
        REQUEST,
        task.endpoint,
        store=store_for_threads(task),
        options=Options(wait_timeout=task.wait_timeout, renewal_window=RenewalWindow(0.8, 0.9), on_event=on_event),
    )
    print("ready", flush=True)
    for _ in sys.stdin:
        with ThreadPoolExecutor(2) as pool:
            done = [pool.submit(ask_on_threads, task, source, outcome)] if task.threads else []
            done += [pool.submit(anyio.run, ask_on_a_loop, task, outcome, on_event)] if task.tasks else []
        for future in done:
            future.result()
        at_rest(source)
        print(json.dumps(attrs.asdict(outcome)), flush=True)
        for seen in (outcome.tokens, outcome.errors, outcome.events):
            seen.clear()


if __name__ == "__main__":
    main()
