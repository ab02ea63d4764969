"""
The test server without sockets, and with https.
"""

import socket
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
import pytest
import requests

import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import ClientCredentials, Options, Retries, token_request
from oauth_cc.testing import AuthorizationServer, Fault, PrivateAuthority
from oauth_cc.testing.httpx import Transport as HttpxTransport
from oauth_cc.testing.httpx2 import Transport
from oauth_cc.testing.requests import Adapter

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))
ORIGIN = "https://auth.example.com"
ONCE = Options(retries=Retries(attempts=1), timeout=2.0)
LIBRARIES: dict[str, tuple[Any, Any, Any]] = {
    "httpx2": (httpx2, oauth_cc.httpx2, Transport),
    "httpx": (httpx, oauth_cc.httpx, HttpxTransport),
}
WAYS = [(library, backend) for library in LIBRARIES for backend in (None, "asyncio", "trio")] + [("requests", None)]


@pytest.fixture(autouse=True)
def without_sockets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a server without a socket make no connection."""

    def connect(*given: object) -> None:
        raise AssertionError("a connection was made")

    if request.cls is TestInProcess:
        monkeypatch.setattr(socket.socket, "connect", connect)


def statuses(way: tuple[str, str | None], server: AuthorizationServer, *urls: str, timeout: float = 5.0) -> list[int]:
    """Return the statuses of calls to *urls*, whose token comes from *server*, through one client."""
    name, backend = way
    if name == "requests":
        with requests.Session() as session:
            session.mount("https://", Adapter(server))
            session.auth = oauth_cc.requests.ClientCredentialsAuth(
                REQUEST, server.token_endpoint, client=session, options=ONCE
            )
            return [session.get(url, timeout=timeout).status_code for url in urls]
    library, shell, transport = LIBRARIES[name]
    settings: dict[str, Any] = {"transport": transport(server), "timeout": timeout}
    if backend is None:
        with library.Client(**settings) as client:
            client.auth = shell.ClientCredentialsAuth(REQUEST, server.token_endpoint, client=client, options=ONCE)
            return [client.get(url).status_code for url in urls]

    async def main() -> list[int]:
        async with library.AsyncClient(**settings) as client:
            client.auth = shell.ClientCredentialsAuth(REQUEST, server.token_endpoint, client=client, options=ONCE)
            return [(await client.get(url)).status_code for url in urls]

    return anyio.run(main, backend=backend)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way[0]}-{way[1] or 'threads'}")
class TestInProcess:
    """A server without a socket, at the URLs that the program has anyway."""

    def test_tokens_and_calls_need_no_socket(self, way: tuple[str, str | None]) -> None:
        """A rejected token is replaced, as over a network."""
        server = AuthorizationServer(origin=ORIGIN)
        assert server.token_endpoint == "https://auth.example.com/token"
        things = server.resource_url
        assert statuses(way, server, things, f"{things}/write", f"{ORIGIN}/nothing") == [200, 200, 404]
        server.misbehave(Fault(status=401), at="resource")
        assert statuses(way, server, things) == [200]
        assert [each.status for each in server.token_requests] == [200] * 3

    def test_faults_are_errors_of_the_library(self, way: tuple[str, str | None]) -> None:
        """A delay beyond the timeout is a timeout at once, and one within it is waited for."""
        server = AuthorizationServer(origin=ORIGIN)
        library: Any = {"httpx2": httpx2, "httpx": httpx, "requests": requests}[way[0]]
        late: Any = library.ReadTimeout
        unreachable: Any = requests.ConnectionError if library is requests else library.ConnectError
        server.misbehave(Fault(delay=0.001), Fault(delay=3600.0), at="resource")
        with pytest.raises(late, match="responds after 3600 seconds"):
            statuses(way, server, server.resource_url, server.resource_url)
        with pytest.raises(unreachable, match=r"no server of this test at https://api.example"):
            statuses(way, server, "https://api.example/things")
        with pytest.raises(unreachable, match=r"URL must not be longer"):
            statuses(way, server, f"{ORIGIN}/{'a' * 9000}")
        server.stop()
        with pytest.raises(unreachable, match=r"token endpoint at auth.example.com: "):
            statuses(way, server, server.resource_url)
        server.start()
        assert statuses(way, server, server.resource_url) == [200]


def streamed(way: tuple[str, str | None], server: AuthorizationServer, *, in_process: bool) -> tuple[object, ...]:
    """Return the status, the bytes and the error of a response that a caller reads as it arrives."""
    name, backend = way
    statuses: list[int] = []
    arrived = bytearray()
    library, _, transport = LIBRARIES.get(name, (requests, None, None))
    settings: dict[str, Any] = {"transport": transport(server)} if in_process and transport else {}

    def by_requests() -> None:
        with requests.Session() as session:
            if in_process:
                session.mount("https://", Adapter(server))
            response = session.get(server.metadata_url, stream=True)
            statuses.append(response.status_code)
            for chunk in response.iter_content(1):
                arrived.extend(chunk)

    def by_threads() -> None:
        with library.Client(**settings) as client, client.stream("GET", server.metadata_url) as response:
            statuses.append(response.status_code)
            for chunk in response.iter_bytes():
                arrived.extend(chunk)

    async def by_tasks() -> None:
        async with library.AsyncClient(**settings) as client, client.stream("GET", server.metadata_url) as response:
            statuses.append(response.status_code)
            async for chunk in response.aiter_bytes():
                arrived.extend(chunk)

    error = None
    try:
        if backend is not None:
            anyio.run(by_tasks, backend=backend)
        else:
            (by_requests if library is requests else by_threads)()
    except (httpx2.TransportError, httpx.TransportError, requests.RequestException) as raised:
        error = type(raised)
    return statuses, bytes(arrived), error


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way[0]}-{way[1] or 'threads'}")
def test_a_response_is_cut_as_over_a_socket(way: tuple[str, str | None]) -> None:
    """The status and the bytes before the cut arrive."""
    with AuthorizationServer() as over_a_socket:
        in_process = AuthorizationServer(origin=ORIGIN)
        for sent in (0, 5, 30, 60, 400, 900, 5000):
            for server in (over_a_socket, in_process):
                server.misbehave(Fault(answer="a" * 800, drop_after=sent), at="metadata")
            expected = streamed(way, over_a_socket, in_process=False)
            assert streamed(way, in_process, in_process=True) == expected, sent
        assert expected == ([200], b"a" * 800, None)


def test_the_origin_of_a_server_without_a_socket_is_an_origin() -> None:
    """A path in it would be lost."""
    for origin in ("https://auth.example.com/", "auth.example.com", "ftp://auth.example.com", ""):
        with pytest.raises(ValueError, match="origin must be a scheme and a host"):
            AuthorizationServer(origin=origin)


def test_a_fixed_port_is_used_and_a_taken_one_is_an_error() -> None:
    """A stopped server gives its port back."""
    with AuthorizationServer() as first:
        port = int(first.origin.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            AuthorizationServer(port=port)
        first.stop()
        with AuthorizationServer(port=port) as second:
            assert second.origin == first.origin
            with pytest.raises(OSError, match="in use"):
                first.start()


def test_a_program_trusts_a_private_authority_by_its_environment_or_its_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other authority is trusted by the client."""
    authority = PrivateAuthority()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.write(tmp_path / "authority.pem")))
    with AuthorizationServer(tls=authority.server_side()) as server:
        assert server.issuer.startswith("https://localhost:")
        oauth_cc.requests.fetch_token(REQUEST, server.token_endpoint, options=ONCE)
        with httpx2.Client(verify=authority.client_side()) as client:
            oauth_cc.httpx2.fetch_token(REQUEST, server.token_endpoint, client=client, options=ONCE)
        with httpx2.Client(verify=PrivateAuthority().client_side()) as client, pytest.raises(httpx2.ConnectError):
            oauth_cc.httpx2.fetch_token(REQUEST, server.token_endpoint, client=client, options=ONCE)
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(ImportError, match="pip install trustme"):
        PrivateAuthority()
