"""
The recipes of PROVIDERS.md, run against servers that are as strict as the providers.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import attrs
import httpx2
import pytest
import trustme
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from oauth_cc import Scope, SigningKey, TokenRequest, errors, unsigned_assertion
from oauth_cc.authentication import Algorithm
from oauth_cc.httpx2 import ClientCredentialsAuth, fetch_token
from oauth_cc.jose import key_from_jwk
from oauth_cc.testing import AssertionIssuer, AuthorizationServer, FederatedIdentity, RegisteredClient
from oauth_cc.testing._clients import JwkSet
from tests.guides import ROOT, functions
from tests.keys import KEYS, jwk, public_jwk
from tests.shells.scripted import Answer, serve

GRAPH = "https://graph.microsoft.com/.default"
API = "https://api.example/"


@attrs.frozen
class Recipes:
    """The functions of the guide, by name."""

    names: dict[str, object]

    def request(self, name: str, *arguments: object) -> TokenRequest:
        """Return the request that the recipe *name* makes of *arguments*."""
        made = self._made(name, *arguments)
        assert isinstance(made, TokenRequest)
        return made

    def auth(self, name: str, *arguments: object) -> ClientCredentialsAuth:
        """Return the auth that the recipe *name* makes of *arguments*."""
        made = self._made(name, *arguments)
        assert isinstance(made, ClientCredentialsAuth)
        return made

    def _made(self, name: str, *arguments: object, **keywords: bool) -> object:
        recipe = self.names[name]
        assert callable(recipe)
        return recipe(*arguments, **keywords)


@pytest.fixture(scope="module")
def recipes() -> Recipes:
    """Return the recipes of the guide."""
    return Recipes(functions(ROOT / "oauth_cc" / "authentication" / "PROVIDERS.md"))


def key(algorithm: Algorithm) -> SigningKey:
    """Return the client's key for *algorithm*."""
    return key_from_jwk(jwk(KEYS[algorithm]), algorithm=algorithm, key_id="2026-11")


def registered(keys: JwkSet, scope: str) -> RegisteredClient:
    """Return a client that signs with one of *keys*."""
    return RegisteredClient("your_id", "", Scope.of(scope), frozenset({"private_key_jwt"}), jwks=keys)


def signing(algorithm: Algorithm, scope: str) -> RegisteredClient:
    """Return a client that signs with *algorithm* and has an older key, too."""
    known, former = public_jwk(KEYS[algorithm], kid="2026-11"), public_jwk(KEYS["ES512"], kid="2025-11")
    return registered({"keys": [{**known, "alg": algorithm}, former]}, scope)


def federated(issuer: AssertionIssuer, subject: str, audience: str, scope: str = "read") -> RegisteredClient:
    """Return a client with assertions issued by *issuer*."""
    identity = FederatedIdentity(issuer.issuer, subject, audience, issuer.jwks)
    return RegisteredClient("your_id", "", Scope.of(scope), frozenset({"federated_jwt"}), federated_identity=identity)


def obtained(server: AuthorizationServer, request: TokenRequest, method: str) -> tuple[str, ...]:
    """Fetch two tokens with *request*, as after a restart, and return the parameter names of the last request."""
    for _ in range(2):
        token = fetch_token(request, server.token_endpoint)
        assert token.scope == request.scope or request.scope == Scope()
    seen = server.token_requests
    assert [(each.status, each.client_id, each.authentication_method) for each in seen] == [
        (200, "your_id", method)
    ] * 2
    return seen[-1].parameters


def header(request: TokenRequest) -> dict[str, object]:
    """Return the header of the assertions of *request*."""
    unsigned = unsigned_assertion(request, now=0.0, unique_id="1")
    members: dict[str, object] = json.loads(urlsafe_b64decode(unsigned.signing_input.partition(b".")[0] + b"=="))
    return members


@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
def test_the_smart_backend_services_recipe_gets_tokens(recipes: Recipes, algorithm: Literal["RS384", "ES384"]) -> None:
    """The audience is the token endpoint, and the server finds the key by its kid."""
    client = signing(algorithm, "system/Observation.rs")
    with AuthorizationServer(clients=[client], assertion_audience="token_endpoint") as server:
        request = recipes.request("smart_backend_services", key(algorithm), API, server.token_endpoint)
        obtained(server, request, "private_key_jwt")
    assert header(request) == {"alg": algorithm, "typ": "JWT", "kid": "2026-11"}


def test_the_okta_recipe_gets_tokens(recipes: Recipes) -> None:
    """The audience is the token endpoint of an issuer with a path."""
    client = signing("RS256", "inventory.read")
    with AuthorizationServer(
        clients=[client], assertion_audience="token_endpoint", issuer_path="/oauth2/default"
    ) as server:
        request = recipes.request("okta", key("RS256"), server.issuer, server.token_endpoint)
        obtained(server, request, "private_key_jwt")
    assert header(request) == {"alg": "RS256", "typ": "JWT", "kid": "2026-11"}


def test_the_entra_certificate_recipe_gets_tokens(recipes: Recipes, tmp_path: Path) -> None:
    """The header names the key by the thumbprint of its certificate, and the client_id is in the body."""
    issued = trustme.CA().issue_cert("client.example", key_type=trustme.KeyType.RSA)
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "client.pem")
    private = load_pem_private_key(issued.private_key_pem.bytes(), None)
    client = registered({"keys": [{**public_jwk(private), "alg": "PS256"}]}, GRAPH)
    with AuthorizationServer(
        clients=[client], assertion_audience="token_endpoint", issuer_path="/tenant/v2.0"
    ) as server:
        file = str(tmp_path / "client.pem")
        request = recipes.request("entra_by_certificate", file, server.issuer, server.token_endpoint)
        assert "client_id" in obtained(server, request, "private_key_jwt")
    certificate = load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
    thumbprint = urlsafe_b64encode(certificate.fingerprint(SHA256())).decode().rstrip("=")
    assert header(request) == {"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint}


def test_the_entra_federation_recipe_gets_tokens(recipes: Recipes, tmp_path: Path) -> None:
    """A file holds the cluster's assertion for the workload, with the audience of this exchange."""
    audience, cluster = "api://AzureADTokenExchange", AssertionIssuer("https://oidc.example/cluster")
    client = federated(cluster, "system:serviceaccount:default:worker", audience, GRAPH)
    file = tmp_path / "azure-identity-token"
    file.write_text(cluster.assertion("system:serviceaccount:default:worker", audience))
    with AuthorizationServer(clients=[client]) as server:
        obtained(server, recipes.request("entra_by_federation", str(file)), "federated_jwt")


def test_the_auth0_recipe_gets_tokens_only_for_the_issuer_with_its_slash(recipes: Recipes) -> None:
    """The assertion's audience is the issuer, and the API is a parameter."""
    with AuthorizationServer(clients=[signing("RS256", "read")], issuer_path="/") as server:
        assert server.issuer.endswith("/")
        assert "audience" in obtained(
            server, recipes.request("auth0", key("RS256"), server.issuer, API), "private_key_jwt"
        )
        without_slash = recipes.request("auth0", key("RS256"), server.issuer.removesuffix("/"), API)
        with pytest.raises(errors.TokenRequestRefused):
            fetch_token(without_slash, server.token_endpoint)


def test_the_keycloak_recipe_gets_tokens_from_the_issuer_alone(recipes: Recipes) -> None:
    """The endpoint comes from the metadata."""
    with AuthorizationServer(clients=[signing("ES256", "read")], issuer_path="/realms/demo") as server:
        with httpx2.Client(auth=recipes.auth("keycloak", key("ES256"), server.issuer)) as api:
            assert 200 == api.get(server.resource_url).status_code
        assert [(200, "private_key_jwt")] == [
            (each.status, each.authentication_method) for each in server.token_requests
        ]


def test_the_kubernetes_recipe_sends_the_rotated_token(recipes: Recipes, tmp_path: Path) -> None:
    """The kubelet replaces the file before the token in it expires."""
    cluster, worker = AssertionIssuer("https://kubernetes.default.svc"), "system:serviceaccount:default:worker"
    file = tmp_path / "oauth"
    request = recipes.request("kubernetes", str(file))
    with AuthorizationServer(clients=[federated(cluster, worker, "https://as.example")]) as server:
        file.write_text(cluster.assertion(worker, "https://as.example", lifetime=-1))
        with pytest.raises(errors.TokenRequestRefused):
            fetch_token(request, server.token_endpoint)
        file.write_text(cluster.assertion(worker, "https://as.example"))
        fetch_token(request, server.token_endpoint)


def test_the_github_actions_recipe_requests_an_assertion_for_each_token(
    recipes: Recipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The URL and the bearer token come from the job's environment."""
    github, job = (
        AssertionIssuer("https://token.actions.githubusercontent.com"),
        "repo:octo-org/octo-repo:ref:refs/heads/main",
    )
    audience = "https://as.example/?a=1&b=2"
    answers = [Answer(chunks=(json.dumps({"value": github.assertion(job, audience)}).encode(),)) for _ in range(2)]
    with serve(*answers) as runner, AuthorizationServer(clients=[federated(github, job, audience)]) as server:
        monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{runner.url}/idtoken?api-version=2.0")
        monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "j0b-t0ken")
        obtained(server, recipes.request("github_actions", audience), "federated_jwt")
    assert [asked.headers["Authorization"] for asked in runner.asked] == ["Bearer j0b-t0ken"] * 2
    queries = [parse_qs(urlsplit(asked.path).query) for asked in runner.asked]
    assert queries == [{"api-version": ["2.0"], "audience": [audience]}] * 2
