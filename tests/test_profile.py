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
from oauth_cc.authentication import ClientAuthentication
from oauth_cc.metadata import ServerMetadata
from oauth_cc.profile import fapi2

ISSUER, ENDPOINT = "https://as.example", "https://as.example/token"
METADATA = ServerMetadata(ISSUER, ENDPOINT, mtls_token_endpoint="https://mtls.as.example/token")
CERTIFICATE = Certificate("A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0")


def key(algorithm: str) -> SigningKey:
    """A key of *algorithm*."""
    return SigningKey(algorithm, lambda _: bytes(64), "key-1")


def asked(way: ClientAuthentication | str | None) -> TokenRequest:
    """A request of a client that authenticates by *way*."""
    return token_request(ClientCredentials("id", way))


GOOD = asked(PrivateKeyJwt(key("ES256"), ISSUER)).with_certificate(CERTIFICATE)


def missed(request: TokenRequest, endpoint: str = ENDPOINT, metadata: ServerMetadata | None = METADATA) -> list[str]:
    """Gives the first words of the duties that are not met."""
    return [duty.text.split(" ")[0] for duty in fapi2(request, endpoint, metadata) if not duty.met]


@pytest.mark.parametrize(
    "request_",
    [
        GOOD,
        asked(TlsClientAuth(CERTIFICATE)),
        asked(PrivateKeyJwt(key("PS256"), ISSUER, audience=ISSUER)).with_dpop_jkt("a" * 43),
        asked(PrivateKeyJwt(key("EdDSA"), ISSUER)).with_certificate(CERTIFICATE),
    ],
    ids=["key", "tls", "dpop", "eddsa"],
)
def test_met(request_: TokenRequest) -> None:
    """A configuration as the profile has it."""
    assert missed(request_) == []


def test_the_endpoint_for_certificates() -> None:
    """It is one of the metadata too."""
    assert missed(GOOD, "https://mtls.as.example/token") == []


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
    assert missed(attrs.evolve(GOOD, certificate=None)) == ["have"]


@pytest.mark.parametrize("algorithm", ["RS256", "PS384", "ES384"])
def test_algorithm(algorithm: str) -> None:
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
        (ENDPOINT, None, ["take"]),
    ],
)
def test_endpoint(endpoint: str, metadata: ServerMetadata | None, first: list[str]) -> None:
    """Over https, and from the metadata."""
    assert missed(GOOD, endpoint, metadata) == first


def test_advice() -> None:
    """What is missing is said with what to do."""
    assert all(duty.advice and duty.source for duty in fapi2(asked("s3cret"), ENDPOINT))
