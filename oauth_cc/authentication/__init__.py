"""
Client authentication methods for the token endpoint (RFC 6749 section 2.3): secrets, keys, certificates, assertions.
"""

from oauth_cc.authentication.certificate import Certificate
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.authentication.federated import AssertionFile, AssertionSource, Source
from oauth_cc.authentication.jwt import (
    Algorithm,
    AssertionDraft,
    MacAlgorithm,
    MacKey,
    Signer,
    SigningKey,
    UnsignedAssertion,
)
from oauth_cc.authentication.methods import (
    AuthenticationFields,
    BuiltInAuthentication,
    ClientAssertion,
    ClientAuthentication,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    NoAuthentication,
    PrivateKeyJwt,
    Proof,
    TlsClientAuth,
)

__all__ = [
    "Algorithm",
    "AssertionDraft",
    "AssertionFile",
    "AssertionSource",
    "AuthenticationFields",
    "BuiltInAuthentication",
    "Certificate",
    "ClientAssertion",
    "ClientAuthentication",
    "ClientCredentials",
    "ClientSecretBasic",
    "ClientSecretJwt",
    "ClientSecretPost",
    "MacAlgorithm",
    "MacKey",
    "NoAuthentication",
    "PrivateKeyJwt",
    "Proof",
    "Signer",
    "SigningKey",
    "Source",
    "TlsClientAuth",
    "UnsignedAssertion",
]


def __dir__() -> list[str]:
    return __all__
