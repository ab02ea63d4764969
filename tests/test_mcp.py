"""
The Model Context Protocol: the official SDK's client and server, over loopback.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
import httpx2
import pytest
from joserfc.jwk import ECKey

from oauth_cc import ClientCredentials, ClientSecretPost, PrivateKeyJwt, Scope, errors, token_request
from oauth_cc.httpx2 import ClientCredentialsAuth
from oauth_cc.jose import key_from_pem
from oauth_cc.stores.file import FileStore
from oauth_cc.testing import AuthorizationServer, RegisteredClient
from tests.layers import PACKAGE

if TYPE_CHECKING:
    # The tests import it where they need it, because this takes seconds.
    from mcp import Client

# They start servers, and need the SDK, which a run with the least versions of the dependencies is without.
pytestmark = pytest.mark.slow

EXTENSION: Final = "io.modelcontextprotocol/oauth-client-credentials"
SECRET: Final = ClientCredentials("your_id", "s3cret")
KEY: Final = ECKey.generate_key("P-256", {"kid": "2026-11"})
CLIENTS: Final = (
    RegisteredClient("your_id", "s3cret", Scope.of("mcp:call", "other")),
    RegisteredClient(
        "signing_id",
        scope=Scope.of("mcp:call"),
        authentication_methods=frozenset({"private_key_jwt"}),
        jwks={"keys": [{**KEY.as_dict(private=False)}]},
    ),
)


@pytest.fixture(scope="module")
def server() -> Iterator[AuthorizationServer]:
    """Start one authorization server."""
    with AuthorizationServer(clients=CLIENTS) as running:
        yield running


@pytest.fixture(scope="module")
def url(server: AuthorizationServer) -> Iterator[str]:
    """Start one MCP server, which requires a scope."""
    from tests.mcp_server import mcp_server

    with mcp_server(server, SECRET, "mcp:call") as running:
        yield running


def signing(issuer: str) -> ClientCredentials:
    """Return credentials that sign assertions for *issuer*."""
    return ClientCredentials("signing_id", PrivateKeyJwt(key_from_pem(KEY.as_pem(private=True)), issuer))


def client_of(url: str, http: httpx2.AsyncClient, mode: str = "auto") -> "Client":
    """Return a client of the SDK that declares the extension."""
    from mcp import Client
    from mcp.client import advertise
    from mcp.client.streamable_http import streamable_http_client

    return Client(
        streamable_http_client(url, http_client=http),
        extensions=[advertise(EXTENSION)],
        mode="legacy" if mode == "legacy" else "auto",
    )


async def three(auth: ClientCredentialsAuth, url: str, mode: str = "auto") -> object:
    """Return the sum that a session of the SDK's client gets from the server."""
    async with httpx2.AsyncClient(auth=auth) as http, client_of(url, http, mode) as client:
        return (await client.call_tool("add", {"a": 1, "b": 2})).structured_content


SUM: Final = {"result": 3}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_sdks_client_calls_a_tool_by_secret_and_by_key(server: AuthorizationServer, url: str, mode: str) -> None:
    """One token request each. The token is for the MCP server, and has the scope that the server names."""
    before = len(server.token_requests)
    posted = ClientCredentials("your_id", ClientSecretPost("s3cret"))
    for credentials in (SECRET, posted, signing(server.issuer)):
        auth = ClientCredentialsAuth.from_resource(url, credentials, issuer=server.issuer)
        assert SUM == anyio.run(three, auth, url, mode)
        token = auth.async_source.peek()
        assert token is not None
        assert (Scope.of("mcp:call"), (url,)) == (token.scope, server.audience(token.access_token.reveal()))
    seen = server.token_requests[before:]
    assert ["client_secret_basic", "client_secret_post", "private_key_jwt"] == [
        each.authentication_method for each in seen
    ]
    assert all("resource" in each.parameters for each in seen)


def test_ten_sessions_at_once_make_one_token_request(server: AuthorizationServer, url: str) -> None:
    """They share the auth."""
    before = len(server.token_requests)
    auth = ClientCredentialsAuth.from_resource(url, SECRET, issuer=server.issuer)

    async def main() -> list[object]:
        found: list[object] = []

        async def session() -> None:
            found.append(await three(auth, url))

        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(session)
        return found

    assert [SUM] * 10 == anyio.run(main)
    assert 1 == len(server.token_requests[before:])


@pytest.mark.parametrize("revoked", [True, False])
def test_a_token_that_ends_during_a_session_is_replaced(
    server: AuthorizationServer, url: str, *, revoked: bool
) -> None:
    """Revoked or expired: one token request, and the call goes through."""
    before = len(server.token_requests)
    auth = ClientCredentialsAuth.from_resource(url, SECRET, issuer=server.issuer)

    async def main() -> list[object]:
        async with httpx2.AsyncClient(auth=auth) as http, client_of(url, http) as client:
            first = await client.call_tool("add", {"a": 1, "b": 2})
            (server.revoke_all if revoked else server.expire_all)()
            again = await client.call_tool("add", {"a": 1, "b": 2})
            return [first.structured_content, again.structured_content]

    assert [SUM, SUM] == anyio.run(main)
    assert 2 == len(server.token_requests[before:])


def test_a_program_that_starts_again_finds_its_token_in_the_store(
    server: AuthorizationServer, url: str, tmp_path: Path
) -> None:
    """It asks neither for metadata nor for a token."""
    before = len(server.token_requests)

    def restarted() -> ClientCredentialsAuth:
        store = FileStore(tmp_path / "tokens")
        return ClientCredentialsAuth.from_resource(url, SECRET, issuer=server.issuer, store=store)

    for _ in range(3):
        assert SUM == anyio.run(three, restarted(), url)
    assert 1 == len(server.token_requests[before:])
    # A token that ended meanwhile is replaced by one request, too.
    server.revoke_all()
    assert [SUM, SUM] == [anyio.run(three, restarted(), url) for _ in range(2)]
    assert 2 == len(server.token_requests[before:])


def test_an_mcp_server_of_another_issuer_gets_nothing(server: AuthorizationServer, url: str) -> None:
    """The pinned issuer is not contacted either."""
    with AuthorizationServer(clients=CLIENTS) as pinned:
        before = len(server.token_requests)
        auth = ClientCredentialsAuth.from_resource(url, SECRET, issuer=pinned.issuer)
        with pytest.raises(ExceptionGroup) as caught:
            anyio.run(three, auth, url)
        assert caught.group_contains(errors.IssuerNotNamed, match="as authorization servers, not")
        assert (before, ()) == (len(server.token_requests), pinned.token_requests)


def test_a_token_without_the_scope_of_the_server_is_not_replaced(server: AuthorizationServer, url: str) -> None:
    """The caller chose the scope."""
    before = len(server.token_requests)
    request = token_request(SECRET, Scope.of("other"))
    auth = ClientCredentialsAuth.from_resource(url, request, issuer=server.issuer)
    with pytest.raises(ExceptionGroup):
        anyio.run(three, auth, url)
    assert 1 == len(server.token_requests[before:])


def test_every_test_in_the_table_of_requirements_exists() -> None:
    """The link leads to its file."""
    guide = PACKAGE / "authentication" / "MCP.md"
    named = re.findall(r"\[(test_\w+)\]\(([\w./]+)\)", guide.read_text("utf-8"))
    assert len(named) > 10
    for test, path in named:
        assert f"def {test}(" in (guide.parent / path).read_text("utf-8"), test
