"""
Parts of token requests on each HTTP library: the request, its proxy, and what can be sent again.
"""

import io
import ssl
from collections.abc import Iterator
from functools import partial
from types import ModuleType
from typing import Any

import aiohttp
import anyio
import httpx
import httpx2
import pytest
import trustme
import yarl

import oauth_cc.httpx
import oauth_cc.httpx2
from oauth_cc import ClientCredentials, HttpRequest, InvalidResponse, Options, Retries
from oauth_cc._io import aiohttp_sending, library_httpx, library_httpx2
from oauth_cc._io.user_agent import USER_AGENT
from oauth_cc.aiohttp import fetch_token
from tests.shells.proxy import run_proxy
from tests.shells.scripted import TOKEN, Answer, serve

CREDENTIALS = ClientCredentials("your_id", "s3cret")
ENDPOINT = "https://as.example/token"
SHELLS: dict[ModuleType, ModuleType] = {httpx2: oauth_cc.httpx2, httpx: oauth_cc.httpx}
LIBRARIES: dict[ModuleType, Any] = {httpx2: library_httpx2.LIBRARY, httpx: library_httpx.LIBRARY}
each_library = pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)


class Pipe(io.BytesIO):
    """A file that can be read once."""

    def seekable(self) -> bool:
        """Return False."""
        return False


@each_library
def test_a_request_of_httpx_is_what_was_composed(library: ModuleType) -> None:
    """With a User-Agent, and without a content coding. The timeout is that of each step."""
    headers = (("Authorization", "Basic a"), ("Accept-Encoding", "gzip"))
    trace = object()
    made = LIBRARIES[library].plain(HttpRequest("POST", ENDPOINT, headers, b"a=b"), 3.0, trace)
    assert (made.method, str(made.url), made.content) == ("POST", ENDPOINT, b"a=b")
    assert dict(made.headers) == {
        "host": "as.example",
        "authorization": "Basic a",
        "accept-encoding": "identity",
        "user-agent": USER_AGENT,
        "content-length": "3",
    }
    assert made.extensions == {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), 3.0), "trace": trace}


@each_library
def test_a_request_of_httpx_can_be_sent_again_if_its_body_is_in_memory_or_in_seekable_files(
    library: ModuleType,
) -> None:
    """A form may have several files, whose content may be text."""

    def parts() -> Iterator[bytes]:
        yield b"part"

    file, pipe = io.BytesIO(b"f"), Pipe(b"p")
    for options, expected in (
        ({}, True),
        ({"content": b"b"}, True),
        ({"json": {}}, True),
        ({"data": {"a": "b"}}, True),
        ({"content": parts()}, False),
        ({"files": {"a": file}}, True),
        ({"files": {"a": pipe}}, False),
        ({"files": {"a": file, "b": pipe}}, False),
        ({"files": {"a": ("name", b"bytes"), "b": ("name", "text"), "c": file}, "data": {"d": "e"}}, True),
    ):
        request = library.Request("POST", "https://api.example/", **options)
        assert LIBRARIES[library].is_repeatable(request) is expected, options


@each_library
def test_async_code_says_what_to_install_without_anyio(library: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the construction of a source, and at each request."""
    monkeypatch.setattr("oauth_cc._io.httpx_library.find_spec", {"anyio": None}.__getitem__)
    name, shell = library.__name__, SHELLS[library]
    for step in (shell.AsyncTokenSource, partial(anyio.run, shell.fetch_token_async)):
        with pytest.raises(ImportError) as caught:
            step(CREDENTIALS, ENDPOINT)
        assert str(caught.value) == f"oauth_cc.{name} needs anyio for async code; install oauth_cc[{name}]"


@pytest.mark.parametrize(
    ("environment", "url", "expected"),
    [
        ({}, ENDPOINT, None),
        ({"HTTPS_PROXY": "http://p.example:3128"}, ENDPOINT, "http://p.example:3128"),
        ({"HTTPS_PROXY": "http://p.example:3128"}, "http://as.example/token", None),
        ({"HTTP_PROXY": "http://me:pw@p.example"}, "http://as.example/token", "http://me:pw@p.example"),
        ({"HTTPS_PROXY": "https://p.example:3128"}, ENDPOINT, None),
        ({"HTTPS_PROXY": "http://p.example:3128", "NO_PROXY": "as.example"}, ENDPOINT, None),
        ({"HTTPS_PROXY": "http://p.example:3128", "NO_PROXY": "other.example"}, ENDPOINT, "http://p.example:3128"),
        ({"HTTPS_PROXY": "http://p.example:3128"}, "https://as.example/%7e?a=%2F", "http://p.example:3128"),
    ],
)
def test_the_proxy_of_the_environment_is_that_of_aiohttp(
    environment: dict[str, str], url: str, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS to a proxy is not used."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = aiohttp_sending._environment_proxy(url)
    assert (None if found is None else str(found)) == (expected and str(yarl.URL(expected)))


BASIC = "Basic bcOpOnDDpHNz"


@pytest.mark.parametrize(
    ("proxy", "field", "expected"),
    [
        (None, None, (None, None)),
        (None, "Basic x", (None, None)),
        ("http://p.example:3128/", None, ("http://p.example:3128/", None)),
        ("http://p.example/", "Basic x", ("http://p.example/", "Basic x")),
        ("http://m\u00e9:p\u00e4ss@p.example/", None, ("http://p.example/", BASIC)),
        ("http://me@p.example/", None, ("http://p.example/", "Basic bWU6")),
        ("http://me:pw@p.example/", "Basic x", ("http://p.example/", "Basic x")),
    ],
)
def test_the_credentials_of_a_proxy_are_sent_as_a_header(
    proxy: str | None, field: str | None, expected: tuple[str | None, str | None]
) -> None:
    """Errors of aiohttp show the URL of a proxy."""
    url, headers = aiohttp_sending._split(None if proxy is None else yarl.URL(proxy), field)
    shown = None if url is None else str(url)
    assert (shown, headers) == (expected[0], None if expected[1] is None else {"Proxy-Authorization": expected[1]})


@pytest.mark.filterwarnings("ignore:.*BasicAuth is deprecated", "ignore:.*proxy_auth.*is deprecated")
@pytest.mark.parametrize("of_environment", [False, True])
def test_the_proxy_of_a_session_comes_before_that_of_the_environment(
    of_environment: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its credentials, which the session has apart from its URL."""

    async def main(url: str) -> None:
        options: dict[str, Any] = {"proxy": url, "proxy_auth": aiohttp.BasicAuth("me", "pw")}
        async with aiohttp.ClientSession(trust_env=of_environment, **options) as client:
            await fetch_token(CREDENTIALS, "http://localhost:9/token", client=client)

    with serve(TOKEN) as proxy:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        anyio.run(main, proxy.url)
        (asked,) = proxy.asked
    assert asked.path == "http://localhost:9/token"
    assert asked.headers["Proxy-Authorization"] == "Basic bWU6cHc="


def test_the_credentials_of_a_proxy_that_forwards_plain_http_are_in_the_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They come from the environment, and do not go to a server that is called directly."""
    with serve(TOKEN) as server, serve(TOKEN) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//me:pw@"))
        anyio.run(fetch_token, CREDENTIALS, "http://localhost:9/token")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        anyio.run(fetch_token, CREDENTIALS, f"{server.url}/token")
        assert [asked.headers["Proxy-Authorization"] for asked in proxy.asked] == ["Basic bWU6cHc="]
        assert ["Proxy-Authorization" in asked.headers for asked in server.asked] == [False]


def test_the_credentials_of_a_proxy_do_not_go_to_a_server_behind_its_tunnel() -> None:
    """They go to the proxy, with CONNECT."""
    authority, server_side = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server_side)
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(trust)

    async def main(url: str, proxy: str) -> None:
        connector = aiohttp.TCPConnector(ssl=trust)
        async with aiohttp.ClientSession(proxy=proxy, connector=connector) as client:
            await fetch_token(CREDENTIALS, url, client=client)

    with serve(TOKEN, tls=server_side) as server, run_proxy() as proxy:
        anyio.run(main, f"{server.url}/token", proxy.url.replace("//", "//me:pw@"))
        assert len(proxy.targets) == 1
        assert ["Proxy-Authorization" in asked.headers for asked in server.asked] == [False]


def test_a_session_that_ignores_the_environment_goes_without_its_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request without a session of the user's does not."""

    async def main(url: str) -> None:
        async with aiohttp.ClientSession() as client:
            await fetch_token(CREDENTIALS, url, client=client)

    with serve(TOKEN) as server, serve(TOKEN) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        anyio.run(main, f"{server.url}/token")
        assert (len(server.asked), len(proxy.asked)) == (1, 0)
        anyio.run(fetch_token, CREDENTIALS, f"{server.url}/token")
        assert (len(server.asked), len(proxy.asked)) == (1, 1)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Answer(headers=(("Content-Encoding", "br"),), chunks=(b"x",)), "has a content coding that was not requested"),
        (Answer(headers=(("Content-Encoding", "gzip"), ("Content-Encoding", "gzip"))), "has a content coding that was"),
        (Answer(headers=(("Content-Encoding", "gzip"),), chunks=(b"no gzip",)), "has a broken content coding"),
    ],
)
def test_a_content_coding_that_cannot_be_read_is_an_error_of_the_response(answer: Answer, text: str) -> None:
    """It is not retried."""
    with serve(answer) as server:
        with pytest.raises(InvalidResponse, match=f"HTTP 200: the response {text}") as caught:
            anyio.run(_fetch, f"{server.url}/token")
        assert (caught.value.status, len(server.asked)) == (200, 1)


async def _fetch(url: str) -> None:
    await fetch_token(CREDENTIALS, url, options=Options(retries=Retries(2, 0, 0)))
