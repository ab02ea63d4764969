"""
Fresh tokens on httpx2, in threads and in async code.
"""

from typing import assert_type

import httpx2

from oauth_cc import ClientCredentials, Options, Scope, Token, token_request
from oauth_cc.events import Event
from oauth_cc.httpx2 import AsyncTokenSource, ClientCredentialsAuth, TokenSource, fetch_token, fetch_token_async
from oauth_cc.stores import TokenCache

ENDPOINT = "https://as.example/token"
request = token_request(ClientCredentials("your_id", "s3cret"), Scope.of("read"))
store = TokenCache()


def hook(event: Event) -> None:
    """Print an event."""
    print(event)


def threads(client: httpx2.Client) -> int:
    """Call an API from threads."""
    assert_type(fetch_token(request, ENDPOINT, client=client), Token)
    auth = ClientCredentialsAuth(
        request, ENDPOINT, store=store, origins=["https://api.example"], options=Options(on_event=hook)
    )
    assert_type(auth.with_scope(Scope.of("write")), ClientCredentialsAuth)
    with TokenSource(request, ENDPOINT, client=client, store=store) as source:
        assert_type(source, TokenSource)
        assert_type(source.with_resource("https://api.example/"), TokenSource)
        assert_type(source.token(), Token)
        assert_type((source.access_token(), source.authorization(), source.expires_at()), tuple[str, str, float])
        assert_type(source.peek(), Token | None)
    with httpx2.Client(auth=auth) as api:
        return api.get("https://api.example/things", auth=auth.with_scope(Scope.of("write"))).status_code


async def tasks(client: httpx2.AsyncClient) -> int:
    """Call an API from async code."""
    assert_type(await fetch_token_async(request, ENDPOINT, client=client), Token)
    async with AsyncTokenSource(
        request, ENDPOINT, client=client, store=store, options=Options(wait_timeout=5.0)
    ) as source:
        assert_type(source, AsyncTokenSource)
        assert_type(await source.token(), Token)
        assert_type(await source.authorization(), str)
        assert_type(await source.expires_at(), float)
    async with httpx2.AsyncClient(auth=ClientCredentialsAuth(request, ENDPOINT)) as api:
        return (await api.get("https://api.example/things")).status_code
