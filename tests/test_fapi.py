"""
The requirements of the FAPI 2.0 Security Profile, one at a time.
"""

import attrs
import pytest

from oauth_cc import (
    Certificate,
    ClientCredentials,
    ClientSecretJwt,
    NoAuthentication,
    PrivateKeyJwt,
    SigningKey,
    TlsClientAuth,
    TokenRequest,
    token_request,
)
from oauth_cc.authentication import Algorithm, ClientAuthentication
from oauth_cc.authentication.keys import ALGORITHMS
from oauth_cc.fapi import fapi2
from oauth_cc.metadata import ServerMetadata
from tests.bound import bound_key

ISSUER, ENDPOINT = "https://as.example", "https://as.example/token"
MTLS_ENDPOINT = "https://mtls.as.example/token"
METADATA = ServerMetadata(
    ISSUER,
    ENDPOINT,
    token_endpoint_auth_methods_supported=tuple(
        "private_key_jwt client_secret_jwt client_secret_basic tls_client_auth none".split()
    ),
    dpop_signing_alg_values_supported=("ES256",),
    mtls_token_endpoint=MTLS_ENDPOINT,
    tls_client_certificate_bound_access_tokens=True,
)
CERTIFICATE = Certificate("A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0")


def key(algorithm: Algorithm) -> SigningKey:
    """Return a key of *algorithm*."""
    return SigningKey(algorithm, lambda _: bytes(64), "key-1")


def asked(method: ClientAuthentication | str | None) -> TokenRequest:
    """Return a request of a client that authenticates with *method*."""
    return token_request(ClientCredentials("id") if method is None else ClientCredentials("id", method))


GOOD = asked(PrivateKeyJwt(key("ES256"), ISSUER)).with_certificate(CERTIFICATE)


def missed(
    request: TokenRequest, endpoint: str = MTLS_ENDPOINT, metadata: ServerMetadata | None = METADATA
) -> list[str]:
    """Return the first words of the requirements that are not met."""
    return [duty.text.split(" ")[0] for duty in fapi2(request, endpoint, metadata) if not duty.met]


@pytest.mark.parametrize(
    ("request_", "endpoint"),
    [
        (GOOD, MTLS_ENDPOINT),
        (asked(TlsClientAuth(CERTIFICATE)), MTLS_ENDPOINT),
        (asked(PrivateKeyJwt(key("PS256"), ISSUER, audience=ISSUER)).with_dpop(bound_key("a")), ENDPOINT),
        (asked(PrivateKeyJwt(key("EdDSA"), ISSUER)).with_certificate(CERTIFICATE), MTLS_ENDPOINT),
        (asked(PrivateKeyJwt(key("Ed25519"), ISSUER)).with_certificate(CERTIFICATE), MTLS_ENDPOINT),
    ],
    ids=["key", "tls", "dpop", "eddsa", "ed25519"],
)
def test_a_compliant_configuration_meets_every_requirement(request_: TokenRequest, endpoint: str) -> None:
    """Keys, mutual TLS and DPoP are compliant."""
    assert missed(request_, endpoint) == []


@pytest.mark.parametrize("method", ["s3cret", NoAuthentication(), None])
def test_a_shared_secret_is_not_fapi2_compliant(method: ClientAuthentication | str | None) -> None:
    """Neither is a client without authentication."""
    assert missed(asked(method).with_certificate(CERTIFICATE)) == ["authenticate"]


def test_client_secret_jwt_is_not_fapi2_compliant() -> None:
    """It is a shared secret, and its algorithm is not listed either."""
    method = ClientSecretJwt("7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1", ISSUER)
    assert missed(asked(method).with_certificate(CERTIFICATE)) == ["authenticate", "sign"]


def test_a_bearer_token_is_not_fapi2_compliant() -> None:
    """Anyone who has it can use it."""
    assert missed(attrs.evolve(GOOD, certificate=None), ENDPOINT) == ["bind"]


def test_a_bound_token_needs_a_server_that_binds_tokens() -> None:
    """Only metadata says whether it binds them to a certificate. A bearer token for a DPoP proof is rejected anyway."""
    assert missed(GOOD, MTLS_ENDPOINT, None) == ["bind", "take"]
    assert missed(attrs.evolve(GOOD, certificate=None).with_dpop(bound_key("a")), ENDPOINT, None) == ["take"]
    plain = attrs.evolve(
        METADATA, tls_client_certificate_bound_access_tokens=False, dpop_signing_alg_values_supported=("none", "HS256")
    )
    assert missed(asked(TlsClientAuth(CERTIFICATE)), metadata=plain) == ["bind"]
    assert missed(attrs.evolve(GOOD, certificate=None).with_dpop(bound_key("a")), ENDPOINT, plain) == ["bind"]


def test_dpop_is_judged_by_the_algorithm_of_its_key() -> None:
    """It is one of the profile, and one of the server's."""
    bound = attrs.evolve(GOOD, certificate=None)
    assert missed(bound.with_dpop(bound_key("a")), ENDPOINT) == []
    others = attrs.evolve(METADATA, dpop_signing_alg_values_supported=("PS256", "RS256"))
    (found,) = [duty for duty in fapi2(bound.with_dpop(bound_key("a")), ENDPOINT, others) if not duty.met]
    assert found.advice == "use a key for one of the algorithms of the server: PS256, RS256"
    members = {"kty": "RSA", "n": "A" * 342, "e": "AQAB"}
    weak = SigningKey("RS256", lambda _: bytes(256), "kms", public_jwk=members)
    assert missed(bound.with_dpop(weak), ENDPOINT, others) == ["sign"]


@pytest.mark.parametrize("algorithm", sorted({*ALGORITHMS} - {"PS256", "ES256", "EdDSA", "Ed25519"}))
def test_an_algorithm_outside_the_profile_is_not_fapi2_compliant(algorithm: Algorithm) -> None:
    """RS256 is the most common one."""
    assert missed(asked(PrivateKeyJwt(key(algorithm), ISSUER)).with_certificate(CERTIFICATE)) == ["sign"]


def test_the_endpoint_as_audience_is_not_fapi2_compliant() -> None:
    """Older servers require it."""
    method = PrivateKeyJwt(key("ES256"), ISSUER, audience=ENDPOINT)
    assert missed(asked(method).with_certificate(CERTIFICATE)) == ["name"]


@pytest.mark.parametrize(
    ("endpoint", "metadata", "first"),
    [
        ("http://127.0.0.1:8080/token", METADATA, ["use", "take"]),
        ("https://as.example/other", METADATA, ["take"]),
        (ENDPOINT, METADATA, ["take"]),
        (ENDPOINT, None, ["bind", "take"]),
        (MTLS_ENDPOINT, attrs.evolve(METADATA, issuer="https://other.example"), ["take"]),
        (MTLS_ENDPOINT, attrs.evolve(METADATA, token_endpoint_auth_methods_supported=("none",)), ["take"]),
    ],
    ids=["http", "other", "not for certificates", "no metadata", "other issuer", "other method"],
)
def test_the_endpoint_must_be_https_and_from_the_issuers_metadata(
    endpoint: str, metadata: ServerMetadata | None, first: list[str]
) -> None:
    """The metadata must name it for this request."""
    assert missed(GOOD, endpoint, metadata) == first


def test_a_requirement_that_is_not_met_has_advice() -> None:
    """It names the section of the profile, too."""
    assert all(duty.advice and duty.source for duty in fapi2(asked("s3cret"), ENDPOINT))
    (found,) = [duty for duty in fapi2(GOOD, ENDPOINT, METADATA) if not duty.met]
    assert found.advice == f"use {MTLS_ENDPOINT}, which the metadata names for this request"
