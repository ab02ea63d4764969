"""
An MCP server of the official SDK on loopback, which requires a token of an authorization server.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import final

import uvicorn
from mcp.server import MCPServer
from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl
from starlette.types import ASGIApp

from oauth_cc import ClientCredentials, Secret
from oauth_cc.flows import introspect
from oauth_cc.httpx2 import perform_async
from oauth_cc.testing import AuthorizationServer


@final
class Introspection(TokenVerifier):
    """A verifier that asks the authorization server about each token (RFC 7662)."""

    def __init__(self, server: AuthorizationServer, client: ClientCredentials) -> None:
        self._endpoint = server.introspection_endpoint
        self._client = client

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the introspection of *token* by the server, None unless it is active."""
        found = await perform_async(introspect(Secret(token), self._client, self._endpoint))
        if not found.active:
            return None
        return AccessToken(
            token=token,
            client_id=found.client_id or "",
            scopes=sorted(found.scope.tokens) if found.scope is not None else [],
            resource=next(iter(found.aud), None),
        )


@contextlib.contextmanager
def mcp_server(server: AuthorizationServer, client: ClientCredentials, *scope: str) -> Iterator[str]:
    """
    Run an MCP server with the tool ``add``, and yield its URL.

    Args:
        server: The authorization server that it trusts.
        client: The client that asks about tokens.
        scope: The scope-tokens that it requires.
    """

    def made(url: str) -> ASGIApp:
        settings = AuthSettings(
            issuer_url=AnyHttpUrl(server.issuer),
            resource_server_url=AnyHttpUrl(url),
            required_scopes=list(scope),
            validate_token_resource=True,
        )
        calculator = MCPServer("calculator", token_verifier=Introspection(server, client), auth=settings)
        calculator.add_tool(add)
        return calculator.streamable_http_app()

    with running(made) as url:
        yield url


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@contextlib.contextmanager
def running(made: Callable[[str], ASGIApp]) -> Iterator[str]:
    """Run the application that *made* returns for a URL, and yield the URL."""
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
    server = uvicorn.Server(uvicorn.Config(made(url), log_config=None, lifespan="on"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
    thread.start()
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
