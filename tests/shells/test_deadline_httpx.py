"""
The deadline of a token request in threads, on httpx2 and httpx, against servers that never end a response.
"""

import contextlib
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import anyio
import httpx
import httpx2
import pytest
import trustme

import oauth_cc.httpx
import oauth_cc.httpx2
from oauth_cc import ClientCredentials, Options, Retries, token_request
from tests.shells.asking import DEFAULT_TLS
from tests.shells.dripping import PLACES, DrippingServer, drip
from tests.shells.scripted import elapsed_since

REQUEST = token_request(ClientCredentials("id", "s3cr3t-marker"))
# Seven TLS handshakes at once have to fit into the timeout on a busy machine.
OPTIONS = Options(timeout=0.5, retries=Retries(attempts=3, base=0.0))
T = TypeVar("T")
SHELLS = {httpx2: oauth_cc.httpx2, httpx: oauth_cc.httpx}

each_library = pytest.mark.parametrize("library", SHELLS, ids=lambda library: library.__name__)
each_scheme = pytest.mark.parametrize("scheme", ["http", pytest.param("https", marks=pytest.mark.slow)])


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return a certificate authority."""
    return trustme.CA()


@pytest.fixture
def tls(
    authority: trustme.CA, scheme: str, library: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ssl.SSLContext | None]:
    """Return the server's TLS context for https. Clients of the library trust it by the environment."""
    if scheme == "http":
        make_tls(library)
        yield None
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    DEFAULT_TLS[library].cache_clear()
    make_tls(library)
    yield context
    DEFAULT_TLS[library].cache_clear()


def make_tls(library: ModuleType) -> None:
    """Make the TLS context of default clients, which takes longer than the timeout on a busy machine."""
    DEFAULT_TLS[library]()


def attempts() -> list[threading.Thread]:
    """Return the threads of attempts."""
    return [thread for thread in threading.enumerate() if thread.name == "oauth_cc attempt"]


def all_end() -> bool:
    """Return whether all threads of attempts end soon."""
    for thread in attempts():
        thread.join(10)
    return not attempts()


def time_out(library: ModuleType, source: Any) -> str:
    """Return the text of the library's timeout, which comes in time."""
    started = time.monotonic()
    with pytest.raises(library.ReadTimeout) as caught:
        source.token()
    # The server never ends it. A busy machine takes longer than the second that an attempt may take in addition.
    assert elapsed_since(started) < OPTIONS.timeout + 10
    assert caught.value.__cause__ is None
    return str(caught.value)


def at_each_place(stack: contextlib.ExitStack, **options: Any) -> list[DrippingServer]:
    """Start a server for each place where a response may not end."""
    return [stack.enter_context(drip(place, **options)) for place in PLACES]


def at_once(call: Callable[[T], str], values: Iterable[T]) -> list[str]:
    """Return what *call* returns for *values*, with a thread for each."""
    with ThreadPoolExecutor(len(PLACES)) as pool:
        return list(pool.map(call, values))


@each_library
@each_scheme
def test_a_default_client_is_cut_at_the_deadline(library: ModuleType, tls: ssl.SSLContext | None) -> None:
    """Afterwards there is no connection and no thread."""

    def ask(server: DrippingServer) -> str:
        return time_out(library, SHELLS[library].TokenSource(REQUEST, f"{server.url}/token", options=OPTIONS))

    with contextlib.ExitStack() as stack:
        servers = at_each_place(stack, tls=tls)
        for text in at_once(ask, servers):
            assert text.endswith(": no complete response within 0.5 seconds")
        for server in servers:
            assert server.ended.wait(10)
            assert server.accepted == 1
        assert all_end()


@each_library
@each_scheme
@pytest.mark.parametrize("pooled", [False, True], ids=["fresh", "pooled"])
def test_a_thread_is_left_with_a_client_of_the_user(
    library: ModuleType, tls: ssl.SSLContext | None, pooled: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """It is named in the log once, and no second one is left while it goes on."""

    def ask(source: Any) -> str:
        return time_out(library, source)

    with contextlib.ExitStack() as stack:
        client = stack.enter_context(library.Client())
        servers = at_each_place(stack, tls=tls, tokens=int(pooled))
        sources = [
            SHELLS[library].TokenSource(REQUEST, f"{server.url}/token", client=client, options=OPTIONS)
            for server in servers
        ]
        for source in sources if pooled else ():
            source.discard(source.token())
        for text in at_once(ask, sources):
            assert text.endswith(": no complete response within 0.5 seconds")
        for text in at_once(ask, sources):
            assert text.endswith(": an earlier request through this client still hangs")
        assert len(attempts()) == len(PLACES)
        assert [server.accepted for server in servers] == [1] * len(PLACES)
        for server in servers:
            server.closing.set()
        assert all_end()
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len([line for line in lines if line.startswith("a token request through a client")]) == len(PLACES)


@each_library
def test_a_source_asks_again_when_the_left_thread_has_ended(library: ModuleType) -> None:
    """The server hangs once."""
    with library.Client() as client, drip("header") as server:
        source = SHELLS[library].TokenSource(REQUEST, f"{server.url}/token", client=client, options=OPTIONS)
        time_out(library, source)
        server.closing.set()
        assert all_end()
        with pytest.raises(library.TransportError) as caught:
            source.token()
        assert "still hangs" not in str(caught.value)


@each_library
@pytest.mark.parametrize("backend", [None, "asyncio", "trio"], ids=["threads", "asyncio", "trio"])
def test_what_a_default_client_reads_is_bounded_at_full_speed(library: ModuleType, backend: str | None) -> None:
    """Far below what the server could send until the deadline."""
    started, shell = time.monotonic(), SHELLS[library]
    options = Options(timeout=60, retries=OPTIONS.retries)
    with drip("1xx", pause=0) as server:
        fetch = partial(shell.fetch_token, REQUEST, f"{server.url}/token", options=options)
        if backend is not None:
            fetch_async = partial(shell.fetch_token_async, REQUEST, f"{server.url}/token", options=options)
            fetch = partial(anyio.run, fetch_async, backend=backend)
        with pytest.raises(library.TransportError, match="the response is too large"):
            fetch()
        assert server.ended.wait(10)
        assert server.accepted == 1
    assert elapsed_since(started) < 50


@each_library
def test_a_connection_that_is_made_after_the_deadline_is_cut_as_well(
    library: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finding the address takes longer than the timeout."""
    found, resolve = threading.Event(), socket.getaddrinfo

    def resolve_late(*arguments: Any, **options: Any) -> Any:
        found.wait(10)
        return resolve(*arguments, **options)

    with drip("header") as server:
        monkeypatch.setattr(socket, "getaddrinfo", resolve_late)
        time_out(library, SHELLS[library].TokenSource(REQUEST, f"{server.url}/token", options=OPTIONS))
        found.set()
        assert all_end()


@each_library
def test_a_full_pool_of_the_client_is_named(library: ModuleType) -> None:
    """The connections of the pool are all in use."""
    with library.Client(limits=library.Limits(max_connections=0)) as client:
        source = SHELLS[library].TokenSource(REQUEST, "http://127.0.0.1:1/token", client=client, options=OPTIONS)
        with pytest.raises(library.PoolTimeout, match=r"no free connection in the client\'s pool within 0\.5 s"):
            source.token()
