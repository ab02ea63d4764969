"""
API calls with an auth of every HTTP library, on threads and on event loops.
"""

import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any, TypeAlias

import aiohttp
import anyio
import anyio.to_thread
import httpx
import requests

from oauth_cc import TokenRequest
from oauth_cc.issuer import GivenEndpoint
from tests.resting import at_rest, at_rest_async
from tests.shells.asking import WAYS, Ask

# The libraries share names but no types, so values of either library are not typed.
Auth: TypeAlias = Any

# Fewer than the queue of a server on this machine holds.
_CONNECTIONS = 50


class Call:
    """One HTTP library, on threads or on one event loop."""

    def __init__(self, ask: Ask) -> None:
        self.library: ModuleType = ask.library
        self.shell: ModuleType = ask.shell
        self.backend: str | None = ask.backend

    @property
    def is_httpx(self) -> bool:
        """Return whether the library is httpx2 or httpx."""
        return self.library not in (requests, aiohttp)

    def auth(self, request: TokenRequest, endpoint: GivenEndpoint, **options: Any) -> Auth:
        """Return an auth of the library."""
        return self.shell.ClientCredentialsAuth(request, endpoint, **options)

    def get(self, auth: Auth, *urls: str, proxy: str | None = None, **options: Any) -> list[int]:
        """
        Return the statuses of calls to *urls* with one client, which follows redirects.

        Args:
            auth: The auth of the calls.
            urls: What to call, one after the other.
            proxy: The URL of a proxy. None to call directly.
            options: Further options of each call.
        """
        if self.library is requests:
            with requests.Session() as session:
                session.auth, session.trust_env = auth, False
                session.proxies = {} if proxy is None else {"http": proxy}
                return [session.get(url, timeout=9, **options).status_code for url in urls]
        if self.library is aiohttp:
            return anyio.run(_get_by_aiohttp, auth, urls, {"proxy": proxy, **options})
        settings = self._settings(auth, proxy)
        if self.backend is None:
            with self.library.Client(**settings) as client:
                return [client.get(url, **options).status_code for url in urls]

        async def main() -> list[int]:
            async with self.library.AsyncClient(**settings) as client:
                return [(await client.get(url, **options)).status_code for url in urls]

        return anyio.run(main, backend=self.backend)

    def crowd(self, auth: Auth, url: str, size: int, event: Callable[[], object] | None = None) -> list[int]:
        """
        Return the statuses of calls to *url* by *size* threads or tasks with one client.

        Args:
            auth: The auth of the calls.
            url: What to call.
            size: The number of threads or tasks.
            event: What happens while all of them call. Each calls once more after it. None for one call of each.
        """
        limits = {"max_connections": _CONNECTIONS}
        settings = {**self._settings(auth), "timeout": 60}
        if self.library is httpx:
            # Between threads, httpcore 1 may close a connection that it has just given to another request.
            settings["headers"], limits["max_keepalive_connections"] = {"Connection": "close"}, 0
        if self.is_httpx:
            settings["limits"] = self.library.Limits(**limits)
        if self.backend is not None:
            return anyio.run(self._crowd_of_tasks, settings, url, (size, event), backend=self.backend)
        with requests.Session() if self.library is requests else self.library.Client(**settings) as client:
            if self.library is requests:
                client.auth, client.trust_env = auth, False
                client.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=_CONNECTIONS, pool_block=True))
            return _crowd_of_threads(lambda: client.get(url).status_code, size, event)

    async def _crowd_of_tasks(
        self, settings: dict[str, Any], url: str, terms: tuple[int, Callable[[], object] | None]
    ) -> list[int]:
        if self.library is not aiohttp:
            async with self.library.AsyncClient(**settings) as client:

                async def ask() -> int:
                    status: int = (await client.get(url)).status_code
                    return status

                return await _crowd_of_tasks(ask, *terms)
        connector = aiohttp.TCPConnector(limit=_CONNECTIONS)
        async with aiohttp.ClientSession(middlewares=(settings["auth"],), connector=connector) as session:

            async def get() -> int:
                async with session.get(url) as response:
                    await response.read()
                    return response.status

            return await _crowd_of_tasks(get, *terms)

    def send_twice(self, url: str, first: Auth, second: Auth, **options: Any) -> None:
        """Send one request object of httpx2 or httpx with *first* and then with *second*."""
        if self.backend is None:
            with self.library.Client(**self._settings(first)) as client:
                request = client.build_request("GET", url, **options)
                client.send(request)
                client.send(request, auth=second)
            return

        async def main() -> None:
            async with self.library.AsyncClient(**self._settings(first)) as client:
                request = client.build_request("GET", url, **options)
                await client.send(request)
                await client.send(request, auth=second)

        anyio.run(main, backend=self.backend)

    def follow_by_hand(self, auth: Auth, url: str) -> None:
        """Call *url* with httpx2 or httpx, and send the request of its redirect as the library composed it."""
        settings = {**self._settings(auth), "follow_redirects": False}
        if self.backend is None:
            with self.library.Client(**settings) as client:
                client.send(client.get(url).next_request)
            return

        async def main() -> None:
            async with self.library.AsyncClient(**settings) as client:
                await client.send((await client.get(url)).next_request)

        anyio.run(main, backend=self.backend)

    def _settings(self, auth: Auth, proxy: str | None = None) -> dict[str, Any]:
        # verify=False, because loading the trusted authorities takes most of the time of a test without TLS.
        return {"auth": auth, "trust_env": False, "follow_redirects": True, "proxy": proxy, "verify": False}

    def tokens(self, request: TokenRequest, endpoint: GivenEndpoint, times: int, **options: Any) -> list[str]:
        """Return *times* tokens of one source, each for another resource, after all of their events."""
        resources = [f"https://{number}.example/" for number in range(times)]
        if self.backend is None:
            source = self.shell.TokenSource(request, endpoint, **options)
            tokens = [source.with_resource(resource).token() for resource in resources]
            at_rest(source)
            return [token.access_token.reveal() for token in tokens]

        async def main() -> list[str]:
            source = self.shell.AsyncTokenSource(request, endpoint, **options)
            tokens = [await source.with_resource(resource).token() for resource in resources]
            await at_rest_async(source)
            return [token.access_token.reveal() for token in tokens]

        return anyio.run(main, backend=self.backend)


def _crowd_of_threads(ask: Callable[[], int], size: int, event: Callable[[], object] | None) -> list[int]:
    found: list[int] = []
    calling, happened = threading.Semaphore(0), threading.Event()

    def one(_: int) -> None:
        found.append(ask())
        calling.release()
        while event is not None and not happened.is_set():
            found.append(ask())
        if event is not None:
            found.append(ask())

    with ThreadPoolExecutor(size) as pool:
        callers = [pool.submit(one, number) for number in range(size)]
        if event is not None:
            try:
                for _ in callers:
                    assert calling.acquire(timeout=60)
                event()
            finally:
                happened.set()
        for caller in callers:
            caller.result()
    return found


async def _crowd_of_tasks(
    ask: Callable[[], Awaitable[int]], size: int, event: Callable[[], object] | None
) -> list[int]:
    found: list[int] = []
    calling, happened = anyio.Semaphore(0), anyio.Event()

    async def one() -> None:
        found.append(await ask())
        calling.release()
        while event is not None and not happened.is_set():
            found.append(await ask())
        if event is not None:
            found.append(await ask())

    async with anyio.create_task_group() as group:
        for _ in range(size):
            group.start_soon(one)
        if event is not None:
            with anyio.fail_after(60):
                for _ in range(size):
                    await calling.acquire()
            # In a thread, so that calls are in flight meanwhile.
            await anyio.to_thread.run_sync(event)
            happened.set()
    return found


async def _get_by_aiohttp(auth: Auth, urls: tuple[str, ...], options: dict[str, Any]) -> list[int]:
    statuses = []
    async with aiohttp.ClientSession(middlewares=(auth,)) as session:
        for url in urls:
            async with session.get(url, **options) as response:
                await response.read()
                statuses.append(response.status)
    return statuses


CALLS = [Call(ask) for ask in WAYS]


def name(call: Call) -> str:
    """Return the name of *call* in test reports."""
    return f"{call.library.__name__}-{call.backend or 'threads'}"
