"""
What a profile finds in a configuration: each duty alone.
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
from oauth_cc.authentication.jwt import ALGORITHMS
from oauth_cc.fapi import fapi2
from oauth_cc.metadata import ServerMetadata

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
    """A key of *algorithm*."""
    return SigningKey(algorithm, lambda _: bytes(64), "key-1")


def asked(way: ClientAuthentication | str | None) -> TokenRequest:
    """A request of a client that authenticates by *way*."""
    return token_request(ClientCredentials("id") if way is None else ClientCredentials("id", way))


GOOD = asked(PrivateKeyJwt(key("ES256"), ISSUER)).with_certificate(CERTIFICATE)


def missed(
    request: TokenRequest, endpoint: str = MTLS_ENDPOINT, metadata: ServerMetadata | None = METADATA
) -> list[str]:
    """Gives the first words of the duties that are not met."""
    return [duty.text.split(" ")[0] for duty in fapi2(request, endpoint, metadata) if not duty.met]


@pytest.mark.parametrize(
    ("request_", "endpoint"),
    [
        (GOOD, MTLS_ENDPOINT),
        (asked(TlsClientAuth(CERTIFICATE)), MTLS_ENDPOINT),
        (asked(PrivateKeyJwt(key("PS256"), ISSUER, audience=ISSUER)).with_dpop_jkt("a" * 43), ENDPOINT),
        (asked(PrivateKeyJwt(key("EdDSA"), ISSUER)).with_certificate(CERTIFICATE), MTLS_ENDPOINT),
        (asked(PrivateKeyJwt(key("Ed25519"), ISSUER)).with_certificate(CERTIFICATE), MTLS_ENDPOINT),
    ],
    ids=["key", "tls", "dpop", "eddsa", "ed25519"],
)
def test_met(request_: TokenRequest, endpoint: str) -> None:
    """A configuration as the profile has it."""
    assert missed(request_, endpoint) == []


@pytest.mark.parametrize("way", ["s3cret", NoAuthentication(), None])
def test_authentication(way: ClientAuthentication | str | None) -> None:
    """No shared secret."""
    assert missed(asked(way).with_certificate(CERTIFICATE)) == ["authenticate"]


def test_a_secret_that_keys_a_jwt() -> None:
    """It is shared all the same, and signs by none of the algorithms."""
    way = ClientSecretJwt("7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1", ISSUER)
    assert missed(asked(way).with_certificate(CERTIFICATE)) == ["authenticate", "sign"]


def test_bound() -> None:
    """A bearer token that whoever has it can use."""
    assert missed(attrs.evolve(GOOD, certificate=None), ENDPOINT) == ["have"]


def test_a_server_that_binds_none() -> None:
    """What is asked for is not what one gets, by certificate or by DPoP; nor is what nobody knows of."""
    assert missed(attrs.evolve(GOOD, certificate=None).with_dpop_jkt("a" * 43), ENDPOINT, None) == ["have", "take"]
    plain = attrs.evolve(
        METADATA, tls_client_certificate_bound_access_tokens=False, dpop_signing_alg_values_supported=("none", "HS256")
    )
    assert missed(asked(TlsClientAuth(CERTIFICATE)), metadata=plain) == ["have"]
    assert missed(attrs.evolve(GOOD, certificate=None).with_dpop_jkt("a" * 43), ENDPOINT, plain) == ["have"]


@pytest.mark.parametrize("algorithm", sorted({*ALGORITHMS} - {"PS256", "ES256", "EdDSA", "Ed25519"}))
def test_algorithm(algorithm: Algorithm) -> None:
    """One that the profile does not name."""
    assert missed(asked(PrivateKeyJwt(key(algorithm), ISSUER)).with_certificate(CERTIFICATE)) == ["sign"]


def test_audience() -> None:
    """The URL of the endpoint, which an older server wants."""
    way = PrivateKeyJwt(key("ES256"), ISSUER, audience=ENDPOINT)
    assert missed(asked(way).with_certificate(CERTIFICATE)) == ["name"]


@pytest.mark.parametrize(
    ("endpoint", "metadata", "first"),
    [
        ("http://127.0.0.1:8080/token", METADATA, ["use", "take"]),
        ("https://as.example/other", METADATA, ["take"]),
        (ENDPOINT, METADATA, ["take"]),
        (ENDPOINT, None, ["have", "take"]),
        (MTLS_ENDPOINT, attrs.evolve(METADATA, issuer="https://other.example"), ["take"]),
        (MTLS_ENDPOINT, attrs.evolve(METADATA, token_endpoint_auth_methods_supported=("none",)), ["take"]),
    ],
    ids=["http", "other", "not for certificates", "no metadata", "other issuer", "other method"],
)
def test_endpoint(endpoint: str, metadata: ServerMetadata | None, first: list[str]) -> None:
    """Over https, and the one that the metadata of the issuer name for this very request."""
    assert missed(GOOD, endpoint, metadata) == first


def test_advice() -> None:
    """What is missing is said with what to do."""
    assert all(duty.advice and duty.source for duty in fapi2(asked("s3cret"), ENDPOINT))
    (found,) = [duty for duty in fapi2(GOOD, ENDPOINT, METADATA) if not duty.met]
    assert found.advice == f"for this request they name {MTLS_ENDPOINT}"
