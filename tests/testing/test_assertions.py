"""
Client assertions at the test server, signed by joserfc alone: accepted and rejected.
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
    """Start a server with a client for each method."""
    clients = [*SIGNERS, TWO_KEYS, FIXED, SHARED, BY_SECRET, FEDERATED]
    with AuthorizationServer(clients=clients) as running:
        yield running


def part(members: object) -> bytes:
    """Return *members* as a part of a JWT."""
    return urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=")


def signed(algorithm: str, key: PrivateKeyTypes | bytes, client_id: str, audience: object, **changes: Any) -> str:
    """
    Return an assertion of *client_id*.

    Args:
        algorithm: The algorithm.
        key: The private key, or the key of an HMAC.
        client_id: The issuer and subject.
        audience: The audience.
        **changes: Members of the claims, or of the header if the name starts with ``header_``. None removes a member,
            and a float is seconds from now.
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


def request_token(server: AuthorizationServer, assertion: str, **form: str) -> httpx2.Response:
    """Request a token with *assertion*."""
    fields = {"grant_type": "client_credentials", "client_assertion_type": JWT_BEARER, "client_assertion": assertion}
    return httpx2.post(server.token_endpoint, data={**fields, **form})


class TestAccepted:
    """RFC 7523 section 3."""

    @pytest.mark.parametrize("algorithm", KEYS)
    def test_every_signature_algorithm_authenticates(self, server: AuthorizationServer, algorithm: str) -> None:
        """A client with a registered public key is authenticated by its signature."""
        response = request_token(server, signed(algorithm, KEYS[algorithm], algorithm, server.issuer))
        assert (response.status_code, response.json()["scope"]) == (200, "read write")
        seen = server.token_requests[-1]
        assert (seen.client_id, seen.authentication_method, seen.status) == (algorithm, "private_key_jwt", 200)

    @pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
    def test_every_hmac_algorithm_authenticates(self, server: AuthorizationServer, algorithm: str) -> None:
        """A client is authenticated by an HMAC that its secret keys."""
        assert request_token(server, signed(algorithm, SECRET.encode(), "shared", server.issuer)).status_code == 200
        assert server.token_requests[-1].authentication_method == "client_secret_jwt"

    def test_an_array_of_one_audience_is_accepted(self, server: AuthorizationServer) -> None:
        """RFC 10070 section 4 allows an array of one."""
        assert request_token(server, signed("ES256", KEYS["ES256"], "ES256", [server.issuer])).status_code == 200

    @pytest.mark.parametrize("typ", [None, "JWT"])
    def test_the_type_is_optional(self, server: AuthorizationServer, typ: str | None) -> None:
        """Servers should not require the type."""
        assert (
            request_token(server, signed("ES256", KEYS["ES256"], "ES256", server.issuer, header_typ=typ)).status_code
            == 200
        )

    def test_kid_selects_the_key(self, server: AuthorizationServer) -> None:
        """The key that ``kid`` names verifies the assertion."""
        for key, kid in ((RSA, "old"), (OTHER, "new")):
            assert (
                request_token(server, signed("RS256", key, "two_keys", server.issuer, header_kid=kid)).status_code
                == 200
            )

    def test_a_key_with_an_algorithm_verifies_no_other(self, server: AuthorizationServer) -> None:
        """A key with an ``alg`` verifies that algorithm alone (RFC 7517 section 4.4)."""
        assert request_token(server, signed("PS256", RSA, "fixed", server.issuer)).status_code == 200
        rejected(server, signed("RS256", RSA, "fixed", server.issuer))

    def test_the_token_endpoint_can_be_the_audience(self) -> None:
        """A server can require its token endpoint as the audience, and then rejects its issuer."""
        with AuthorizationServer(clients=SIGNERS, assertion_audience="token_endpoint") as older:
            assert (
                request_token(older, signed("ES256", KEYS["ES256"], "ES256", older.token_endpoint)).status_code == 200
            )
            rejected(older, signed("ES256", KEYS["ES256"], "ES256", older.issuer))

    def test_an_assertion_authenticates_at_every_endpoint(self, server: AuthorizationServer) -> None:
        """Introspection and revocation accept assertions, too."""
        fields = {"client_assertion_type": JWT_BEARER, "token": "x"}
        fields["client_assertion"] = signed("ES256", KEYS["ES256"], "ES256", server.issuer)
        assert httpx2.post(server.introspection_endpoint, data=fields).json() == {"active": False}
        fields["client_assertion"] = signed("ES256", KEYS["ES256"], "ES256", server.issuer)
        assert httpx2.post(server.revocation_endpoint, data=fields).status_code == 200


def rejected(server: AuthorizationServer, assertion: str, **form: str) -> str:
    """Check that the server rejects *assertion* and authenticates no client, and return the error description."""
    response = request_token(server, assertion, **form)
    seen = server.token_requests[-1]
    assert (response.status_code, response.json()["error"]) in ((400, "invalid_client"), (401, "invalid_client"))
    assert (seen.client_id, seen.authentication_method) == (None, None)
    description: str = response.json()["error_description"]
    return description


class TestRejected:
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
    def test_one_wrong_member_is_rejected(self, server: AuthorizationServer, changes: dict[str, Any]) -> None:
        """A single wrong member of claims or header is enough."""
        rejected(server, signed("RS256", RSA, "RS256", server.issuer, **changes))

    def test_more_than_one_audience_is_rejected(self, server: AuthorizationServer) -> None:
        """Another server in the audience could replay the assertion (RFC 10070)."""
        for audience in ([server.issuer, "https://other.example"], [server.issuer] * 2, server.token_endpoint):
            rejected(server, signed("RS256", RSA, "RS256", audience))

    def test_a_replayed_assertion_is_rejected(self, server: AuthorizationServer) -> None:
        """An assertion is accepted once, at any endpoint. Two clients may use the same ``jti``."""
        first = signed("ES256", KEYS["ES256"], "ES256", server.issuer, jti="one")
        assert request_token(server, first).status_code == 200
        assert "used before" in rejected(server, first)
        assert "used before" in rejected(server, signed("ES256", KEYS["ES256"], "ES256", server.issuer, jti="one"))
        assert (
            request_token(server, signed("ES384", KEYS["ES384"], "ES384", server.issuer, jti="one")).status_code == 200
        )

    def test_a_jti_is_forgotten_when_its_assertion_expires(self, server: AuthorizationServer) -> None:
        """An expired assertion is rejected anyway, so its ``jti`` may be used again."""
        assert request_token(
            server, signed("ES256", KEYS["ES256"], "ES256", server.issuer, jti="short", exp=1.0)
        ).is_success
        time.sleep(1.1)
        assert request_token(server, signed("ES256", KEYS["ES256"], "ES256", server.issuer, jti="short")).is_success

    def test_a_signature_by_another_key_is_rejected(self, server: AuthorizationServer) -> None:
        """Another key is rejected, of the same kind or of another."""
        rejected(server, signed("RS256", OTHER, "RS256", server.issuer))
        rejected(server, signed("ES256", ec.generate_private_key(ec.SECP256R1()), "ES256", server.issuer))
        rejected(server, signed("ES256", KEYS["ES256"], "RS256", server.issuer))

    def test_an_hmac_keyed_by_the_public_key_is_rejected(self, server: AuthorizationServer) -> None:
        """Anyone with the public key can make such an HMAC (CVE-2022-29217 and similar)."""
        for client_id in ("RS256", "by_secret"):
            rejected(server, signed("HS256", public_pem(RSA), client_id, server.issuer))

    def test_a_missing_kid_of_two_keys_is_rejected(self, server: AuthorizationServer) -> None:
        """The server does not try one key after the other."""
        rejected(server, signed("RS256", RSA, "two_keys", server.issuer))
        rejected(server, signed("RS256", RSA, "two_keys", server.issuer, header_kid="new"))

    def test_a_method_the_client_is_not_registered_for_is_rejected(self, server: AuthorizationServer) -> None:
        """Only the registered methods authenticate, although the server has the key or the secret."""
        rejected(server, signed("RS256", RSA, "by_secret", server.issuer))
        rejected(server, signed("HS256", SECRET.encode(), "by_secret", server.issuer))
        rejected(server, signed("RS256", RSA, "shared", server.issuer))

    @pytest.mark.parametrize("assertion", ["", "eyJ", "a.b.c", "e30.e30.", "e30.W10.eA", "é", "." * 9])
    def test_a_text_that_is_not_a_jwt_is_rejected(self, server: AuthorizationServer, assertion: str) -> None:
        """A malformed JWT, an empty one, and claims that are not an object are rejected."""
        rejected(server, assertion)

    def test_another_client_assertion_type_is_rejected(self, server: AuthorizationServer) -> None:
        """A JWT with the client_assertion_type of another format is rejected."""
        assertion = signed("ES256", KEYS["ES256"], "ES256", server.issuer)
        rejected(server, assertion, client_assertion_type=SPIFFE)

    def test_two_authentication_methods_are_an_invalid_request(self, server: AuthorizationServer) -> None:
        """A request authenticates the client once (RFC 6749 section 2.3)."""
        assertion = signed("ES256", KEYS["ES256"], "ES256", server.issuer)
        response = request_token(server, assertion, client_secret="s3cret")
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")

    def test_another_client_id_in_the_body_is_an_invalid_request(self, server: AuthorizationServer) -> None:
        """``client_id`` must be the subject (RFC 7521 section 4.2)."""
        assertion = signed("ES256", KEYS["ES256"], "ES256", server.issuer)
        response = request_token(server, assertion, client_id="RS256")
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


class TestFederated:
    """RFC 7521 section 4.2: assertions of another issuer."""

    def test_a_federated_assertion_authenticates_more_than_once(self, server: AuthorizationServer) -> None:
        """The form names the client, and the assertion may be used again."""
        assertion = CLUSTER.assertion(ACCOUNT, "https://as.example")
        for _ in range(2):
            assert request_token(server, assertion, client_id="federated").status_code == 200
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
    def test_another_issuer_subject_audience_or_time_is_rejected(
        self, server: AuthorizationServer, issuer: AssertionIssuer, subject: str, audience: str, lifetime: int
    ) -> None:
        """An assertion with another key, subject or audience is rejected, and so is an expired one."""
        rejected(server, issuer.assertion(subject, audience, lifetime=lifetime), client_id="federated")

    def test_a_federated_assertion_authenticates_only_its_client(self, server: AuthorizationServer) -> None:
        """Another client, a missing client_id and another type are rejected."""
        assertion = CLUSTER.assertion(ACCOUNT, "https://as.example")
        rejected(server, assertion, client_id="ES256")
        rejected(server, assertion)
        rejected(server, assertion, client_id="federated", client_assertion_type=SPIFFE)
        rejected(server, "eyJ", client_id="federated")

    def test_the_assertion_type_is_registered(self) -> None:
        """A client may be registered for another client_assertion_type."""
        identity = FederatedIdentity(CLUSTER.issuer, ACCOUNT, "https://as.example", CLUSTER.jwks, SPIFFE)
        client = RegisteredClient(
            "svid", authentication_methods=frozenset({"federated_jwt"}), federated_identity=identity
        )
        with AuthorizationServer(clients=[client]) as server:
            assertion = CLUSTER.assertion(ACCOUNT, "https://as.example")
            assert request_token(server, assertion, client_id="svid", client_assertion_type=SPIFFE).status_code == 200
            rejected(server, assertion, client_id="svid")


@pytest.mark.parametrize("keys", [[], [{}], [{"kty": "EC"}], [{"kty": "M4RKER"}], ["M4RKER"], None])
def test_a_client_needs_a_valid_jwk_set(keys: Any) -> None:
    """An invalid JWK set is rejected when the client is made, and the error does not quote it."""
    with pytest.raises(ValueError, match="jwks must be a JWK set") as caught:
        RegisteredClient("id", jwks={"keys": keys})
    assert "M4RKER" not in str(caught.value)
    with pytest.raises(ValueError, match="jwks must be a JWK set"):
        FederatedIdentity("https://cluster.example", "id", "https://as.example", {})


def test_the_metadata_list_methods_and_algorithms(server: AuthorizationServer) -> None:
    """The metadata lists the methods and algorithms that the server accepts."""
    document = httpx2.get(server.metadata_url).json()
    assert {"private_key_jwt", "client_secret_jwt"} < set(document["token_endpoint_auth_methods_supported"])
    algorithms = {*KEYS, "HS256", "HS384", "HS512"}
    assert set(document["token_endpoint_auth_signing_alg_values_supported"]) == algorithms


def test_no_assertion_is_logged(server: AuthorizationServer, caplog: pytest.LogCaptureFixture) -> None:
    """No assertion is logged, accepted or rejected."""
    right, wrong = (signed("ES256", KEYS["ES256"], "ES256", audience) for audience in (server.issuer, "https://x"))
    with caplog.at_level(logging.DEBUG):
        request_token(server, right)
        rejected(server, wrong)
    assert right not in caplog.text
    assert wrong not in caplog.text
