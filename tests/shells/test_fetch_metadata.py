"""
Metadata over httpx2 and httpx, in threads and on both event loops, against real servers.
"""

from types import ModuleType
from typing import Any

import anyio
import httpx
import httpx2
import pytest

import oauth_cc.httpx
import oauth_cc.httpx2
from oauth_cc import ClientCredentials, errors, token_request
from oauth_cc.metadata import ServerMetadata, endpoint_for
from oauth_cc.testing import AuthorizationServer, Client
from tests.shells.scripted import Answer, Drop, serve

KNOWN = Client("your_id", "s3cret-of-client", frozenset({"read", "write"}))


class Fetch:
    """Fetches metadata with one of the libraries, in one of the ways it is used."""

    def __init__(self, library: ModuleType, shell: ModuleType, backend: str | None) -> None:
        self.library, self.shell, self.backend = library, shell, backend

    def __call__(self, issuer: str, **options: Any) -> ServerMetadata:
        """Gives the metadata of *issuer*."""
        if self.backend is None:
            found: ServerMetadata = self.shell.fetch_metadata(issuer, **options)
            return found

        async def main() -> ServerMetadata:
            found: ServerMetadata = await self.shell.fetch_metadata_async(issuer, **options)
            return found

        return anyio.run(main, backend=self.backend)


@pytest.fixture(params=[None, "asyncio", "trio"], ids=str)
def backend(request: pytest.FixtureRequest) -> str | None:
    """Threads, or an event loop."""
    name: str | None = request.param
    return name


@pytest.fixture(params=[(httpx2, oauth_cc.httpx2), (httpx, oauth_cc.httpx)], ids=["httpx2", "httpx"])
def fetch(request: pytest.FixtureRequest, backend: str | None) -> Fetch:
    """Both libraries, each in the three ways."""
    library, shell = request.param
    return Fetch(library, shell, backend)


def test_a_real_server(fetch: Fetch) -> None:
    """The issuer is all that has to be known of a server."""
    with AuthorizationServer(clients=[KNOWN]) as server:
        metadata = fetch(server.issuer, allow_http_loopback=True)
        assert server.token_endpoint == endpoint_for(
            metadata, token_request(ClientCredentials("your_id", "s3cret-of-client"))
        )
    assert ("client_secret_basic", "client_secret_post") == metadata.token_endpoint_auth_methods_supported
    assert ("read", "write") == metadata.scopes_supported


def test_what_is_asked(fetch: Fetch) -> None:
    """Both places are asked with bare requests, and no redirect is followed."""
    with serve(Answer(302, headers=(("Location", "/elsewhere"),)), Answer(404)) as server:
        with pytest.raises(errors.UnexpectedStatus, match="HTTP 404: the answer is no metadata"):
            fetch(f"{server.url}/t", allow_http_loopback=True)
        paths = ["/.well-known/oauth-authorization-server/t", "/t/.well-known/openid-configuration"]
        assert [("GET", path, b"") for path in paths] == [(one.method, one.path, one.body) for one in server.asked]
        assert not {"Authorization", "Cookie"} & set(server.asked[0].headers)


def test_a_client_of_theirs(fetch: Fetch) -> None:
    """A client that is given serves, with its transport and without what it would add."""
    kind = fetch.library.Client if fetch.backend is None else fetch.library.AsyncClient
    content = b'{"issuer": "https://as.example", "token_endpoint": "https://as.example/token"}'
    answers = fetch.library.MockTransport(lambda request: fetch.library.Response(200, content=content))
    client = kind(transport=answers, auth=("a", "b"))
    assert "https://as.example/token" == fetch("https://as.example", client=client).token_endpoint


def test_no_answer(fetch: Fetch) -> None:
    """Without an answer the library's own error comes out."""
    with serve(Drop) as server, pytest.raises(fetch.library.TransportError):
        fetch(server.url, allow_http_loopback=True)
