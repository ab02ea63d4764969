"""
The revocation and the introspection of a token, by flows and by hand.
"""

from typing import assert_type

import oauth_cc.aiohttp
import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import ClientCredentials, HttpRequest, HttpResponse, Scope, Token
from oauth_cc.flows import Flow, introspect, revoke
from oauth_cc.revocation import (
    Introspection,
    check_revocation_response,
    introspection_request,
    parse_introspection_response,
    revocation_request,
)

ENDPOINT = "https://as.example/introspect"


def by_flows(token: Token, client: ClientCredentials) -> bool:
    """Return whether *token* is active, and revoke it."""
    flow = introspect(token, client, ENDPOINT)
    assert_type(flow, Flow[Introspection])
    found = oauth_cc.httpx2.perform(flow)
    assert_type(found, Introspection)
    assert_type(found.scope, Scope | None)
    assert_type(found.aud, tuple[str, ...])
    oauth_cc.requests.perform(revoke(token, client, "https://as.example/revoke"))
    return oauth_cc.httpx.perform(introspect(token, client, ENDPOINT)).active


async def by_tasks(token: Token, client: ClientCredentials) -> None:
    """Ask by each library for async code."""
    assert_type(await oauth_cc.httpx2.perform_async(introspect(token, client, ENDPOINT)), Introspection)
    assert_type(await oauth_cc.httpx.perform_async(introspect(token, client, ENDPOINT)), Introspection)
    assert_type(await oauth_cc.aiohttp.perform(introspect(token, client, ENDPOINT)), Introspection)


def by_hand(client: ClientCredentials, response: HttpResponse) -> Introspection:
    """Compose, and read."""
    assert_type(revocation_request("2YotnFZFEjr1zCsicMWpAA", client, ENDPOINT), HttpRequest)
    assert_type(introspection_request("2YotnFZFEjr1zCsicMWpAA", client, ENDPOINT), HttpRequest)
    check_revocation_response(response, client, received_at=0.0)
    return parse_introspection_response(response, client, received_at=0.0)
