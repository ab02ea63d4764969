"""
The protected resource of the tests, and its authorization server as other people's clients see it.
"""

import importlib
from collections.abc import Iterator
from typing import Any

import anyio
import httpx2
import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from joserfc.jwk import RSAKey

from oauth_cc import Scope
from oauth_cc.testing import AuthorizationServer, Fault, ProtectedResource, RegisteredClient, ResourceCall

SECRET = {"grant_type": "client_credentials", "client_id": "your_id", "client_secret": "s3cret"}
KEY = RSAKey.generate_key(2048, {"kid": "k1"})
SIGNING = RegisteredClient(
    "signing_id",
    authentication_methods=frozenset({"private_key_jwt"}),
    jwks={"keys": [{**KEY.as_dict(private=False)}]},
)


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """Start an authorization server whose metadata satisfy every client."""
    with AuthorizationServer(
        clients=[RegisteredClient("your_id", "s3cret"), SIGNING], authorization_endpoint=True
    ) as running:
        yield running


@pytest.fixture
def api(server: AuthorizationServer) -> Iterator[ProtectedResource]:
    """Start a protected resource."""
    with ProtectedResource(server, scope=Scope.of("read")) as running:
        yield running


def bearer(server: AuthorizationServer, **parameters: str) -> dict[str, str]:
    """Return an Authorization header with a new token."""
    token = httpx2.post(server.token_endpoint, data={**SECRET, **parameters}).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


class TestResource:
    """RFC 9728."""

    def test_a_call_without_a_token_is_led_to_the_metadata(self, api: ProtectedResource) -> None:
        """They name the authorization server."""
        response = httpx2.get(api.url)
        assert (401, {}) == (response.status_code, response.json())
        challenge = f'Bearer scope="read", resource_metadata="{api.metadata_url}"'
        assert challenge == response.headers["WWW-Authenticate"]
        assert httpx2.get(api.metadata_url).json() == {
            "resource": api.url,
            "authorization_servers": [api._server.issuer],
            "scopes_supported": ["read"],
            "bearer_methods_supported": ["header"],
        }
        path = api.metadata_url.removeprefix(api.origin)
        assert (ResourceCall("GET", "/mcp", False, 401), ResourceCall("GET", path, False, 200)) == api.calls

    @pytest.mark.parametrize("path", ["/", "/mcp", "/a/b"])
    def test_every_path_below_the_resource_is_protected(self, server: AuthorizationServer, path: str) -> None:
        """Any other does not exist."""
        with ProtectedResource(server, path) as api:
            header = bearer(server, resource=api.url)
            below = f"{api.url.removesuffix('/')}/x"
            assert [200, 200] == [httpx2.get(url, headers=header).status_code for url in (api.url, below)]
            assert 401 == httpx2.post(below).status_code
            beside = httpx2.get(f"{api.origin}/mcpx", headers=header).status_code
            assert (200 if path == "/" else 404) == beside

    @pytest.mark.parametrize(
        ("parameters", "status", "error"),
        [
            ({}, 401, "invalid_token"),
            ({"resource": "https://other.example/"}, 401, "invalid_token"),
            ({"resource": "{url}", "scope": "write"}, 403, "insufficient_scope"),
            ({"resource": "{url}", "scope": "read"}, 200, None),
        ],
    )
    def test_a_token_must_be_for_the_resource_and_have_its_scope(
        self, server: AuthorizationServer, api: ProtectedResource, parameters: dict[str, str], status: int, error: Any
    ) -> None:
        """The challenge says which scope."""
        header = bearer(server, **{key: value.format(url=api.url) for key, value in parameters.items()})
        response = httpx2.get(api.url, headers=header)
        assert (status, error) == (response.status_code, response.json().get("error"))
        assert (error is not None) == ('scope="read"' in response.headers.get("WWW-Authenticate", ""))

    def test_a_token_that_was_revoked_is_rejected(self, server: AuthorizationServer, api: ProtectedResource) -> None:
        """So is one that nobody has issued."""
        header = bearer(server, resource=api.url)
        server.revoke_all()
        for headers in (header, {"Authorization": "Bearer unknown"}):
            response = httpx2.get(api.url, headers=headers)
            assert (401, "invalid_token") == (response.status_code, response.json()["error"])
        assert () == server.audience("unknown")

    def test_it_is_hostile_on_request(self, api: ProtectedResource) -> None:
        """Its metadata and its challenge can be hostile, once or for a while."""
        evil = {"authorization_servers": ["https://evil.example"]}
        api.misbehave(Fault(members=evil))
        assert evil["authorization_servers"] == httpx2.get(api.metadata_url).json()["authorization_servers"]
        with api.misbehaving(Fault(headers={"WWW-Authenticate": "Bearer"}), at="resource"):
            assert "Bearer" == httpx2.get(api.url).headers["WWW-Authenticate"]
        assert api.url == httpx2.get(api.metadata_url).json()["resource"]

    def test_a_path_starts_with_a_slash(self, server: AuthorizationServer) -> None:
        """Anything else is an error."""
        with pytest.raises(ValueError, match='path must start with "/"'):
            ProtectedResource(server, "mcp")


class TestOtherClients:
    """Clients that this library has no part in get a token from the servers."""

    @pytest.mark.slow
    def test_the_mcp_sdk_gets_a_token_by_secret_and_by_key(
        self, server: AuthorizationServer, api: ProtectedResource
    ) -> None:
        """Its own providers of the client credentials grant need an authorization endpoint in the metadata."""
        # Imported here, because this takes seconds.
        from mcp.client.auth import OAuthClientProvider, TokenStorage
        from mcp.client.auth.extensions import client_credentials as sdk

        class Empty(TokenStorage):
            async def get_tokens(self) -> None:
                return None

            async def set_tokens(self, tokens: object) -> None:
                return None

            async def get_client_info(self) -> None:
                return None

            async def set_client_info(self, client_info: object) -> None:
                return None

        signing = sdk.SignedJWTParameters(
            issuer="signing_id", subject="signing_id", signing_key=KEY.as_pem(private=True).decode()
        )
        providers: list[OAuthClientProvider] = [
            sdk.ClientCredentialsOAuthProvider(api.url, Empty(), "your_id", "s3cret", issuer=server.issuer),
            sdk.PrivateKeyJWTOAuthProvider(
                api.url, Empty(), "signing_id", signing.create_assertion_provider(), issuer=server.issuer
            ),
        ]

        async def main() -> list[int]:
            found = []
            for provider in providers:
                async with httpx2.AsyncClient(auth=provider) as client:
                    found.append((await client.get(api.url)).status_code)
            return found

        assert [200, 200] == anyio.run(main)
        methods = ["client_secret_basic", "private_key_jwt"]
        assert methods == [seen.authentication_method for seen in server.token_requests]

    def test_authlib_reads_the_metadata_and_gets_a_token(
        self, server: AuthorizationServer, api: ProtectedResource
    ) -> None:
        """Its client asks for the resource."""
        document = httpx2.get(server.metadata_url).json()
        metadata = AuthorizationServerMetadata(document)
        for name in ("token_endpoint", "response_types_supported", "grant_types_supported"):
            getattr(metadata, f"validate_{name}")()
        assert f"{server.origin}/authorize" == document["authorization_endpoint"]
        # Its stubs in this repository are for the server.
        client: Any = importlib.import_module("authlib.integrations.requests_client")
        session = client.OAuth2Session("your_id", "s3cret", scope="read")
        session.fetch_token(document["token_endpoint"], grant_type="client_credentials", resource=api.url)
        assert 200 == session.get(api.url).status_code

    def test_the_responses_meet_the_rules_of_oauth4webapi(
        self, server: AuthorizationServer, api: ProtectedResource
    ) -> None:
        """
        Status 200, application/json, the same issuer or resource as text, and the types of a token response.

        ``python -m tests.oauth4webapi`` runs the client itself.
        """
        for url, member, expected in (
            (server.metadata_url, "issuer", server.issuer),
            (api.metadata_url, "resource", api.url),
        ):
            response = httpx2.get(url)
            assert (200, "application/json") == (response.status_code, response.headers["Content-Type"])
            assert expected == response.json()[member]
        response = httpx2.post(server.token_endpoint, data={**SECRET, "resource": api.url})
        token = response.json()
        assert (200, "application/json") == (response.status_code, response.headers["Content-Type"])
        assert [str, str, int, str] == [
            type(token[name]) for name in ("access_token", "token_type", "expires_in", "scope")
        ]

    def test_only_on_request_do_the_metadata_name_an_authorization_endpoint(self) -> None:
        """This grant has none."""
        with AuthorizationServer() as plain:
            assert "authorization_endpoint" not in httpx2.get(plain.metadata_url).json()
