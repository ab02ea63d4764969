"""
Tokens for clients of OpenAPI Generator, with a package that it wrote (ory-hydra-client, the urllib3 flavour).
"""

import copy
from collections.abc import Iterator

import anyio
import pytest
from ory_hydra_client.api.oidc_api import OidcApi
from ory_hydra_client.api_client import ApiClient
from ory_hydra_client.configuration import Configuration

from oauth_cc import ClientCredentials, InvalidInput, token_request
from oauth_cc.httpx2 import AsyncTokenSource, TokenSource
from oauth_cc.integrations.openapi import with_source
from oauth_cc.testing import AuthorizationServer
from tests.shells.scripted import Answer, serve

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))
USER = Answer(headers=(("Content-Type", "application/json"),), chunks=(b'{"sub": "1"}',))


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """Run a server."""
    with AuthorizationServer() as running:
        yield running


def test_each_call_carries_a_valid_token(server: AuthorizationServer) -> None:
    """The token is replaced between two calls, and the configuration is copied by the client as it likes."""
    source = TokenSource(REQUEST, server.token_endpoint)
    with serve(USER) as api:
        given = Configuration(host=api.url)
        configuration = copy.deepcopy(with_source(given, source))
        assert isinstance(configuration, Configuration)
        with ApiClient(configuration) as client:
            tokens = []
            for _ in range(2):
                assert OidcApi(client).get_oidc_user_info().sub == "1"
                tokens.append(source.token())
                source.discard(tokens[-1])
        expected = [f"Bearer {token.access_token.reveal()}" for token in tokens]
        assert [asked.headers["Authorization"] for asked in api.asked] == expected
    assert given.access_token is None
    assert tokens[0] != tokens[1]
    assert not [value for value in vars(configuration).values() if value in expected]


def test_an_async_client_reads_the_cached_token(server: AuthorizationServer) -> None:
    """Without one, the error says what to do. The httpx flavour reads the same property."""

    async def main() -> None:
        async with AsyncTokenSource(REQUEST, server.token_endpoint) as source:
            configuration = with_source(Configuration(), source)
            with pytest.raises(InvalidInput, match=r"make the call within source.keep_fresh"):
                configuration.auth_settings()
            async with source.keep_fresh():
                settings = configuration.auth_settings()
                assert settings.get("oauth2", {}).get("value") == await source.authorization()

    anyio.run(main)


def test_another_object_than_a_configuration_is_refused(server: AuthorizationServer) -> None:
    """It has no access_token."""
    source = TokenSource(REQUEST, server.token_endpoint)
    with pytest.raises(InvalidInput, match="configuration must be the client's Configuration, not ApiClient"):
        with_source(ApiClient(), source)
