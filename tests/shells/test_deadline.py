"""
The deadline of an attempt on requests and aiohttp: a server that sends its response slowly holds no caller.
"""

import asyncio
import gc
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests
import trustme

import oauth_cc.aiohttp
import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import ClientCredentials, Options, Retries, token_request
from oauth_cc.compat.requests_oauthlib import OAuth2Session
from oauth_cc.integrations import urllib
from oauth_cc.testing import AuthorizationServer
from tests.shells.slow_server import DRIPS, DrippingServer, drip

pytestmark = pytest.mark.slow

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))
TIMEOUT = 0.3
OPTIONS = Options(timeout=TIMEOUT, retries=Retries(attempts=1))
LEFT = {"status line", "header", "chunk size", "trailer", "1xx"}
"""What holds the thread of an attempt through the user's session. A body is read between looks at the clock."""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return a certificate authority."""
    return trustme.CA()


@pytest.fixture(scope="module")
def bundle(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file with the authority's certificate."""
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="module")
def server_side(authority: trustme.CA) -> ssl.SSLContext:
    """Return the server's TLS context, with a certificate for localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture(autouse=True)
def _without_garbage_of_earlier_tests() -> None:
    gc.collect()


def sockets() -> int:
    """Return the number of open sockets of this process."""
    return len([path for path in list(Path("/proc/self/fd").iterdir()) if path.is_socket()])


def attempts() -> list[threading.Thread]:
    """Return the threads of attempts that go on."""
    return [thread for thread in threading.enumerate() if thread.name == "oauth_cc attempt"]


def seconds_of(fetch: Callable[[], object], error: type[Exception]) -> float:
    """Return the seconds after which *fetch* raises *error* with the timeout in its text."""
    started = time.monotonic()
    with pytest.raises(error, match=r"token endpoint at localhost:\d+: no complete response within 0\.3 seconds"):
        fetch()
    return time.monotonic() - started


def all_at_once(fetch: Callable[[str], object], error: type[Exception]) -> None:
    """Call *fetch* with each of `DRIPS` at once. Each raises *error* in time."""
    with ThreadPoolExecutor(len(DRIPS)) as pool:
        waited = {slow: pool.submit(seconds_of, partial(fetch, slow), error) for slow in DRIPS}
        late = {slow: future.result() for slow, future in waited.items() if future.result() > TIMEOUT + 1}
    assert late == {}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_own_session_leaves_no_thread_and_no_socket(
    scheme: str, server_side: ssl.SSLContext, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its socket is shut down at the deadline."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    before = sockets()
    with drip(tls=server_side if scheme == "https" else None) as server:
        all_at_once(
            lambda slow: oauth_cc.requests.fetch_token(REQUEST, server.url(slow), options=OPTIONS), requests.ReadTimeout
        )
        server.wait()
        for thread in attempts():
            thread.join(10)
        assert attempts() == []
    assert sockets() == before


@pytest.mark.parametrize("whole", [0, 1], ids=["fresh", "pooled"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_session_of_the_user_leaves_one_thread_a_source_and_says_so(
    scheme: str, whole: int, server_side: ssl.SSLContext, bundle: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A further attempt ends at once meanwhile. The thread ends with its connection."""
    before = sockets()
    with drip(tls=server_side if scheme == "https" else None, whole=whole) as server:
        sessions = {slow: requests.Session() for slow in DRIPS}
        sources = {slow: _source(server, slow, sessions[slow], bundle) for slow in DRIPS}
        for source in sources.values() if whole else ():
            source.discard(source.token())
        all_at_once(lambda slow: sources[slow].token(), requests.ReadTimeout)
        assert len(attempts()) == len(LEFT)
        lines = [line for line in caplog.messages if "a token request through a client of requests" in line]
        assert len(lines) == len(LEFT)
        started = time.monotonic()
        for slow in LEFT:
            with pytest.raises(requests.ReadTimeout, match="an earlier request through this client still hangs"):
                sources[slow].token()
        assert time.monotonic() - started < TIMEOUT
        server.stopped.set()
        for thread in attempts():
            thread.join(10)
        for session in sessions.values():
            session.close()
    assert attempts() == []
    assert sockets() == before


def _source(
    server: DrippingServer, slow: str, session: requests.Session, bundle: Path
) -> oauth_cc.requests.TokenSource:
    session.verify = str(bundle)
    return oauth_cc.requests.TokenSource(REQUEST, server.url(slow), client=session, options=OPTIONS)


def test_the_session_of_compat_leaves_a_thread_that_ends_with_its_connection() -> None:
    """Its attempts go through the session of the program."""
    with drip() as server:

        def fetch(slow: str) -> None:
            with OAuth2Session("your_id") as session:
                session.fetch_token(server.url(slow), client_secret="s3cret", timeout=TIMEOUT)

        all_at_once(fetch, requests.RequestException)
        server.stopped.set()
        for thread in attempts():
            thread.join(10)
    assert attempts() == []


@pytest.mark.parametrize(
    "shell", [oauth_cc.requests, oauth_cc.httpx2, oauth_cc.httpx, urllib], ids=lambda one: one.__name__
)
def test_a_look_up_of_the_host_that_hangs_holds_one_thread_of_a_source(
    shell: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No connection can be ended. The next calls make no request until it ends."""
    found, resolve = threading.Event(), socket.getaddrinfo

    def resolve_late(*arguments: Any, **options: Any) -> Any:
        found.wait(30)
        return resolve(*arguments, **options)

    with AuthorizationServer() as server, shell.TokenSource(REQUEST, server.token_endpoint, options=OPTIONS) as source:
        with monkeypatch.context() as patching:
            patching.setattr(socket, "getaddrinfo", resolve_late)
            for text in ("no complete response within", *["an earlier request still hangs"] * 3):
                with pytest.raises(Exception, match=text):
                    source.token()
                assert len(attempts()) == 1
        found.set()
        for thread in attempts():
            thread.join(10)
        source.token()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("library", [requests.Session, httpx2.Client, httpx.Client], ids=lambda one: one.__module__)
def test_a_forked_child_makes_attempts_while_one_of_its_parent_hangs(library: type[Any]) -> None:
    """It does not have the thread of that attempt."""
    shell = {requests.Session: oauth_cc.requests, httpx2.Client: oauth_cc.httpx2, httpx.Client: oauth_cc.httpx}[library]
    with drip() as server, library() as client:
        source = shell.TokenSource(REQUEST, server.url("header"), client=client, options=OPTIONS)
        with pytest.raises(Exception, match="no complete response within"):
            source.token()
        child = os.fork()
        if child == 0:
            text = ""
            try:
                source.token()
            except Exception as error:  # of any library
                text = str(error)
            finally:
                os._exit(0 if "no complete response within" in text else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        server.stopped.set()
        for thread in attempts():
            thread.join(10)


@pytest.mark.parametrize("client", ["own", "user"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_attempt_on_aiohttp_is_cancelled(
    scheme: str, client: str, server_side: ssl.SSLContext, authority: trustme.CA
) -> None:
    """Its socket is closed, by TLS once the server has confirmed the end of TLS."""
    trust = ssl.create_default_context()
    authority.configure_trust(trust)

    async def fetch(url: str) -> None:
        # The TLS context of an own session is aiohttp's, which is made on import.
        if client == "own" and scheme == "http":
            await oauth_cc.aiohttp.fetch_token(REQUEST, url, options=OPTIONS)
            return
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session:
            await oauth_cc.aiohttp.fetch_token(REQUEST, url, client=session, options=OPTIONS)

    async def seconds(url: str) -> float:
        started = time.monotonic()
        with pytest.raises(aiohttp.ServerTimeoutError, match=r"token endpoint at localhost:\d+: no complete response"):
            await fetch(url)
        return time.monotonic() - started

    async def main(server: DrippingServer) -> None:
        waited = await asyncio.gather(*[seconds(server.url(slow)) for slow in DRIPS])
        assert max(waited) < TIMEOUT + 1
        if scheme == "https":
            server.stopped.set()
        await asyncio.to_thread(server.wait)
        # The transports close in the next rounds of the loop.
        for _ in range(20):
            await asyncio.sleep(0)

    before = sockets()
    with drip(tls=server_side if scheme == "https" else None) as server:
        asyncio.run(main(server), debug=False)
    assert sockets() == before
