"""
FastMCP: its client and server, over loopback.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import anyio
import pytest

from oauth_cc import ClientCredentials, Scope
from oauth_cc.httpx2 import ClientCredentialsAuth
from oauth_cc.testing import AuthorizationServer, RegisteredClient

if TYPE_CHECKING:
    from starlette.types import ASGIApp

CREDENTIALS: Final = ClientCredentials("your_id", "s3cret")
CLIENT: Final = RegisteredClient("your_id", "s3cret", Scope.of("mcp:call", "other"))


@pytest.fixture(scope="module")
def server() -> Iterator[AuthorizationServer]:
    """Start one authorization server."""
    with AuthorizationServer(clients=[CLIENT]) as found:
        yield found


@pytest.fixture(params=["fastmcp", "mcp"], scope="module")
def url(request: pytest.FixtureRequest, server: AuthorizationServer) -> Iterator[str]:
    """Start a server of FastMCP, and one of the SDK."""
    # Imported here and below, because this takes seconds.
    from fastmcp import FastMCP
    from fastmcp.server.auth import RemoteAuthProvider
    from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier
    from pydantic import AnyHttpUrl

    from tests.mcp_server import add, mcp_server, running

    def made(url: str) -> "ASGIApp":
        verifier = IntrospectionTokenVerifier(
            introspection_url=server.introspection_endpoint,
            client_id="your_id",
            client_secret="s3cret",
            required_scopes=["mcp:call"],
        )
        base_url = url.removesuffix("/mcp")
        auth = RemoteAuthProvider(verifier, [AnyHttpUrl(server.issuer)], base_url)
        calculator: FastMCP[None] = FastMCP("calculator", auth=auth)
        calculator.tool(add)
        return calculator.http_app(path="/mcp")

    with running(made) if request.param == "fastmcp" else mcp_server(server, CREDENTIALS, "mcp:call") as found:
        yield found


@pytest.mark.slow
def test_the_client_of_fastmcp_calls_tools_of_both_servers(server: AuthorizationServer, url: str) -> None:
    """One token request for two sessions, and one more when the token was revoked."""
    from fastmcp import Client

    before = len(server.token_requests)
    auth = ClientCredentialsAuth.from_resource(url, CREDENTIALS, issuer=server.issuer)

    async def main() -> list[object]:
        found: list[object] = []
        for is_last in (False, True):
            async with Client(url, auth=auth) as client:
                found.append((await client.call_tool("add", {"a": 1, "b": 2})).structured_content)
                if is_last:
                    server.revoke_all()
                found.append((await client.call_tool("add", {"a": 2, "b": 2})).structured_content)
        return found

    assert [{"result": 3}, {"result": 4}] * 2 == anyio.run(main)
    assert 2 == len(server.token_requests[before:])
    token = auth.async_source.peek()
    assert token is not None
    assert (Scope.of("mcp:call"), (url,)) == (token.scope, server.audience(token.access_token.reveal()))
