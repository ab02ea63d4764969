"""
What many tenants cost one process: a renewal among them, their memory, and the first calls of 200 of them at once.

Times are those of the processor, the best of several rounds, which another program on the machine disturbs least.
"""

import asyncio
import gc
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import httpx2

from oauth_cc import ClientCredentials, Secret, Token, TokenCache, token_request
from oauth_cc.flows.renewal import Renewed, terms
from oauth_cc.httpx2 import AsyncTokenSource
from oauth_cc.stores._pending import StartRenewal

NUMBERS: Final = (100, 1_000, 10_000, 100_000)
FIRST: Final = 200
RENEWALS: Final = 2_000
ROUNDS: Final = 5


# In a process of its own, because its work would count as ours.
SERVER: Final = f"""
import sys
from oauth_cc.testing import AuthorizationServer, RegisteredClient
clients = [RegisteredClient(f"tenant-{{number}}", "s3cret") for number in range({FIRST})]
with AuthorizationServer(clients=clients) as server:
    print(server.token_endpoint, flush=True)
    sys.stdin.read()
"""


@contextmanager
def serving() -> Generator[str]:
    """Run an authorization server, and yield its token endpoint."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            yield child.stdout.readline().strip()
        finally:
            child.stdin.close()


class _Leader:
    loop_thread = None

    def is_alive(self) -> bool:
        return True


def renew(cache: TokenCache, key: object, number: int, now: float) -> None:
    """Renew the token of one tenant in *cache*, without the token request."""
    answer = cache.ask(key, now)
    if isinstance(answer, StartRenewal):
        answer.pending.claim(_Leader())
        token = Token(Secret(f"tok-{number}"), "Bearer", now, now + 3600)
        cache.complete(answer.pending, Renewed(token, 0.5), now)


def among(number: int) -> tuple[float, float]:
    """Return the microseconds of one renewal among *number* tenants, and the bytes that a tenant takes."""
    base = terms(token_request(ClientCredentials("your_id", "s3cret")), "https://as.example/token").request
    cache, now = TokenCache(), 1_700_000_000.0
    gc.collect()
    tracemalloc.start()
    for tenant in range(number):
        renew(cache, (base, f"https://{tenant}.example/"), tenant, now)
    taken = tracemalloc.get_traced_memory()[0] / number
    tracemalloc.stop()
    keys = [(base, f"https://{tenant}.example/") for tenant in range(min(number, RENEWALS))]
    rounds = []
    for each in range(1, ROUNDS + 1):
        began = time.thread_time()
        for tenant, key in enumerate(keys):
            renew(cache, key, number * each + tenant, now + 3590 * each)
        rounds.append(time.thread_time() - began)
    return min(rounds) / len(keys) * 1e6, taken


async def first_calls() -> tuple[float, float, float]:
    """
    Return the seconds until 200 tenants have their first token, and the longest time that the loop stood still: by the
    clock, and of the processor.
    """
    longest, computed, done = 0.0, 0.0, False

    async def watch() -> None:
        nonlocal longest, computed
        while not done:
            began, spent = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - began - 0.001)
            computed = max(computed, time.thread_time() - spent)

    with serving() as endpoint:
        sources = [
            AsyncTokenSource(ClientCredentials(f"tenant-{number}", "s3cret"), endpoint) for number in range(FIRST)
        ]
        # Loads the modules and makes the TLS context, once a process.
        await AsyncTokenSource(ClientCredentials("tenant-0", "s3cret"), endpoint).token()
        watching = asyncio.create_task(watch())
        began = time.perf_counter()
        await asyncio.gather(*[source.token() for source in sources])
        passed = time.perf_counter() - began
        done = True
        await watching
    return passed, longest, computed


def main() -> None:
    """Print the tables."""
    print("| tenants | one renewal, µs | memory per tenant, bytes |\n| ---: | ---: | ---: |")
    for number in NUMBERS:
        renewal, memory = among(number)
        print(f"| {number:,} | {renewal:.0f} | {memory:.0f} |", flush=True)
    rounds = [asyncio.run(first_calls()) for _ in range(ROUNDS)]
    passed, longest, computed = [min(figures) for figures in zip(*rounds, strict=True)]
    print(f"\nfirst tokens of {FIRST} tenants at once, httpx2 {httpx2.__version__} in async code, default client:")
    blocked = f"{longest * 1000:.0f} ms, {computed * 1000:.0f} ms of the processor"
    print(f"{passed:.1f} s; the loop stood still for {blocked}")


if __name__ == "__main__":
    main()
