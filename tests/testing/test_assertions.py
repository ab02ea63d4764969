"""
The test server and assertions of clients, made here by joserfc alone: which it accepts, and which it refuses.
"""

import hmac
import json
import logging
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from joserfc.jws import JWSRegistry

from oauth_cc.testing import (
    AssertionIssuer,
    AuthenticationMethod,
    AuthorizationServer,
    FederatedIdentity,
    RegisteredClient,
)
from tests.keys import KEYS, RSA, private, public_jwk, public_pem

SECRET = "7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr17Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SPIFFE = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe"
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE_KEY_JWT: frozenset[AuthenticationMethod] = frozenset({"private_key_jwt"})
SIGNERS = [
    RegisteredClient(name, jwks={"keys": [public_jwk(key)]}, authentication_methods=PRIVATE_KEY_JWT)
    for name, key in KEYS.items()
]
TWO_KEYS = RegisteredClient(
    "two_keys",
    jwks={"keys": [public_jwk(RSA, kid="old"), public_jwk(OTHER, kid="new")]},
    authentication_methods=PRIVATE_KEY_JWT,
)
FIXED = RegisteredClient("fixed", jwks={"keys": [public_jwk(RSA, alg="PS256")]}, authentication_methods=PRIVATE_KEY_JWT)
SHARED = RegisteredClient("shared", SECRET, authentication_methods=frozenset({"client_secret_jwt"}))
BY_SECRET = RegisteredClient("by_secret", SECRET, jwks={"keys": [public_jwk(RSA)]})
CLUSTER = AssertionIssuer("https://cluster.example")
ACCOUNT = "system:serviceaccount:default:worker"
FEDERATED = RegisteredClient(
    "federated",
    authentication_methods=frozenset({"federated_jwt"}),
    federated_identity=FederatedIdentity(CLUSTER.issuer, ACCOUNT, "https://as.example", CLUSTER.jwks),
)


@pytest.fixture(scope="module")
def server() -> Iterator[AuthorizationServer]:
    """A server that knows a client for each way."""
    clients = [*SIGNERS, TWO_KEYS, FIXED, SHARED, BY_SECRET, FEDERATED]
    with AuthorizationServer(clients=clients) as running:
        yield running


def part(members: object) -> bytes:
    """Gives *members* as a part of a JWT."""
    return urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=")


def signed(algorithm: str, key: PrivateKeyTypes | bytes, client_id: str, audience: object, **changes: Any) -> str:
    """
    Gives an assertion of *client_id*. *changes*: members of the claims, or of the header by names with ``header_``
    before them; None leaves one out, and a float is seconds from now.
    """
    header: dict[str, object] = {"alg": algorithm, "typ": "client-authentication+jwt"}
    now = time.time()
    claims: dict[str, Any] = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": int(now),
        "exp": int(now) + 60,
    }
    claims["jti"] = str(uuid.uuid4())
    for name, value in changes.items():
        value = now + value if isinstance(value, float) else value
        (header if name.startswith("header_") else claims)[name.removeprefix("header_")] = value
    parts = [part({k: v for k, v in members.items() if v is not None}) for members in (header, claims)]
    signing_input = b".".join(parts)
    if isinstance(key, bytes):
        signature = hmac.digest(key, signing_input, f"sha{algorithm[2:]}")
    else:
        signature = JWSRegistry.algorithms[algorithm].sign(signing_input, private(key))
    return f"{signing_input.decode()}.{urlsafe_b64encode(signature).decode().rstrip('=')}"


def ask(server: AuthorizationServer, assertion: str, **form: str) -> httpx2.Response:
    """Asks for a token with *assertion*."""
    fields = {"grant_type": "client_credentials", "client_assertion_type": JWT_BEARER, "client_assertion": assertion}
    return httpx2.post(server.token_endpoint, data={**fields, **form})


class TestAccepted:
    """RFC 7523 section 3."""

    @pytest.mark.parametrize("algorithm", KEYS)
    def test_every_algorithm(self, server: AuthorizationServer, algorithm: str) -> None:
        """A client that signs by the key of which the server has the public half is authenticated."""
        answer = ask(server, signed(algorithm, KEYS[algorithm], algorithm, server.issuer))
        assert (answer.status_code, answer.json()["scope"]) == (200, "read write")
        seen = server.token_requests[-1]
        assert (seen.client_id, seen.authentication_method, seen.status) == (algorithm, "private_key_jwt", 200)

    @pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
    def test_every_mac(self, server: AuthorizationServer, algorithm: str) -> None:
        """So is one whose HMAC is keyed by its secret."""
        assert ask(server, signed(algorithm, SECRET.encode(), "shared", server.issuer)).status_code == 200
        assert server.token_requests[-1].authentication_method == "client_secret_jwt"

    def test_one_audience_in_an_array(self, server: AuthorizationServer) -> None:
        """RFC 10070 section 4 allows an array of one."""
        assert ask(server, signed("ES256", KEYS["ES256"], "ES256", [server.issuer])).status_code == 200

    @pytest.mark.parametrize("typ", [None, "JWT"])
    def test_types(self, server: AuthorizationServer, typ: str | None) -> None:
        """Servers are not to insist on the type."""
        assert ask(server, signed("ES256", KEYS["ES256"], "ES256", server.issuer, header_typ=typ)).status_code == 200

    def test_each_of_two_keys(self, server: AuthorizationServer) -> None:
        """The one that ``kid`` names verifies."""
        for key, kid in ((RSA, "old"), (OTHER, "new")):
            assert ask(server, signed("RS256", key, "two_keys", server.issuer, header_kid=kid)).status_code == 200

    def test_the_algorithm_of_the_key(self, server: AuthorizationServer) -> None:
        """A key that names one signs by that alone (RFC 7517 section 4.4)."""
        assert ask(server, signed("PS256", RSA, "fixed", server.issuer)).status_code == 200
        refused(server, signed("RS256", RSA, "fixed", server.issuer))

    def test_older_audience(self) -> None:
        """A server may take assertions for its token endpoint, and none for its issuer then."""
        with AuthorizationServer(clients=SIGNERS, assertion_audience="token_endpoint") as older:
            assert ask(older, signed("ES256", KEYS["ES256"], "ES256", older.token_endpoint)).status_code == 200
            refused(older, signed("ES256", KEYS["ES256"], "ES256", older.issuer))

    def test_other_endpoints(self, server: AuthorizationServer) -> None:
        """An assertion authenticates wherever a client authenticates."""
        fields = {"client_assertion_type": JWT_BEARER, "token": "x"}
        fields["client_assertion"] = signed("ES256", KEYS["ES256"], "ES256", server.issuer)
        assert httpx2.post(server.introspection_endpoint, data=fields).json() == {"active": False}
        fields["client_assertion"] = signed("ES256", KEYS["ES256"], "ES256", server.issuer)
        assert httpx2.post(server.revocation_endpoint, data=fields).status_code == 200


def refused(server: AuthorizationServer, assertion: str, **form: str) -> str:
    """Gives the description with which *assertion* is refused, and sees that nobody is authenticated."""
    answer = ask(server, assertion, **form)
    seen = server.token_requests[-1]
    assert (answer.status_code, answer.json()["error"]) in ((400, "invalid_client"), (401, "invalid_client"))
    assert (seen.client_id, seen.authentication_method) == (None, None)
    description: str = answer.json()["error_description"]
    return description


class TestRefused:
    """RFC 7523 section 3, RFC 8725, RFC 10070."""

    @pytest.mark.parametrize(
        "changes",
        [
            {"aud": "https://other.example"},
            {"aud": None},
            {"aud": 5},
            {"aud": []},
            {"exp": -1.0},
            {"exp": None},
            {"exp": "2030-01-01"},
            {"exp": True},
            {"iat": 600.0},
            {"nbf": 600.0},
            {"iss": "other"},
            {"iss": None},
            {"sub": "nobody", "iss": "nobody"},
            {"sub": None},
            {"sub": 5},
            {"jti": None},
            {"jti": 5},
            {"header_typ": "dpop+jwt"},
            {"header_typ": "at+jwt"},
            {"header_alg": "none"},
            {"header_alg": "HS256"},
            {"header_alg": "PS256"},
            {"header_alg": None},
            {"header_crit": ["b64"], "header_b64": False},
            {"header_kid": "another"},
        ],
        ids=str,
    )
    def test_changed(self, server: AuthorizationServer, changes: dict[str, Any]) -> None:
        """One thing that is wrong is enough."""
        refused(server, signed("RS256", RSA, "RS256", server.issuer, **changes))

    def test_more_than_one_audience(self, server: AuthorizationServer) -> None:
        """What is for another server too could be replayed by it (RFC 10070)."""
        for audience in ([server.issuer, "https://other.example"], [server.issuer] * 2, server.token_endpoint):
            refused(server, signed("RS256", RSA, "RS256", audience))

    def test_replayed(self, server: AuthorizationServer) -> None:
        """An assertion serves once, at whatever endpoint; that of another client may have the same ``jti``."""
        first = signed("ES256", KEYS["ES256"], "ES256", server.issuer, jti="one")
        assert ask(server, first).status_code == 200
        assert "used before" in refused(server, first)
        assert "used before" in refused(server, signed("ES256", KEYS["ES256"], "ES256", server.issuer, jti="one"))
        assert ask(server, signed("ES384", KEYS["ES384"], "ES384", server.issuer, jti="one")).status_code == 200

    def test_a_jti_is_forgotten_when_its_assertion_ends(self, server: AuthorizationServer) -> None:
        """It could not be used again anyway; one that lasts a moment longer than the request is enough to see it."""
        assert ask(server, signed("ES256", KEYS["ES256"], "ES256", server.issuer, jti="short", exp=1.0)).is_success
        time.sleep(1.1)
        assert ask(server, signed("ES256", KEYS["ES256"], "ES256", server.issuer, jti="short")).is_success

    def test_another_key(self, server: AuthorizationServer) -> None:
        """Of the same kind, or of another."""
        refused(server, signed("RS256", OTHER, "RS256", server.issuer))
        refused(server, signed("ES256", ec.generate_private_key(ec.SECP256R1()), "ES256", server.issuer))
        refused(server, signed("ES256", KEYS["ES256"], "RS256", server.issuer))

    def test_a_public_key_as_secret(self, server: AuthorizationServer) -> None:
        """The HMAC that whoever knows the public key can make (CVE-2022-29217 and its like)."""
        for client_id in ("RS256", "by_secret"):
            refused(server, signed("HS256", public_pem(RSA), client_id, server.issuer))

    def test_no_kid_where_there_are_two_keys(self, server: AuthorizationServer) -> None:
        """The server does not try one after the other."""
        refused(server, signed("RS256", RSA, "two_keys", server.issuer))
        refused(server, signed("RS256", RSA, "two_keys", server.issuer, header_kid="new"))

    def test_a_client_of_another_method(self, server: AuthorizationServer) -> None:
        """What a client is registered for decides, whatever else is known of it."""
        refused(server, signed("RS256", RSA, "by_secret", server.issuer))
        refused(server, signed("HS256", SECRET.encode(), "by_secret", server.issuer))
        refused(server, signed("RS256", RSA, "shared", server.issuer))

    @pytest.mark.parametrize("assertion", ["", "eyJ", "a.b.c", "e30.e30.", "e30.W10.eA", "é", "." * 9])
    def test_no_jwt(self, server: AuthorizationServer, assertion: str) -> None:
        """What is none, is empty, or has no object for claims."""
        refused(server, assertion)

    def test_another_type(self, server: AuthorizationServer) -> None:
        """An assertion of another type than it says."""
        assertion = signed("ES256", KEYS["ES256"], "ES256", server.issuer)
        refused(server, assertion, client_assertion_type=SPIFFE)

    def test_two_ways(self, server: AuthorizationServer) -> None:
        """A request carries one way of authentication (RFC 6749 section 2.3)."""
        assertion = signed("ES256", KEYS["ES256"], "ES256", server.issuer)
        answer = ask(server, assertion, client_secret="s3cret")
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    def test_another_client_in_the_body(self, server: AuthorizationServer) -> None:
        """``client_id`` has to be the subject (RFC 7521 section 4.2)."""
        assertion = signed("ES256", KEYS["ES256"], "ES256", server.issuer)
        answer = ask(server, assertion, client_id="RS256")
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


class TestFederated:
    """RFC 7521 section 4.2: assertions that someone else issues."""

    def test_accepted(self, server: AuthorizationServer) -> None:
        """The client is the one that the form names, and the assertion may serve again."""
        assertion = CLUSTER.assertion(ACCOUNT, "https://as.example")
        for _ in range(2):
            assert ask(server, assertion, client_id="federated").status_code == 200
            seen = server.token_requests[-1]
            assert (seen.client_id, seen.authentication_method) == ("federated", "federated_jwt")

    @pytest.mark.parametrize(
        ("issuer", "subject", "audience", "lifetime"),
        [
            (AssertionIssuer(CLUSTER.issuer), ACCOUNT, "https://as.example", 600),
            (CLUSTER, "system:serviceaccount:default:other", "https://as.example", 600),
            (CLUSTER, ACCOUNT, "https://other.example", 600),
            (CLUSTER, ACCOUNT, "https://as.example", -1),
        ],
        ids=["key", "subject", "audience", "expired"],
    )
    def test_refused(
        self, server: AuthorizationServer, issuer: AssertionIssuer, subject: str, audience: str, lifetime: int
    ) -> None:
        """Of another issuer or account, for another server, or too late."""
        refused(server, issuer.assertion(subject, audience, lifetime=lifetime), client_id="federated")

    def test_for_whom(self, server: AuthorizationServer) -> None:
        """Of no use to another client, or without a name, or as another type."""
        assertion = CLUSTER.assertion(ACCOUNT, "https://as.example")
        refused(server, assertion, client_id="ES256")
        refused(server, assertion)
        refused(server, assertion, client_id="federated", client_assertion_type=SPIFFE)
        refused(server, "eyJ", client_id="federated")

    def test_type(self) -> None:
        """The type is part of the registration."""
        identity = FederatedIdentity(CLUSTER.issuer, ACCOUNT, "https://as.example", CLUSTER.jwks, SPIFFE)
        client = RegisteredClient(
            "svid", authentication_methods=frozenset({"federated_jwt"}), federated_identity=identity
        )
        with AuthorizationServer(clients=[client]) as server:
            assertion = CLUSTER.assertion(ACCOUNT, "https://as.example")
            assert ask(server, assertion, client_id="svid", client_assertion_type=SPIFFE).status_code == 200
            refused(server, assertion, client_id="svid")


@pytest.mark.parametrize("keys", [[], [{}], [{"kty": "EC"}], [{"kty": "M4RKER"}], ["M4RKER"], None])
def test_no_jwk_set(keys: Any) -> None:
    """A client is known by its keys, or refused when it is made."""
    with pytest.raises(ValueError, match="jwks is no JWK set") as caught:
        RegisteredClient("id", jwks={"keys": keys})
    assert "M4RKER" not in str(caught.value)
    with pytest.raises(ValueError, match="jwks is no JWK set"):
        FederatedIdentity("https://cluster.example", "id", "https://as.example", {})


def test_metadata(server: AuthorizationServer) -> None:
    """The server says what it takes."""
    document = httpx2.get(server.metadata_url).json()
    assert {"private_key_jwt", "client_secret_jwt"} < set(document["token_endpoint_auth_methods_supported"])
    algorithms = {*KEYS, "HS256", "HS384", "HS512"}
    assert set(document["token_endpoint_auth_signing_alg_values_supported"]) == algorithms


def test_nothing_in_the_log(server: AuthorizationServer, caplog: pytest.LogCaptureFixture) -> None:
    """No assertion, accepted or refused."""
    right, wrong = (signed("ES256", KEYS["ES256"], "ES256", audience) for audience in (server.issuer, "https://x"))
    with caplog.at_level(logging.DEBUG):
        ask(server, right)
        refused(server, wrong)
    assert right not in caplog.text
    assert wrong not in caplog.text
