"""
What a token request takes from the environment equals what an API call of the same client takes, `.netrc` and cookies
aside: over a real proxy, and with a private authority.
"""

import asyncio
import base64
import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

import aiohttp
import attrs
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
from tests.shells.asking import DEFAULT_TLS
from tests.shells.proxy import Proxy, run_proxy
from tests.shells.scripted import TOKEN, ScriptedServer, serve

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))
BASIC = f"Basic {base64.b64encode(b'your_id:s3cret').decode()}"
ONCE = Options(retries=Retries(attempts=1))
Settings: TypeAlias = dict[str, str]
Outcome: TypeAlias = tuple[str | None, list[str], int]


@attrs.frozen
class Way:
    """
    One kind of client of one library.

    Args:
        name: Its name in test reports.
        call: Calls an API at a URL with a client of the kind.
        fetch: Fetches a token at a URL, through a client of the same kind or without one.
    """

    name: str
    call: Callable[[str], object]
    fetch: Callable[[str], object]


def by_session(url: str) -> None:
    """Call *url* on requests."""
    with requests.Session() as session:
        session.get(url)


def through_session(url: str) -> None:
    """Fetch a token on requests through a session, which has a cookie."""
    with requests.Session() as session:
        session.cookies.set("of", "session")
        oauth_cc.requests.fetch_token(REQUEST, url, client=session, options=ONCE)


def by_deaf_session(url: str) -> None:
    """Call *url* on requests with a session that ignores the environment."""
    with requests.Session() as session:
        session.trust_env = False
        session.get(url)


def through_deaf_session(url: str) -> None:
    """Fetch a token on requests through a session that ignores the environment."""
    with requests.Session() as session:
        session.trust_env = False
        oauth_cc.requests.fetch_token(REQUEST, url, client=session, options=ONCE)


def on_aiohttp(*, fetch: bool, trust_env: bool | None) -> Callable[[str], object]:
    """Return a function that uses a session with *trust_env*, or fetches without a session if it is None."""

    async def main(url: str) -> None:
        if trust_env is None:
            await oauth_cc.aiohttp.fetch_token(REQUEST, url, options=ONCE)
            return
        async with aiohttp.ClientSession(trust_env=trust_env, cookies={"of": "session"}) as session:
            if fetch:
                await oauth_cc.aiohttp.fetch_token(REQUEST, url, client=session, options=ONCE)
            else:
                async with session.get(url):
                    pass

    return lambda url: asyncio.run(main(url), debug=False)


def by_httpx(library: ModuleType, **options: object) -> Callable[[str], object]:
    """Return a function that calls a URL on httpx2 or httpx."""

    def call(url: str) -> None:
        with library.Client(**options) as client:
            client.get(url)

    return call


def through_httpx(library: ModuleType, *, is_async: bool, **options: object) -> Callable[[str], object]:
    """Return a function that fetches a token through a client of httpx2 or httpx, which has a cookie."""
    shell = HTTPX[library]

    def fetch(url: str) -> None:
        with library.Client(cookies={"of": "client"}, **options) as client:
            shell.fetch_token(REQUEST, url, client=client, options=ONCE)

    async def main(url: str) -> None:
        async with library.AsyncClient(cookies={"of": "client"}, **options) as client:
            await shell.fetch_token_async(REQUEST, url, client=client, options=ONCE)

    return (lambda url: asyncio.run(main(url), debug=False)) if is_async else fetch


def without_client(library: ModuleType, *, is_async: bool) -> Callable[[str], object]:
    """Return a function that fetches a token on httpx2 or httpx without a client."""
    shell = HTTPX[library]
    if is_async:
        return lambda url: asyncio.run(shell.fetch_token_async(REQUEST, url, options=ONCE), debug=False)
    return lambda url: shell.fetch_token(REQUEST, url, options=ONCE)


def ways_of_httpx(library: ModuleType, *, is_async: bool) -> list[Way]:
    """Return the kinds of clients of httpx2 or httpx."""
    name = f"{library.__name__}-{'async' if is_async else 'threads'}"
    deaf: dict[str, object] = {"trust_env": False}
    return [
        Way(f"{name}-own", by_httpx(library), without_client(library, is_async=is_async)),
        Way(f"{name}-user", by_httpx(library), through_httpx(library, is_async=is_async)),
        Way(
            f"{name}-user-without-environment",
            by_httpx(library, **deaf),
            through_httpx(library, is_async=is_async, **deaf),
        ),
    ]


HTTPX: dict[ModuleType, ModuleType] = {httpx2: oauth_cc.httpx2, httpx: oauth_cc.httpx}
WAYS = [
    Way(
        "requests-own",
        by_session,
        lambda url: oauth_cc.requests.fetch_token(REQUEST, url, options=ONCE),
    ),
    Way("requests-user", by_session, through_session),
    Way("requests-user-without-environment", by_deaf_session, through_deaf_session),
    Way("aiohttp-own", on_aiohttp(fetch=False, trust_env=True), on_aiohttp(fetch=True, trust_env=None)),
    Way("aiohttp-user", on_aiohttp(fetch=False, trust_env=True), on_aiohttp(fetch=True, trust_env=True)),
    Way(
        "aiohttp-user-without-environment",
        on_aiohttp(fetch=False, trust_env=False),
        on_aiohttp(fetch=True, trust_env=False),
    ),
    *[way for library in HTTPX for is_async in (False, True) for way in ways_of_httpx(library, is_async=is_async)],
]


@attrs.frozen
class World:
    """A proxy, and a server by http and by https whose authority is in *bundle*, and in *folder* by its hash."""

    proxy: Proxy
    http: ScriptedServer
    https: ScriptedServer
    bundle: Path
    folder: Path
    netrc: Path


def subject_hash(certificate: Path) -> str:
    """Return the hash by which OpenSSL finds the file of *certificate* in a folder."""
    command = ["openssl", "x509", "-hash", "-noout", "-in", str(certificate)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Yield the servers and files of this module."""
    base = tmp_path_factory.mktemp("environment")
    authority = trustme.CA()
    bundle, folder, netrc = base / "ca.pem", base / "authorities", base / "netrc"
    authority.cert_pem.write_to_path(str(bundle))
    folder.mkdir()
    (folder / f"{subject_hash(bundle)}.0").write_bytes(bundle.read_bytes())
    netrc.write_text("".join([f"machine {host} login of password netrc\n" for host in ("localhost", "127.0.0.1")]))
    netrc.chmod(0o600)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server_side)
    with run_proxy() as proxy, serve(TOKEN) as http, serve(TOKEN, tls=server_side) as https:
        yield World(proxy, http, https, bundle, folder, netrc)


@pytest.fixture(autouse=True)
def new_tls() -> Iterator[None]:
    """Have default clients of httpx2 and httpx read the authorities of the environment anew."""
    for tls in DEFAULT_TLS.values():
        tls.cache_clear()
    yield
    for tls in DEFAULT_TLS.values():
        tls.cache_clear()


def settings(world: World, name: str) -> Settings:
    """Return the variables of the environment *name*."""
    proxies = {"HTTP_PROXY": world.proxy.url, "HTTPS_PROXY": world.proxy.url}
    trust = {"REQUESTS_CA_BUNDLE": str(world.bundle), "SSL_CERT_FILE": str(world.bundle)}
    return {
        "empty": {},
        "proxies": {**proxies, **trust},
        "no proxy": {**proxies, **trust, "NO_PROXY": "localhost,127.0.0.1"},
        "REQUESTS_CA_BUNDLE": {"REQUESTS_CA_BUNDLE": str(world.bundle)},
        "SSL_CERT_FILE": {"SSL_CERT_FILE": str(world.bundle)},
        "SSL_CERT_DIR": {"SSL_CERT_DIR": str(world.folder)},
        "netrc": {**trust, "NETRC": str(world.netrc)},
        "netrc and proxies": {**proxies, **trust, "NETRC": str(world.netrc)},
    }[name]


def outcome(world: World, server: ScriptedServer, step: Callable[[str], object]) -> Outcome:
    """Return what *step* did: the class of its error, what went through the proxy, and what reached *server*."""
    asked, proxied = len(server.asked), len(world.proxy.targets)
    try:
        step(f"{server.url}/things")
        error = None
    except (requests.RequestException, aiohttp.ClientError, httpx.HTTPError, httpx2.HTTPError) as raised:
        error = type(raised).__name__
    return error, world.proxy.targets[proxied:], len(server.asked) - asked


ENVIRONMENTS = [
    *["empty", "proxies", "no proxy", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "netrc"],
    "netrc and proxies",
]
ROWS = [
    (way, environment, scheme)
    for way in WAYS
    # An untrusted authority, and what only https heeds, need no row of plain http.
    for environment in (["netrc and proxies"] if "without-environment" in way.name else ENVIRONMENTS)
    for scheme in (["http", "https"] if "prox" in environment else ["https"])
]


@pytest.mark.parametrize(
    ("way", "environment", "scheme"), ROWS, ids=[f"{way.name}-{name}-{scheme}" for way, name, scheme in ROWS]
)
def test_a_token_request_takes_from_the_environment_what_an_api_call_takes(
    way: Way, environment: str, scheme: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes no cookie and no `.netrc`."""
    for name, value in settings(world, environment).items():
        monkeypatch.setenv(name, value)
    server = world.http if scheme == "http" else world.https
    called = outcome(world, server, way.call)
    before = len(server.asked)
    assert outcome(world, server, way.fetch) == called
    for asked in server.asked[before:]:
        assert asked.headers["Authorization"] == BASIC
        assert "Cookie" not in asked.headers
        assert "Proxy-Authorization" not in asked.headers


def test_the_environment_decides_between_success_and_failure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The matrix compares calls that succeed and fail, directly and through the proxy."""
    (own, *_) = WAYS
    assert outcome(world, world.https, own.fetch) == ("SSLError", [], 0)
    for name, value in settings(world, "proxies").items():
        monkeypatch.setenv(name, value)
    assert outcome(world, world.https, own.fetch) == (None, [world.https.url.removeprefix("https://")], 1)
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert outcome(world, world.https, own.fetch) == (None, [], 1)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_the_authorities_of_a_folder_are_trusted_where_the_library_trusts_them(
    way: Way, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """httpx2 and httpx read SSL_CERT_DIR for each client, requests never, and aiohttp when it is imported."""
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv("SSL_CERT_DIR", str(world.folder))
    error, _, count = outcome(world, world.https, way.fetch)
    trusts = way.name.startswith("httpx") and "without-environment" not in way.name
    assert (error is None, count) == (trusts, int(trusts))


@pytest.mark.parametrize("way", WAYS[:2], ids=lambda way: way.name)
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_authorities_of_requests_may_be_in_a_folder(
    way: Way, variable: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By their hashes, or in one file."""
    for path in (world.folder, world.bundle):
        monkeypatch.setenv(variable, str(path))
        assert outcome(world, world.https, way.fetch) == (None, [], 1)


@pytest.mark.slow
@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_aiohttp_trusts_the_authorities_of_the_environment_that_it_starts_in(variable: str, world: World) -> None:
    """It reads them when it is imported, so the matrix above cannot show it."""
    program = (
        "import asyncio, sys; from oauth_cc import ClientCredentials; from oauth_cc.aiohttp import fetch_token\n"
        "asyncio.run(fetch_token(ClientCredentials('your_id', 's3cret'), sys.argv[1]))"
    )
    trusted = {**os.environ, variable: str(world.bundle if variable == "SSL_CERT_FILE" else world.folder)}
    subprocess.run([sys.executable, "-c", program, f"{world.https.url}/token"], env=trusted, check=True, timeout=60)
