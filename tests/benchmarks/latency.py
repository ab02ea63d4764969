"""
What a renewal costs the calls of a running program.

Tokens are short-lived, the token endpoint is slow, and callers call without a pause.
"""

import argparse
import asyncio
import importlib
import os
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import httpx
import httpx_auth
import requests
from oauthlib.oauth2 import BackendApplicationClient, TokenExpiredError
from requests_oauthlib import OAuth2Session as OauthlibSession

import oauth_cc.httpx
import oauth_cc.requests
from oauth_cc import ClientCredentials, Options, RenewalWindow

THREADS: Final = 8
TASKS: Final = 200
LIFETIME: Final = 2
DELAY: Final = 0.5
CREDENTIALS: Final = ClientCredentials("your_id", "s3cret")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(DELAY)
        self._send(b'{"access_token": "%d", "token_type": "Bearer", "expires_in": %d}' % (time.time_ns(), LIFETIME))

    def do_GET(self) -> None:
        self._send(b"done")

    def _send(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
        """Print nothing."""


@contextmanager
def serving() -> Generator[str]:
    """Run the token endpoint and the API, and yield their URL."""
    server = _Server(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def in_threads(seconds: float, make: Callable[[], Callable[[], object]]) -> list[float]:
    """Return the seconds of each call of some threads, which call for some *seconds* without a pause."""
    found: list[float] = []
    ends_at = time.perf_counter() + seconds

    def work() -> None:
        call = make()
        while (began := time.perf_counter()) < ends_at:
            call()
            found.append(time.perf_counter() - began)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


async def in_tasks(seconds: float, client: httpx.AsyncClient, url: str) -> list[float]:
    """Return the seconds of each call of some tasks on one client."""
    found: list[float] = []
    ends_at = time.perf_counter() + seconds

    async def work() -> None:
        while (began := time.perf_counter()) < ends_at:
            await client.get(url)
            found.append(time.perf_counter() - began)

    async with client:
        await client.get(url)
        await asyncio.gather(*[work() for _ in range(TASKS)])
    return found


def figures(name: str, found: list[float]) -> str:
    """Return a row of the table, in milliseconds."""
    found.sort()
    shares = [found[min(len(found) - 1, int(len(found) * share))] * 1000 for share in (0.5, 0.99, 0.999)]
    return f"| {name} | {len(found):,} | " + " | ".join(f"{each:.1f}" for each in [*shares, found[-1] * 1000]) + " |"


def session_of(url: str, auth: Any) -> Callable[[], Callable[[], object]]:
    """Return what makes the call of a thread: a session of its own, with an *auth* that all share and a token."""

    def make() -> Callable[[], object]:
        if auth is not None:
            auth.source.token()
        session = requests.Session()
        session.trust_env, session.auth = False, auth
        return lambda: session.get(url, timeout=30)

    return make


def with_requests_oauthlib(url: str) -> Callable[[], Callable[[], object]]:
    """Return what makes a thread's session of requests-oauthlib, which fetches a token when the last has expired."""

    def make() -> Callable[[], object]:
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

    return make


def with_authlib(url: str) -> Callable[[], Callable[[], object]]:
    """Return what makes a thread's session of Authlib, which renews by itself."""

    def make() -> Callable[[], object]:
        session: Any = importlib.import_module("authlib.integrations.requests_client").OAuth2Session(
            "your_id", "s3cret", token_endpoint=f"{url}/token", grant_type="client_credentials", leeway=0
        )
        session.trust_env = False
        session.fetch_token(f"{url}/token", grant_type="client_credentials")
        return lambda: session.get(url, timeout=30)

    return make


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.latency")
    parser.add_argument("--seconds", type=float, default=30.0)
    seconds = parser.parse_args().seconds
    for name in ("OAUTHLIB_INSECURE_TRANSPORT", "AUTHLIB_INSECURE_TRANSPORT"):
        os.environ[name] = "1"
    # Early enough for a token request that takes a quarter of the lifetime.
    options = Options(renewal_window=RenewalWindow(opens=0.5, closes=0.5, first_opens=0.5))
    print(f"tokens of {LIFETIME} s, a token endpoint that takes {DELAY * 1000:.0f} ms, {seconds:g} s each\n")
    print("| milliseconds a call | calls | p50 | p99 | p99.9 | longest |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    with serving() as url:
        ours = oauth_cc.requests.ClientCredentialsAuth(CREDENTIALS, f"{url}/token", options=options)
        rows: list[tuple[str, Callable[[], Callable[[], object]]]] = [
            ("requests alone, 8 threads", session_of(url, None)),
            ("oauth_cc on requests", session_of(url, ours)),
            ("Authlib", with_authlib(url)),
            ("requests-oauthlib", with_requests_oauthlib(url)),
        ]
        for name, make in rows:
            print(figures(name, in_threads(seconds, make)), flush=True)
        auths: list[tuple[str, httpx.Auth | None]] = [
            ("httpx alone, 200 tasks", None),
            ("oauth_cc on httpx", oauth_cc.httpx.ClientCredentialsAuth(CREDENTIALS, f"{url}/token", options=options)),
            (
                "httpx-auth",
                httpx_auth.OAuth2ClientCredentials(f"{url}/token", "your_id", "s3cret", early_expiry=0),
            ),
        ]
        for name, auth in auths:
            client = httpx.AsyncClient(auth=auth, trust_env=False, timeout=60, limits=httpx.Limits(max_connections=50))
            print(figures(name, asyncio.run(in_tasks(seconds, client, url))), flush=True)


if __name__ == "__main__":
    main()
