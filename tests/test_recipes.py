"""
The recipes of PROVIDERS.md, run against servers that are as strict as the providers.
"""

import contextlib
import json
import re
import ssl
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from types import FunctionType
from typing import Literal, TypeAlias
from urllib.parse import parse_qs, parse_qsl, urlsplit

import attrs
import httpx2
import pytest
import trustme
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from joserfc import jwt
from joserfc.jwk import RSAKey

from oauth_cc import (
    ClientAssertion,
    ClientCredentials,
    Scope,
    SigningKey,
    Token,
    TokenRequest,
    dialects,
    errors,
    token_request,
    unsigned_assertion,
)
from oauth_cc.authentication import Algorithm
from oauth_cc.authentication.jwt import JWT_BEARER
from oauth_cc.httpx2 import ClientCredentialsAuth, fetch_token
from oauth_cc.jose import key_from_jwk, new_key
from oauth_cc.testing import AssertionIssuer, AuthorizationServer, FederatedIdentity, RegisteredClient
from oauth_cc.testing._clients import JwkSet
from tests.guides import HEADING, ROOT, functions, prose
from tests.keys import KEYS, jwk, pem, public_jwk
from tests.leaks import shown_by
from tests.shells.scripted import Answer, ScriptedServer, Silence, Step, serve

GUIDE = ROOT / "oauth_cc" / "authentication" / "PROVIDERS.md"
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

    def client(self, name: str, token_url: str, *arguments: object) -> httpx2.Client:
        """
        Return an HTTP client with the auth of the recipe *name*.

        Args:
            name: The name of the recipe.
            token_url: The token endpoint, for a recipe that returns a request.
            arguments: The arguments of the recipe.
        """
        made = self._made(name, *arguments)
        if isinstance(made, httpx2.Client):
            return made
        if isinstance(made, TokenRequest):
            made = ClientCredentialsAuth(made, token_url)
        assert isinstance(made, ClientCredentialsAuth)
        return httpx2.Client(auth=made)

    def text(self, name: str, *arguments: object) -> str:
        """Return the text that the recipe *name* makes of *arguments*."""
        made = self._made(name, *arguments)
        assert isinstance(made, str)
        return made

    def _made(self, name: str, *arguments: object) -> object:
        recipe = self.names[name]
        assert callable(recipe)
        return recipe(*arguments)


@pytest.fixture(scope="module")
def recipes() -> Recipes:
    """Return the recipes of the guide."""
    return Recipes(functions(GUIDE))


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


@pytest.mark.parametrize("name", ["mastercard", "okta", "auth0"])
def test_a_recipe_gets_tokens_that_are_bound_to_a_key(recipes: Recipes, name: str) -> None:
    """The client must send proofs, and the server requires a nonce, as Okta does."""
    audience: Literal["token_endpoint", "issuer"] = "token_endpoint" if name == "okta" else "issuer"
    client = attrs.evolve(signing("RS256", "inventory.read"), dpop_bound=True)
    with AuthorizationServer(clients=[client], assertion_audience=audience, dpop_nonces=True) as server:
        bound = new_key()
        arguments: dict[str, tuple[object, ...]] = {
            "mastercard": (bound, server.issuer, Scope.of("inventory.read")),
            "okta": (server.issuer, server.token_endpoint),
            "auth0": (server.issuer, API),
        }
        request = recipes.request(name, key("RS256"), *arguments[name]).with_dpop(bound)
        assert name != "mastercard" or request == recipes.request(name, key("RS256"), *arguments[name])
        with httpx2.Client(auth=ClientCredentialsAuth(request, server.token_endpoint)) as api:
            assert [api.get(server.resource_url).status_code for _ in range(2)] == [200, 200]
        assert [(seen.status, seen.dpop_jkt) for seen in server.token_requests] == [(400, None), (200, bound.jkt)]


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


def test_the_google_recipe_asks_the_metadata_server_for_each_token(recipes: Recipes) -> None:
    """Its answer is the assertion itself."""
    google, machine, audience = AssertionIssuer("https://accounts.google.com"), "1234567890", "https://as.example"
    answer = Answer(chunks=(google.assertion(machine, audience).encode(),))
    with serve(answer) as metadata, AuthorizationServer(clients=[federated(google, machine, audience)]) as server:
        host = metadata.url.removeprefix("http://")
        obtained(server, recipes.request("google_workload", audience, host), "federated_jwt")
    assert [asked.headers["Metadata-Flavor"] for asked in metadata.asked] == ["Google"] * 2


AWS = AssertionIssuer("https://sts.example")
ROLE = "arn:aws:iam::1:role/worker"
AUDIENCE = "https://as.example"


def issued_by_sts(assertion: str) -> Answer:
    """Return the answer of STS with *assertion*."""
    found = f"<WebIdentityToken>{assertion}</WebIdentityToken>"
    body = f"<GetWebIdentityTokenResponse><GetWebIdentityTokenResult>{found}</GetWebIdentityTokenResult>"
    return Answer(chunks=(f"{body}</GetWebIdentityTokenResponse>".encode(),))


@contextlib.contextmanager
def sts_with(monkeypatch: pytest.MonkeyPatch, step: Step) -> Iterator[tuple[ScriptedServer, AuthorizationServer]]:
    """Run a stand-in for STS that performs *step*, and a server that trusts STS about one role, for one audience."""
    with serve(step) as sts, AuthorizationServer(clients=[federated(AWS, ROLE, AUDIENCE)]) as server:
        for name, value in {
            "ACCESS_KEY_ID": "id",
            "SECRET_ACCESS_KEY": "s3cret",
            "DEFAULT_REGION": "eu-west-1",
            "ENDPOINT_URL_STS": sts.url,
        }.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        yield sts, server


def test_the_aws_recipe_asks_sts_for_each_token(recipes: Recipes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request is signed by the role."""
    with sts_with(monkeypatch, issued_by_sts(AWS.assertion(ROLE, AUDIENCE))) as (sts, server):
        obtained(server, recipes.request("aws_workload", AUDIENCE), "federated_jwt")
    assert len(sts.asked) == 2
    asked = parse_qs(sts.asked[0].body.decode())
    assert (asked["Action"], asked["Audience.member.1"]) == (["GetWebIdentityToken"], [AUDIENCE])
    assert sts.asked[0].headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=id/")


DISABLED = "<ErrorResponse><Error><Code>OutboundWebIdentityFederationDisabled</Code></Error></ErrorResponse>"
CHECK_ROLE = "check that the account has enabled it, and that the role has sts:GetWebIdentityToken"


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (Silence, CHECK_ROLE),
        (Answer(400, chunks=(DISABLED.encode(),)), CHECK_ROLE),
        (Answer(403), CHECK_ROLE),
        (Answer(404), CHECK_ROLE),
        (Answer(500), CHECK_ROLE),
        (Answer(), CHECK_ROLE),
        (issued_by_sts(""), "must not be empty; check the program that writes it"),
        (
            issued_by_sts(AWS.assertion(ROLE, AUDIENCE, lifetime=-60)),
            "the assertion expired [0-9]+ seconds ago; check that its issuer",
        ),
        (
            # It is made when the tests are collected.
            issued_by_sts(AWS.assertion(ROLE, "https://other.example", lifetime=86400)),
            "and aud https://other.example; check that the server trusts these values",
        ),
    ],
    ids=["slow", "disabled", "403", "404", "500", "no XML", "empty", "expired", "audience"],
)
def test_the_error_of_the_aws_recipe_says_what_to_check(
    recipes: Recipes, monkeypatch: pytest.MonkeyPatch, step: Step, reason: str
) -> None:
    """It is boto3's own where STS fails, and nothing is sent then."""
    ask = recipes.names["aws_assertion"]
    assert callable(ask)
    with sts_with(monkeypatch, step) as (_, server):
        source = ClientAssertion(lambda audience: ask(audience, 0.2), audience=AUDIENCE)
        with pytest.raises(Exception, match=r".") as caught:
            fetch_token(token_request(ClientCredentials("your_id", source)), server.token_endpoint)
        assert re.search(reason, shown_by(caught.value))
        assert len(server.token_requests) == isinstance(caught.value, errors.TokenRequestRefused)


@pytest.mark.parametrize("name", ["gitlab", "spiffe"])
def test_the_recipe_of_a_file_or_a_variable_sends_its_content(
    recipes: Recipes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """The platform replaces the content meanwhile."""
    platform, job = AssertionIssuer("https://gitlab.example"), "spiffe://example.org/worker"
    with AuthorizationServer(clients=[federated(platform, job, "https://as.example")]) as server:
        content = platform.assertion(job, "https://as.example")
        if name == "gitlab":
            monkeypatch.setenv("OIDC_TOKEN", content)
            obtained(server, recipes.request("gitlab"), "federated_jwt")
        else:
            (tmp_path / "svid").write_text(content)
            obtained(server, recipes.request("spiffe", str(tmp_path / "svid"), JWT_BEARER), "federated_jwt")
            assert "jwt-spiffe" in repr(recipes.request("spiffe", str(tmp_path / "svid")))


Fields: TypeAlias = dict[str, str]

SECRET = "s3cret"
BASIC = f"Basic {b64encode(b'your_id:s3cret').decode()}"
POST = {"client_id": "your_id", "client_secret": SECRET}
TOKEN_URL = "https://as.example/token"
"""Stands for the token endpoint of the server on this machine in the arguments of a recipe."""

GRANT = {"grant_type": "client_credentials"}
BEARER = {"authorization": "Bearer tok-1"}


@attrs.frozen
class Wire:
    """What a server of a provider expects, and what it returns."""

    answer: dict[str, object]
    fields: Fields
    arguments: tuple[object, ...] = (SECRET,)
    headers: Fields = attrs.field(factory=dict)
    call: Fields = attrs.field(factory=lambda: dict(BEARER))
    media_type: str = "application/x-www-form-urlencoded"
    lifetime: float = 3600.0
    scope: Scope = attrs.field(factory=Scope)
    status: int = 200
    query: str = ""


def answer(**members: object) -> dict[str, object]:
    """Return a token response as the RFC has it, with *members*; None removes one."""
    rfc = {"access_token": "tok-1", "token_type": "Bearer", "expires_in": 3600, **members}
    return {name: value for name, value in rfc.items() if value is not None}


WIRES: Mapping[str, Wire] = {
    "with_basic": Wire(answer(), {**GRANT, "scope": "read"}, (SECRET, Scope.of("read")), {"authorization": BASIC}),
    "with_post": Wire(answer(), {**GRANT, **POST}, (SECRET, Scope())),
    "with_json": Wire(
        answer(), {**GRANT, **POST, "scope": "a b"}, (SECRET, Scope.of("a", "b")), media_type="application/json"
    ),
    "adobe": Wire(
        answer(token_type="bearer", expires_in=86399),
        {**GRANT, **POST, "scope": "openid,AdobeID,user_management_sdk"},
        (SECRET, TOKEN_URL),
        call={**BEARER, "x-api-key": "your_id"},
        lifetime=86399,
    ),
    "amazon_selling_partner": Wire(
        answer(token_type="bearer"),
        {**GRANT, **POST, "scope": "sellingpartnerapi::notifications"},
        call={"x-amz-access-token": "tok-1"},
    ),
    "apigee": Wire(
        answer(
            token_type="BearerToken",
            expires_in="3599",
            issued_at="1700000000000",
            scope="",
            refresh_token_expires_in="0",
            status="approved",
            **{"developer.email": "a@b.example"},
        ),
        GRANT,
        headers={"authorization": BASIC},
        lifetime=3599,
    ),
    "box": Wire(
        answer(restricted_to=[], token_type="bearer"),
        {**GRANT, **POST, "box_subject_type": "enterprise", "box_subject_id": "your_enterprise"},
    ),
    "cognito": Wire(
        answer(), {**GRANT, "scope": "inventory/read"}, (SECRET, TOKEN_URL), headers={"authorization": BASIC}
    ),
    "ebay": Wire(
        answer(token_type="Application Access Token", expires_in=7200),
        {**GRANT, "scope": "https://api.ebay.com/oauth/api_scope"},
        headers={"authorization": BASIC},
        lifetime=7200,
    ),
    "entra_v1": Wire(
        answer(
            expires_in="3599", ext_expires_in="3599", expires_on="1700003599", not_before="1700000000", resource="x"
        ),
        {**GRANT, **POST, "resource": "00000003-0000-0000-c000-000000000000"},
        (SECRET, "00000003-0000-0000-c000-000000000000"),
        lifetime=3599,
    ),
    "fiserv": Wire(
        answer(token_type="BearerToken", expires_in="899999"), GRANT, headers={"authorization": BASIC}, lifetime=899
    ),
    "greenhouse": Wire(
        answer(),
        {**GRANT, "sub": "4212952002"},
        (SECRET, "4212952002"),
        {"authorization": BASIC},
        media_type="application/json",
        query="?grant_type=client_credentials",
    ),
    "ibm_cloud": Wire(
        answer(refresh_token="not_supported", expiration=1700003600, scope="ibm openid"),
        {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": "k3y"},
        ("k3y",),
        scope=Scope.of("ibm", "openid"),
    ),
    "odoo": Wire(answer(expires_in=None, access_token_validity=7200), {**GRANT, **POST}, lifetime=7200),
    "personio_v1": Wire(
        {"success": True, "data": {"token": "tok-1", "expires_in": 86400, "scope": "employees:read absences:read"}},
        {**GRANT, **POST},
        lifetime=86400,
        scope=Scope.of("employees:read", "absences:read"),
    ),
    "pverify": Wire(
        answer(),
        {**GRANT, "Client_Id": "your_id", "Client_Secret": SECRET},
        (SECRET, TOKEN_URL),
        {"client-api-id": "your_id"},
        {**BEARER, "client-api-id": "your_id"},
    ),
    "reddit": Wire(
        answer(token_type="bearer", expires_in=86400, scope="*", device_id="None"),
        GRANT,
        (SECRET, TOKEN_URL),
        {"authorization": BASIC, "user-agent": "linux:com.example.reports:v1.0 (by /u/your_name)"},
        {**BEARER, "user-agent": "linux:com.example.reports:v1.0 (by /u/your_name)"},
        lifetime=86400,
        scope=Scope.of("*"),
    ),
    "marketing_cloud": Wire(
        answer(expires_in=1079, scope="email_read offline", rest_instance_url="https://x.example/"),
        {**GRANT, **POST, "scope": "email_read", "account_id": "your_mid"},
        media_type="application/json",
        lifetime=1079,
        scope=Scope.of("email_read", "offline"),
    ),
    "sap_ariba": Wire(
        answer(token_type="bearer", expires_in=1440, refresh_token="r", timeUpdated=1700000000000),
        GRANT,
        (SECRET, "k3y", TOKEN_URL),
        {"authorization": BASIC},
        {**BEARER, "apikey": "k3y"},
        lifetime=1440,
    ),
    "shopify": Wire(
        answer(token_type=None, expires_in=86399, scope="read_orders,write_orders"),
        {**GRANT, **POST},
        call={"x-shopify-access-token": "tok-1"},
        lifetime=86399,
        scope=Scope.of("read_orders", "write_orders"),
    ),
    "soundcloud": Wire(
        answer(scope="", refresh_token="r"),
        GRANT,
        headers={"authorization": BASIC},
        call={"authorization": "OAuth tok-1"},
    ),
    "twitch": Wire(
        answer(token_type="bearer", expires_in=5011271),
        {**GRANT, **POST},
        (SECRET, TOKEN_URL),
        call={**BEARER, "client-id": "your_id"},
        lifetime=5011271,
    ),
    "ups": Wire(
        answer(expires_in="14399", issued_at="1700000000000", status="approved", client_id="your_id"),
        GRANT,
        headers={"authorization": BASIC, "x-merchant-id": "your_account"},
        lifetime=14399,
    ),
    "walmart": Wire(
        answer(expires_in=900),
        GRANT,
        (SECRET, TOKEN_URL),
        {
            "authorization": BASIC,
            "accept": "application/json",
            "wm_svc.name": "Walmart Marketplace",
            "wm_qos.correlation_id": "your_program",
        },
        {
            "wm_sec.access_token": "tok-1",
            "wm_svc.name": "Walmart Marketplace",
            "wm_qos.correlation_id": "your_program",
        },
        lifetime=900,
    ),
    "workday": Wire(
        answer(),
        {**GRANT, "tenant_alias": "your_tenant"},
        headers={"authorization": BASIC.replace("Basic", "ID")},
    ),
    "zoom": Wire(
        answer(token_type="bearer", scope="meeting:read user:read"),
        {"grant_type": "account_credentials", "account_id": "your_account"},
        headers={"authorization": BASIC},
        scope=Scope.of("meeting:read", "user:read"),
    ),
}
"""What goes over the wire, by recipe."""

ORDINARY: Mapping[str, tuple[int, dict[str, object]]] = {
    "CrowdStrike": (201, answer(token_type="bearer")),
    "Dynamics 365": (200, answer(expires_in=3599, ext_expires_in=3599)),
    "FedEx": (200, answer(token_type="bearer", scope="CXS-TP")),
    "LinkedIn": (200, answer(token_type=None, expires_in="1800")),
    "Marketo": (200, answer(token_type="bearer", scope="service@marketo.example")),
    "SAP Concur": (200, answer(scope="user.read", geolocation="https://us.example")),
    "SAP XSUAA": (200, answer(token_type="bearer", scope="uaa.resource", jti="0")),
    "ServiceNow": (200, answer(scope="useraccount", expires_in=1799)),
    "Sophos Central": (200, answer(token_type="bearer", errorCode="success", message="OK", refresh_token="r")),
    "WSO2": (200, answer(scope="default", expires_in=9223372036854775807)),
}
"""Status and token response of providers that need nothing special."""


def served(answer: Mapping[str, object], status: int = 200) -> Answer:
    """Return *answer* as a response of the scripted server."""
    return Answer(status, (("Content-Type", "application/json"),), (json.dumps(answer).encode(),))


def lowered(headers: Mapping[str, str]) -> Fields:
    """Return *headers* with their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}


def table_rows() -> list[list[str]]:
    """Return the cells of each row of the guide's tables."""
    rows = re.findall(r"^\| (?!provider |---)(.+) \|$", GUIDE.read_text("utf-8"), re.MULTILINE)
    return [row.split(" | ") for row in rows]


def token_of(client: httpx2.Client) -> Token:
    """Return the cached token of the auth of *client*."""
    assert isinstance(client.auth, ClientCredentialsAuth)
    return client.auth.source.token()


@pytest.mark.parametrize("name", WIRES)
def test_a_recipe_sends_what_the_provider_expects(recipes: Recipes, name: str) -> None:
    """The token request has its body, format and headers; the API call has the token where the API expects it."""
    wire = WIRES[name]
    with serve(served(wire.answer, wire.status), Answer()) as server:
        token_url = f"{server.url}/token{wire.query}"
        arguments = [token_url if argument == TOKEN_URL else argument for argument in wire.arguments]
        with recipes.client(name, token_url, *arguments) as client:
            client.get(f"{server.url}/things").raise_for_status()
            token = token_of(client)
        token_request, call = server.asked
    sent, called = lowered(token_request.headers), lowered(call.headers)
    body = token_request.body.decode("ascii")
    pairs = json.loads(body).items() if wire.media_type == "application/json" else parse_qsl(body, strict_parsing=True)
    assert ("POST", f"/token{wire.query}") == (token_request.method, token_request.path)
    assert sorted(wire.fields.items()) == sorted(pairs)
    assert {"content-type": wire.media_type, **wire.headers}.items() <= sent.items()
    assert sent.get("authorization") == wire.headers.get("authorization")
    assert wire.call.items() <= called.items()
    assert called.get("authorization") == wire.call.get("authorization")
    assert "tok-1" not in str({key: value for key, value in called.items() if key not in wire.call})
    assert (wire.lifetime, False) == (token.expires_at - token.received_at, token.lifetime_assumed)
    assert wire.scope in (token.scope, Scope())


@pytest.mark.parametrize("provider", ORDINARY)
def test_an_odd_response_of_a_provider_in_the_table_needs_no_setting(recipes: Recipes, provider: str) -> None:
    """The table names the function, and the token is used for a call."""
    functions = next(row[2] for row in table_rows() if row[0].startswith(provider))
    assert "`with_post`" in functions or functions == "any"
    status, members = ORDINARY[provider]
    with serve(served(members, status), Answer()) as server:
        with recipes.client("with_post", f"{server.url}/token", SECRET, Scope()) as client:
            client.get(f"{server.url}/things").raise_for_status()
            assert not token_of(client).lifetime_assumed
        assert lowered(server.asked[1].headers)["authorization"] == "Bearer tok-1"


def test_an_expired_token_of_amazon_is_renewed_although_the_api_returns_403(recipes: Recipes) -> None:
    """The API does not return 401."""
    first, second = (served(answer(access_token=text)) for text in ("tok-1", "tok-2"))
    with serve(first, Answer(403), second, Answer()) as server:
        with recipes.client("amazon_selling_partner", f"{server.url}/token", SECRET) as client:
            client.get(f"{server.url}/things").raise_for_status()
        assert [lowered(each.headers).get("x-amz-access-token") for each in server.asked] == [
            None,
            "tok-1",
            None,
            "tok-2",
        ]


def test_the_cognito_recipe_renews_late(recipes: Recipes) -> None:
    """Each token request costs money."""
    terms = recipes.auth("cognito", SECRET, "https://as.example/token").source.context.terms
    assert (0.75, 0.9) == (terms.renewal_window.opens, terms.renewal_window.closes)


def test_the_salesforce_recipe_calls_the_instance_and_assumes_two_hours(recipes: Recipes) -> None:
    """The response has the URL of the API, and no lifetime."""
    with serve(Answer()) as server:
        members = answer(expires_in=None, instance_url=server.url, signature="x", issued_at="1700000000000", id="y")
        server.steps[:] = [served(members), Answer()]
        with recipes.client("salesforce", "", SECRET, f"{server.url}/token") as client:
            client.get("/services/data/").raise_for_status()
            token = token_of(client)
        token_request, call = server.asked
    assert dict(parse_qsl(token_request.body.decode("ascii"))) == {**GRANT, **POST}
    assert ("/services/data/", "Bearer tok-1") == (call.path, lowered(call.headers)["authorization"])
    assert (7200.0, False) == (token.expires_at - token.received_at, token.lifetime_assumed)


def test_the_older_word_of_ariba_is_sent_by_its_dialect(recipes: Recipes) -> None:
    """The guide names the dialect for a server that rejects ``client_credentials``."""
    request = recipes.request("with_basic", SECRET, Scope()).with_dialect(dialects.SAP_ARIBA)
    with serve(served(answer(expires_in=1440))) as server:
        assert fetch_token(request, f"{server.url}/token").token_type == "Bearer"
        assert server.asked[0].body == b"grant_type=openapi_2lo"


def test_the_veeva_recipe_exchanges_the_token_for_a_session(recipes: Recipes) -> None:
    """The token is that of the identity provider, and goes to the login of Vault."""
    session = {"responseStatus": "SUCCESS", "sessionId": "s3ssion"}
    with serve(served(answer()), served(session)) as server:
        assert "s3ssion" == recipes.text("veeva_session", SECRET, f"{server.url}/token", f"{server.url}/session/p")
        token_request, exchange = server.asked
    assert (b"grant_type=client_credentials", BASIC) == (
        token_request.body,
        lowered(token_request.headers)["authorization"],
    )
    assert ("/session/p", "Bearer tok-1") == (exchange.path, lowered(exchange.headers)["authorization"])
    form = {"vaultDNS": "your_vault.veevavault.com", "client_id": "your_id"}
    assert form == dict(parse_qsl(exchange.body.decode("ascii")))


def test_the_netsuite_recipe_puts_the_scope_into_the_assertion(recipes: Recipes) -> None:
    """The assertion has exactly the claims of NetSuite, and is valid for less than an hour."""
    made = RSAKey.generate_key(2048)
    with serve(served(answer(expires_in="3600"))) as server:
        token_url = f"{server.url}/token"
        fetch_token(
            recipes.request("netsuite", made.as_pem(private=True).decode("ascii"), "c3rt", token_url), token_url
        )
        form = dict(parse_qsl(server.asked[0].body.decode("ascii")))
    read = jwt.decode(form.pop("client_assertion"), made, algorithms=["PS256"])
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert form == {**GRANT, "client_id": "your_id", "client_assertion_type": kind}
    assert read.header == {"alg": "PS256", "typ": "JWT", "kid": "c3rt"}
    issued, expires = read.claims.pop("iat"), read.claims.pop("exp")
    assert 0 < expires - issued < 3600
    assert read.claims == {"iss": "your_id", "scope": "restlets,rest_webservices", "aud": token_url}


def test_the_adp_recipe_gets_tokens_by_secret_over_mutual_tls(recipes: Recipes, tmp_path: Path) -> None:
    """The tokens are bound to the certificate, which the API call shows too."""
    authority, file = trustme.CA(), str(tmp_path / "client.pem")
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    authority.issue_cert("client.example").private_key_and_cert_chain_pem.write_to_path(file)
    side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(side)
    authority.configure_trust(side)
    side.verify_mode = ssl.CERT_OPTIONAL
    context = ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))
    context.load_cert_chain(file)
    request = recipes.request("adp", SECRET, file)
    client = RegisteredClient("your_id", SECRET, certificate_bound=True)
    with AuthorizationServer(clients=[client], tls=side) as server, httpx2.Client(verify=context) as api:
        api.auth = ClientCredentialsAuth(request, server.token_endpoint, client=api)
        api.get(server.resource_url).raise_for_status()
        assert ["client_secret_basic"] == [each.authentication_method for each in server.token_requests]


@pytest.mark.parametrize(("name", "scope"), [("apple_business", "business.api"), ("here", "")])
def test_a_recipe_with_a_key_for_the_token_endpoint_gets_tokens(recipes: Recipes, name: str, scope: str) -> None:
    """The audience of the assertion is a token endpoint, and its type is JWT."""
    with AuthorizationServer(
        clients=[signing("ES256", scope or "read")], assertion_audience="token_endpoint"
    ) as server:
        request = recipes.request(name, key("ES256"), server.token_endpoint)
        assert (name == "apple_business") is ("client_id" in obtained(server, request, "private_key_jwt"))
    assert header(request) == {"alg": "ES256", "typ": "JWT", "kid": "2026-11"}


def test_the_recipe_with_a_key_gets_tokens(recipes: Recipes) -> None:
    """The audience of the assertion is the issuer."""
    with AuthorizationServer(clients=[signing("ES256", "read")]) as server:
        request = recipes.request("with_key", key("ES256"), server.issuer, Scope.of("read"))
        obtained(server, request, "private_key_jwt")


def test_every_function_of_the_guide_is_run(recipes: Recipes) -> None:
    """The functions that other functions call have a name that ends with ``_assertion``."""
    own = [
        name for name, item in recipes.names.items() if isinstance(item, FunctionType) and item.__module__ == "guide"
    ]
    source = Path(__file__).read_text("utf-8")
    assert [name for name in own if not name.endswith("_assertion") and f'"{name}"' not in source] == []
    assert len(own) > 40


def test_every_dialect_is_in_the_guide() -> None:
    """A dialect without a recipe would not be found."""
    text = GUIDE.read_text("utf-8")
    assert [name for name in dialects.__all__ if f"dialects.{name}" not in text] == []


def test_the_contents_of_the_guide_name_its_sections_in_alphabetical_order() -> None:
    """The tables come first, and the providers with another grant last."""
    sections = HEADING.findall(prose(GUIDE))[1:]
    *tables, another = sections[:3] + sections[-1:]
    named = ["Nothing special", "JSON in the body", "A signed assertion as the grant"]
    assert (named, "Another grant") == (tables, another)
    own = sections[3:-1]
    assert own == sorted(own, key=str.lower)
    contents = GUIDE.read_text("utf-8").partition("- It has a section: ")[2].partition(".\n- It ")[0]
    assert own == re.findall(r"\[([^\]]+)\]", contents)


def test_the_guide_counts_its_entries() -> None:
    """A section is one, and so is each name in a table."""
    text = GUIDE.read_text("utf-8")
    # The sections that are tables do not count.
    entries = {"above": -3, "below": -1}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        rows = re.findall(r"^\| ([^|]+?) \|", section, flags=re.MULTILINE)
        # A provider's variants follow its name.
        names = [name for row in rows for name in re.split(r", (?!by |version |bearer |for )", row)]
        where = "below" if section.startswith("Another grant") else "above"
        entries[where] += 1 + len([name for name in names if name not in ("provider", "---")])
    assert f"All {entries['above']} entries above get" in text
    assert f"These {entries['below']} do not" in text


def test_the_tables_of_the_guide_are_in_alphabetical_order() -> None:
    """Each row has a URL without its scheme, or names where the URL is found."""
    rows = table_rows()
    names = [row[0].lower() for row in rows]
    starts = [index for index, (before, after) in enumerate(pairwise(names), 1) if after < before]
    assert len(starts) == 3
    for row in rows[: starts[2]]:
        assert re.fullmatch(r"`[\w.-]+\.[\w/.-]+`|`HOST/[\w/.-]+`|see its .+", row[1]), row


def test_the_google_recipe_gets_a_token_for_a_service_account(recipes: Recipes, tmp_path: Path) -> None:
    """The scope is in the assertion alone, and the file is as Google issues it."""
    email, keys = "robot@project.iam.example", {"keys": [public_jwk(KEYS["RS256"], kid="k1")]}
    with AuthorizationServer(clients=[]) as server:
        file = tmp_path / "account.json"
        account = {"client_email": email, "private_key_id": "k1", "token_uri": server.token_endpoint}
        file.write_text(json.dumps({**account, "private_key": pem(KEYS["RS256"]).decode("ascii")}))
        for subject in (None, "user@example.com"):
            identity = FederatedIdentity(email, subject or "", server.token_endpoint, keys)
            server.register(RegisteredClient("robot", authentication_methods=frozenset(), grant_identity=identity))
            request = recipes.request("google_service_account", file, Scope.of("read"), subject)
            assert fetch_token(request, server.token_endpoint).scope == Scope.of("read")
        assert {seen.parameters for seen in server.token_requests} == {("grant_type", "assertion")}


def test_the_salesforce_recipe_gets_a_token_by_key(recipes: Recipes) -> None:
    """The subject is a user that the app was approved for. Salesforce names no lifetime."""
    keys = {"keys": [public_jwk(KEYS["RS256"], kid="2026-11")]}
    identity = FederatedIdentity("c0nsumer", "user@example.com", "https://login.salesforce.com", keys)
    client = RegisteredClient("app", authentication_methods=frozenset(), grant_identity=identity)
    with AuthorizationServer(clients=[client], lifetime=None) as server:
        request = recipes.request("salesforce_jwt", key("RS256"), "c0nsumer", "user@example.com")
        token = fetch_token(request, server.token_endpoint)
        assert token.expires_at - token.received_at == dialects.SALESFORCE.default_lifetime
        assert server.token_requests[0].parameters == ("grant_type", "assertion")


@pytest.mark.parametrize("scope_claim", [True, False])
def test_the_recipe_for_a_grant_gets_a_token(recipes: Recipes, scope_claim: bool) -> None:
    """With the scope in the assertion or in the body."""
    identity = FederatedIdentity(
        "your_id", "user", "https://as.example", {"keys": [public_jwk(KEYS["RS256"], kid="2026-11")]}
    )
    client = RegisteredClient("app", authentication_methods=frozenset(), grant_identity=identity)
    with AuthorizationServer(clients=[client]) as server:
        arguments = (key("RS256"), "your_id", "https://as.example", Scope.of("read"), "user", scope_claim)
        assert fetch_token(recipes.request("with_grant", *arguments), server.token_endpoint).scope == Scope.of("read")
