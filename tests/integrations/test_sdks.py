"""
The recipes of one line: what a library takes as it is.
"""

from collections.abc import Iterator

import anyio
import openai
import pytest
import urllib3

from oauth_cc import ClientCredentials, token_request
from oauth_cc.httpx2 import AsyncTokenSource, TokenSource
from oauth_cc.testing import AuthorizationServer
from tests.shells.scripted import Answer, Asked, serve

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))
JSON = (("Content-Type", "application/json"),)
MODELS = Answer(headers=JSON, chunks=(b'{"object": "list", "data": [{"id": "m-1", "object": "model"}]}',))


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """Run a server."""
    with AuthorizationServer() as running:
        yield running


def authorization(asked: Asked) -> str:
    """Return the header, which libraries write in upper or lower case."""
    return {name.lower(): value for name, value in asked.headers.items()}["authorization"]


def test_the_openai_sdk_asks_for_the_key_at_each_request(server: AuthorizationServer) -> None:
    """After a token is discarded, the next request has another."""
    source = TokenSource(REQUEST, server.token_endpoint)
    with serve(MODELS) as api, openai.OpenAI(base_url=api.url, api_key=source.access_token, max_retries=0) as models:
        tokens = []
        for _ in range(2):
            assert models.models.list().data[0].id == "m-1"
            tokens.append(source.token())
            source.discard(tokens[-1])
        sent = [authorization(asked) for asked in api.asked]
    assert sent == [f"Bearer {token.access_token.reveal()}" for token in tokens]
    assert tokens[0] != tokens[1]


def test_the_async_openai_sdk_takes_the_async_source(server: AuthorizationServer) -> None:
    """It awaits the key."""

    async def main() -> None:
        source = AsyncTokenSource(REQUEST, server.token_endpoint)
        with serve(MODELS) as api:
            async with openai.AsyncOpenAI(base_url=api.url, api_key=source.access_token, max_retries=0) as models:
                assert (await models.models.list()).data[0].id == "m-1"
            assert authorization(api.asked[0]) == await source.authorization()

    anyio.run(main)


def test_urllib3_takes_the_header(server: AuthorizationServer) -> None:
    """Any other library that takes headers does, too: niquests was tried by hand."""
    source = TokenSource(REQUEST, server.token_endpoint)
    with urllib3.PoolManager() as pool:
        headers = {"Authorization": source.authorization()}
        assert pool.request("GET", server.resource_url, headers=headers).status == 200
