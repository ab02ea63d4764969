"""
Fresh tokens on aiohttp, with a client middleware.
"""

from typing import assert_type

import aiohttp

from oauth_cc import ClientCredentials, Scope, Token, token_request
from oauth_cc.aiohttp import AsyncTokenSource, ClientCredentialsAuth, fetch_token

ENDPOINT = "https://as.example/token"
request = token_request(ClientCredentials("your_id", "s3cret"), Scope.of("read"))


async def calls(session: aiohttp.ClientSession) -> int:
    """Call an API."""
    assert_type(await fetch_token(request, ENDPOINT, client=session), Token)
    async with AsyncTokenSource(request, ENDPOINT, client=session) as source:
        assert_type(source, AsyncTokenSource)
        assert_type(await source.token(), Token)
    auth = ClientCredentialsAuth(request, ENDPOINT)
    writing = auth.with_scope(Scope.of("write"))
    assert_type(writing, ClientCredentialsAuth)
    async with (
        aiohttp.ClientSession(middlewares=(auth,)) as api,
        api.get("https://api.example/things", middlewares=(writing,)) as answer,
    ):
        return answer.status
