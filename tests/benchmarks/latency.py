"""
What a renewal costs the calls of a running program.

Tokens are short-lived, the token endpoint is slow, and callers call without a pause. The bare library and the others
take turns, so that the spread of the bare library's longest call shows what is noise.
"""

import argparse
import asyncio
import importlib
import os
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, Final, TypeAlias, final

import aiohttp
import attrs
import httpx
import httpx2
import httpx_auth
import requests
from oauthlib.oauth2 import BackendApplicationClient, TokenExpiredError
from requests_oauthlib import OAuth2Session as OauthlibSession

import oauth_cc.aiohttp
import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import ClientCredentials, Options, RenewalWindow
from tests.benchmarks.answering import DELAY, LIFETIME, serving

THREADS: Final = 8
TASKS: Final = 200
CREDENTIALS: Final = ClientCredentials("your_id", "s3cret")
# Early enough for a token request that takes a quarter of the lifetime.
OPTIONS: Final = Options(renewal_window=RenewalWindow(opens=0.5, closes=0.5, first_opens=0.5))

Call: TypeAlias = Callable[[], object]
AsyncCall: TypeAlias = Callable[[], Awaitable[object]]

HELD: Final = ContextVar("held", default=True)
"""Whether the call of this thread or task found a usable token, as far as its library says so."""


@final
@attrs.frozen
class Calls:
    """
    The seconds that each call took.

    Attributes:
        held: Of the calls that found a usable token.
        without: Of the calls that found none, because a renewal had not ended in time. Only ours are told apart.
    """

    held: list[float] = attrs.Factory(list)
    without: list[float] = attrs.Factory(list)

    def add(self, seconds: float) -> None:
        """Add the call that ended in this thread or task after some *seconds*."""
        (self.held if HELD.get() else self.without).append(seconds)
        HELD.set(True)


Run: TypeAlias = Callable[[], Calls]

NO_TOKEN: Final = "found no token (longest)"


@final
@attrs.define
class Waits:
    """
    How long our source took to return a token although one was usable.

    Attributes:
        asked: How often a token was usable.
        longest: The longest time, in seconds.
        waited: How often it took longer than half a token request.
    """

    asked: int = 0
    longest: float = 0.0
    waited: int = 0

    def watch(self, source: Any) -> None:
        """Note how long the calls of `token` of a *source* for threads take."""
        obtain = source.token

        def token() -> object:
            usable, began = source.peek(), time.perf_counter()
            found = obtain()
            self._note(usable, time.perf_counter() - began)
            return found

        source.token = token

    def watch_async(self, source: Any) -> None:
        """Note how long the calls of `token` of an async *source* take."""
        obtain = source.token

        async def token() -> object:
            usable, began = source.peek(), time.perf_counter()
            found = await obtain()
            self._note(usable, time.perf_counter() - began)
            return found

        source.token = token

    def _note(self, usable: object, seconds: float) -> None:
        HELD.set(usable is not None)
        if usable is not None:
            self.asked += 1
            self.longest = max(self.longest, seconds)
            self.waited += seconds > DELAY / 2


def in_threads(seconds: float, make: Callable[[], Call]) -> Calls:
    """Return each call of some threads, which call for some *seconds* without a pause."""
    found = Calls()
    ready = threading.Barrier(THREADS)

    def work() -> None:
        call = make()
        call()
        ready.wait()
        ends_at = time.perf_counter() + seconds
        while (began := time.perf_counter()) < ends_at:
            call()
            found.add(time.perf_counter() - began)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def in_tasks(seconds: float, client: Callable[[], AbstractAsyncContextManager[AsyncCall]]) -> Calls:
    """Return each call of some tasks on one client, which call for some *seconds* without a pause."""
    found = Calls()

    async def work(call: AsyncCall, ends_at: float) -> None:
        while (began := time.perf_counter()) < ends_at:
            await call()
            found.add(time.perf_counter() - began)

    async def main() -> None:
        async with client() as call:
            # Opens the connections.
            await asyncio.gather(*[call() for _ in range(TASKS)])
            ends_at = time.perf_counter() + seconds
            await asyncio.gather(*[work(call, ends_at) for _ in range(TASKS)])

    asyncio.run(main())
    return found


def on_requests(url: str, auth: Any = None) -> Call:
    """Return the call of one thread: a session of its own, with an *auth* that all threads share."""
    session = requests.Session()
    session.trust_env, session.auth = False, auth
    return lambda: session.get(url, timeout=30)


def on_requests_oauthlib(url: str) -> Call:
    """Return the call of one thread: a session that fetches a token when the last has expired."""
    session = OauthlibSession(client=BackendApplicationClient("your_id"))
    session.trust_env = False

    def call() -> object:
        try:
            return session.get(url, timeout=30)
        except TokenExpiredError:
            session.fetch_token(f"{url}/token", client_secret="s3cret")
            return session.get(url, timeout=30)

    session.fetch_token(f"{url}/token", client_secret="s3cret")
    return call


def on_authlib(url: str) -> Call:
    """Return the call of one thread: a session that renews by itself."""
    session: Any = importlib.import_module("authlib.integrations.requests_client").OAuth2Session(
        "your_id", "s3cret", token_endpoint=f"{url}/token", grant_type="client_credentials", leeway=0
    )
    session.trust_env = False
    session.fetch_token(f"{url}/token", grant_type="client_credentials")
    return lambda: session.get(url, timeout=30)


@asynccontextmanager
async def on_httpx(library: Any, url: str, make: Callable[[], Any]) -> AsyncGenerator[AsyncCall]:
    """
    Yield the call of a task, on a client with a connection for each task.

    Args:
        library: httpx2 or httpx.
        url: The API.
        make: Returns the auth, or None.
    """
    limits = library.Limits(max_connections=TASKS, max_keepalive_connections=TASKS)
    async with library.AsyncClient(auth=make(), trust_env=False, timeout=60, limits=limits) as client:
        yield lambda: client.get(url)


@asynccontextmanager
async def on_aiohttp(url: str, make: Callable[[], Any]) -> AsyncGenerator[AsyncCall]:
    """
    Yield the call of a task, on a session with a connection for each task.

    Args:
        url: The API.
        make: Returns the middleware, or None.
    """
    auth = make()
    connector = aiohttp.TCPConnector(limit=TASKS)
    async with aiohttp.ClientSession(connector=connector, middlewares=() if auth is None else (auth,)) as session:

        async def call() -> None:
            async with session.get(url) as response:
                await response.read()

        yield call


def tables(url: str, seconds: float, waits: Waits) -> list[tuple[str, dict[str, Run]]]:
    """
    Return each table: its title, and the measurement of each row.

    Args:
        url: The token endpoint and the API.
        seconds: How long one run lasts.
        waits: Where the calls of our sources are noted.
    """

    def none() -> None:
        return None

    def ours(shell: Any) -> Any:
        auth = shell.ClientCredentialsAuth(CREDENTIALS, f"{url}/token", options=OPTIONS)
        waits.watch_async(auth.async_source)
        return auth

    def httpx_auth_s() -> Any:
        return httpx_auth.OAuth2ClientCredentials(f"{url}/token", "your_id", "s3cret", early_expiry=0)

    def threads(make: Callable[[], Call]) -> Run:
        return lambda: in_threads(seconds, make)

    def tasks(client: Callable[[], AbstractAsyncContextManager[AsyncCall]]) -> Run:
        return lambda: in_tasks(seconds, client)

    shared = oauth_cc.requests.ClientCredentialsAuth(CREDENTIALS, f"{url}/token", options=OPTIONS)
    waits.watch(shared.source)
    return [
        (
            f"{THREADS} threads",
            {
                "requests alone": threads(partial(on_requests, url)),
                "oauth_cc on requests": threads(partial(on_requests, url, shared)),
                "Authlib": threads(partial(on_authlib, url)),
                "requests-oauthlib": threads(partial(on_requests_oauthlib, url)),
            },
        ),
        (
            f"{TASKS} tasks",
            {
                "aiohttp alone": tasks(partial(on_aiohttp, url, none)),
                "oauth_cc on aiohttp": tasks(partial(on_aiohttp, url, partial(ours, oauth_cc.aiohttp))),
            },
        ),
        (
            f"{TASKS} tasks",
            {
                "httpx2 alone": tasks(partial(on_httpx, httpx2, url, none)),
                "oauth_cc on httpx2": tasks(partial(on_httpx, httpx2, url, partial(ours, oauth_cc.httpx2))),
            },
        ),
        (
            f"{TASKS} tasks",
            {
                "httpx alone": tasks(partial(on_httpx, httpx, url, none)),
                "oauth_cc on httpx": tasks(partial(on_httpx, httpx, url, partial(ours, oauth_cc.httpx))),
                "httpx-auth": tasks(partial(on_httpx, httpx, url, httpx_auth_s)),
            },
        ),
    ]


def figures(name: str, runs: list[Calls]) -> str:
    """Return a row of a table, in milliseconds. It ends with the calls that found no token, and the longest of them."""
    found = sorted([each for run in runs for each in run.held])
    shares = [found[min(len(found) - 1, int(len(found) * share))] * 1000 for share in (0.5, 0.99, 0.999)]
    longest = ", ".join([f"{max(run.held) * 1000:.0f}" for run in runs])
    without = [each for run in runs for each in run.without]
    rest = f"{len(without):,} ({max(without) * 1000:.0f})" if without else "0"
    row = [name, f"{len(found):,}", *[f"{each:.1f}" for each in shares], longest, rest]
    return f"| {' | '.join(row)} |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.latency")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long one run lasts")
    parser.add_argument("--runs", type=int, default=3, help="how often the libraries take turns")
    arguments = parser.parse_args()
    for name in ("OAUTHLIB_INSECURE_TRANSPORT", "AUTHLIB_INSECURE_TRANSPORT"):
        os.environ[name] = "1"
    print(f"tokens of {LIFETIME} s, a token endpoint that takes {DELAY * 1000:.0f} ms")
    print(f"{arguments.runs} runs of {arguments.seconds:g} s each, in turn; load before {os.getloadavg()[0]:.1f}")
    waits = Waits()
    with serving() as url:
        for title, rows in tables(url, arguments.seconds, waits):
            columns = (
                f"milliseconds per call, {title}",
                "calls",
                "p50",
                "p99",
                "p99.9",
                "longest of each run",
                NO_TOKEN,
            )
            print(f"\n| {' | '.join(columns)} |")
            print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
            runs = [{name: run() for name, run in rows.items()} for _ in range(arguments.runs)]
            for name in rows:
                print(figures(name, [found[name] for found in runs]), flush=True)
    print(
        f"\noauth_cc returned a token {waits.asked:,} times while one was usable: {waits.waited} of them waited for a"
        f" renewal, the slowest took {waits.longest * 1000:.1f} ms"
    )


if __name__ == "__main__":
    main()
