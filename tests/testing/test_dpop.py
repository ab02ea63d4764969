"""
DPoP at the test server: every check of RFC 9449 section 4.3, made by joserfc alone.
"""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from oauth_cc.testing import AuthorizationServer, RegisteredClient
from oauth_cc.testing._assertions import registry

KEY, OTHER = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
FORM = {"grant_type": "client_credentials"}
ALGORITHMS = ["ES256", "HS256"]


@pytest.fixture(scope="module")
def server() -> Iterator[AuthorizationServer]:
    """Yield a server with a client that must send proofs."""
    clients = [RegisteredClient("your_id", "s3cret", dpop_bound=True), RegisteredClient("plain", "s3cret")]
    with AuthorizationServer(clients=clients) as running:
        yield running


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    """Yield an HTTP client."""
    with httpx2.Client() as made:
        yield made


def proof(
    url: str,
    method: str = "POST",
    *,
    token: str | None = None,
    header: dict[str, Any] | None = None,
    claims: dict[str, Any] | None = None,
    key: Any = KEY,
) -> str:
    """Return a proof, in which None removes a member."""
    whole = {"typ": "dpop+jwt", "alg": "ES256", "jwk": KEY.as_dict(private=False), **(header or {})}
    named: dict[str, Any] = {
        "jti": base64.b16encode(time.time_ns().to_bytes(16)).decode(),
        "htm": method,
        "htu": url,
        "iat": int(time.time()),
    }
    if token is not None:
        named["ath"] = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
    named |= claims or {}
    payload = json.dumps({name: value for name, value in named.items() if value is not None})
    members = {name: value for name, value in whole.items() if value is not None}
    if members.get("alg") in ALGORITHMS:
        checks = registry(ALGORITHMS)
        checks.strict_check_header = False
        return jws.serialize_compact(members, payload, key, registry=checks)
    encoded = [base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in (json.dumps(members), payload)]
    return f"{encoded[0]}.{encoded[1]}.AAAA"


def ask(
    client: httpx2.Client, server: AuthorizationServer, *proofs: str, client_id: str = "your_id"
) -> httpx2.Response:
    """Send a token request with *proofs*."""
    headers = [("DPoP", each) for each in proofs]
    return client.post(server.token_endpoint, data=FORM, auth=(client_id, "s3cret"), headers=headers)


def bound_token(client: httpx2.Client, server: AuthorizationServer) -> str:
    """Return a token that is bound to the key."""
    answer = ask(client, server, proof(server.token_endpoint)).json()
    assert answer["token_type"] == "DPoP"
    return str(answer["access_token"])


def call(
    client: httpx2.Client, server: AuthorizationServer, token: str, *proofs: str, scheme: str = "DPoP"
) -> httpx2.Response:
    """Call the resource with *token* and *proofs*."""
    headers = [("Authorization", f"{scheme} {token}"), *[("DPoP", each) for each in proofs]]
    return client.get(server.resource_url, headers=headers)


def challenge(response: httpx2.Response) -> str:
    """Return the status of *response*, and its challenge."""
    return f"{response.status_code} {response.headers.get('WWW-Authenticate', '')}"


def test_a_token_is_bound_to_the_key_of_the_proof(client: httpx2.Client, server: AuthorizationServer) -> None:
    """The resource, introspection and the list of token requests say so."""
    token = bound_token(client, server)
    accepted = call(client, server, token, proof(server.resource_url, "GET", token=token))
    assert accepted.status_code == 200
    assert server.token_requests[-1].dpop_jkt == KEY.thumbprint()
    described = client.post(server.introspection_endpoint, data={"token": token}, auth=("your_id", "s3cret")).json()
    assert (described["token_type"], described["cnf"]) == ("DPoP", {"jkt": KEY.thumbprint()})


def test_a_client_that_must_send_a_proof_gets_no_token_without_one(
    client: httpx2.Client, server: AuthorizationServer
) -> None:
    """Any other client gets a bearer token."""
    refused = ask(client, server)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_dpop_proof")
    assert ask(client, server, client_id="plain").json()["token_type"] == "Bearer"
    assert ask(client, server, proof(server.token_endpoint), client_id="plain").json()["token_type"] == "DPoP"


BROKEN: dict[str, dict[str, Any]] = {
    "4 typ": {"header": {"typ": "JWT"}},
    "4 no typ": {"header": {"typ": None}},
    "5 alg none": {"header": {"alg": "none"}},
    "5 alg of a MAC": {"header": {"alg": "HS256"}, "key": OctKey.import_key("s3cret" * 8)},
    "5 no alg": {"header": {"alg": None}},
    "6 signed by another key": {"key": OTHER},
    "6 jwk of another key": {"header": {"jwk": OTHER.as_dict(private=False)}},
    "6 no jwk": {"header": {"jwk": None}},
    "6 jwk that is not a key": {"header": {"jwk": {"kty": "EC"}}},
    "7 private jwk": {"header": {"jwk": KEY.as_dict(private=True)}},
    "3 no jti": {"claims": {"jti": None}},
    "3 empty jti": {"claims": {"jti": ""}},
    "3 jti of another type": {"claims": {"jti": 5}},
    "8 htm": {"claims": {"htm": "PUT"}},
    "8 htm in another case": {"claims": {"htm": "post"}},
    "3 no htm": {"claims": {"htm": None}},
    "9 another path": {"claims": {"htu": "/other"}},
    "9 another host": {"claims": {"htu": "https://evil.example/token"}},
    "9 a query": {"claims": {"htu": "{url}?a=b"}},
    "9 a fragment": {"claims": {"htu": "{url}#a"}},
    "9 not a URL": {"claims": {"htu": "http://["}},
    "3 no htu": {"claims": {"htu": None}},
    "11 old": {"claims": {"iat": -120}},
    "11 future": {"claims": {"iat": 120}},
    "11 before all time": {"claims": {"iat": -(10**400)}},
    "11 text": {"claims": {"iat": "now"}},
    "3 no iat": {"claims": {"iat": None}},
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_proof_with_one_broken_claim_is_refused_at_both_endpoints(
    client: httpx2.Client, server: AuthorizationServer, name: str
) -> None:
    """The numbers are those of the checks in section 4.3."""
    token = bound_token(client, server)
    for url, method in ((server.token_endpoint, "POST"), (server.resource_url, "GET")):
        change = BROKEN[name]
        claims = dict(change.get("claims", {}))
        if isinstance(claims.get("htu"), str):
            claims["htu"] = claims["htu"].replace("{url}", url)
        if claims.get("htm") == "post":
            claims["htm"] = method.lower()
        if isinstance(claims.get("iat"), int):
            claims["iat"] += int(time.time())
        made = proof(url, method, token=None if method == "POST" else token, **{**change, "claims": claims})
        if method == "POST":
            refused = ask(client, server, made)
            assert (refused.status_code, refused.json()["error"]) == (400, "invalid_dpop_proof")
        else:
            assert challenge(call(client, server, token, made)).startswith(
                '401 DPoP realm="oauth_cc", error="invalid_dpop'
            )


def test_two_proofs_or_none_are_refused(client: httpx2.Client, server: AuthorizationServer) -> None:
    """Checks 1 and 2."""
    token, deep = bound_token(client, server), base64.urlsafe_b64encode(b"[" * 20000).decode()
    for proofs in (
        [f"{deep}.e30.x"],
        ["a.b.c"],
        ["no-jwt"],
        [""],
        [proof(server.token_endpoint), proof(server.token_endpoint)],
    ):
        assert ask(client, server, *proofs).json()["error"] == "invalid_dpop_proof"
    pair = [proof(server.resource_url, "GET", token=token) for _ in range(2)]
    for proofs in ([], pair):
        assert "invalid_dpop_proof" in challenge(call(client, server, token, *proofs))


def test_a_proof_is_accepted_once(client: httpx2.Client, server: AuthorizationServer) -> None:
    """Section 11.1; its second use is a replay."""
    token = bound_token(client, server)
    made = proof(server.resource_url, "GET", token=token)
    assert call(client, server, token, made).status_code == 200
    assert "invalid_dpop_proof" in challenge(call(client, server, token, made))


@pytest.mark.parametrize("claims", [{"ath": None}, {"ath": "A" * 43}])
def test_a_proof_for_another_token_is_refused(
    client: httpx2.Client, server: AuthorizationServer, claims: dict[str, Any]
) -> None:
    """Check 12."""
    token = bound_token(client, server)
    refused = call(client, server, token, proof(server.resource_url, "GET", token=token, claims=claims))
    assert "invalid_dpop_proof" in challenge(refused)


def test_a_stolen_token_is_of_no_use(client: httpx2.Client, server: AuthorizationServer) -> None:
    """It works neither with another key nor as a bearer token."""
    token = bound_token(client, server)
    jwk = {"jwk": OTHER.as_dict(private=False)}
    theirs = proof(server.resource_url, "GET", token=token, header=jwk, key=OTHER)
    assert 'error="invalid_token"' in challenge(call(client, server, token, theirs))
    assert 'error="invalid_token"' in challenge(call(client, server, token, scheme="Bearer"))
    bearer = ask(client, server, client_id="plain").json()["access_token"]
    mine = proof(server.resource_url, "GET", token=bearer)
    assert 'error="invalid_token"' in challenge(call(client, server, bearer, mine))


def test_nonces_are_demanded_at_both_endpoints_apart(client: httpx2.Client) -> None:
    """Each is accepted once, and each response has a new one."""
    with AuthorizationServer(dpop_nonces=True) as server:
        url, api = server.token_endpoint, server.resource_url
        first = ask(client, server, proof(url))
        assert (first.status_code, first.json()["error"]) == (400, "use_dpop_nonce")
        nonce = first.headers["DPoP-Nonce"]
        assert "use_dpop_nonce" in ask(client, server, proof(url, claims={"nonce": "another"})).text
        granted = ask(client, server, proof(url, claims={"nonce": nonce}))
        assert granted.status_code == 200
        assert "use_dpop_nonce" in ask(client, server, proof(url, claims={"nonce": nonce})).text
        token, theirs = granted.json()["access_token"], granted.headers["DPoP-Nonce"]
        demanded = call(client, server, token, proof(api, "GET", token=token, claims={"nonce": theirs}))
        assert 'DPoP realm="oauth_cc", error="use_dpop_nonce"' in challenge(demanded)
        ours = demanded.headers["DPoP-Nonce"]
        accepted = call(client, server, token, proof(api, "GET", token=token, claims={"nonce": ours}))
        assert accepted.status_code == 200
        server.end_nonces()
        ended = proof(api, "GET", token=token, claims={"nonce": accepted.headers["DPoP-Nonce"]})
        assert "use_dpop_nonce" in challenge(call(client, server, token, ended))
        server.end_nonces()
