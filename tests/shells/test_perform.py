"""
The revocation of a token through each HTTP library, at a real server.
"""

import asyncio

import pytest

import oauth_cc.aiohttp
import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import ClientCredentials, ClientSecretPost
from oauth_cc.flows import Flow, introspect, revoke
from oauth_cc.revocation import Introspection
from oauth_cc.testing import AuthorizationServer, RegisteredClient


def perform(library: str, flow: Flow[Introspection]) -> Introspection:
    """Return the result of *flow* by the functions of *library*."""
    match library:
        case "httpx2":
            return oauth_cc.httpx2.perform(flow)
        case "httpx2_async":
            return asyncio.run(oauth_cc.httpx2.perform_async(flow))
        case "httpx":
            return oauth_cc.httpx.perform(flow)
        case "httpx_async":
            return asyncio.run(oauth_cc.httpx.perform_async(flow))
        case "requests":
            return oauth_cc.requests.perform(flow)
        case _:
            return asyncio.run(oauth_cc.aiohttp.perform(flow))


@pytest.mark.parametrize("library", ["httpx2", "httpx2_async", "httpx", "httpx_async", "requests", "aiohttp"])
def test_a_revoked_token_is_not_active(library: str) -> None:
    """A flow is performed by one function of each library."""
    client = ClientCredentials("id", ClientSecretPost("sec"))
    with AuthorizationServer(clients=[RegisteredClient("id", "sec")]) as server:
        token = oauth_cc.httpx2.fetch_token(client, server.token_endpoint)

        def flow() -> Flow[Introspection]:
            before = yield from introspect(token, client, server.introspection_endpoint)
            assert (before.active, before.client_id) == (True, "id")
            yield from revoke(token, client, server.revocation_endpoint)
            return (yield from introspect(token, client, server.introspection_endpoint))

        assert perform(library, flow()) == Introspection(active=False)
