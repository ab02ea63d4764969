"""
Client authentication methods for the token endpoint (RFC 6749 section 2.3): secrets, keys, certificates, assertions.
"""

from typing import TYPE_CHECKING, Final

from oauth_cc.authentication.certificate import Certificate, CertificateFile, GivenCertificate
from oauth_cc.authentication.client_secret import (
    ClientSecret,
    GivenSecret,
    SecretFile,
    SecretFunction,
    SecretSource,
)
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.authentication.federated import AssertionFile, AssertionSource, AudienceSource, Source
from oauth_cc.authentication.jwt import AssertionDraft, UnsignedJwt
from oauth_cc.authentication.keys import Algorithm, KeySource, MacAlgorithm, MacKey, Signer, SigningKey
from oauth_cc.authentication.methods import (
    AuthenticationFields,
    ClientAuthentication,
    ClientSecretBasic,
    ClientSecretPost,
    GrantDraft,
    NoAuthentication,
    Proof,
    TlsClientAuth,
)

if TYPE_CHECKING:
    from oauth_cc.authentication.assertions import (
        BuiltInAuthentication,
        ClientAssertion,
        ClientSecretJwt,
        PrivateKeyJwt,
    )
    from oauth_cc.authentication.grants import JwtBearerGrant

__all__ = [
    "Algorithm",
    "AssertionDraft",
    "AssertionFile",
    "AssertionSource",
    "AudienceSource",
    "AuthenticationFields",
    "BuiltInAuthentication",
    "Certificate",
    "CertificateFile",
    "ClientAssertion",
    "ClientAuthentication",
    "ClientCredentials",
    "ClientSecret",
    "ClientSecretBasic",
    "ClientSecretJwt",
    "ClientSecretPost",
    "GivenCertificate",
    "GivenSecret",
    "GrantDraft",
    "JwtBearerGrant",
    "KeySource",
    "MacAlgorithm",
    "MacKey",
    "NoAuthentication",
    "PrivateKeyJwt",
    "Proof",
    "SecretFile",
    "SecretFunction",
    "SecretSource",
    "Signer",
    "SigningKey",
    "Source",
    "TlsClientAuth",
    "UnsignedJwt",
]


def __dir__() -> list[str]:
    return __all__


_ASSERTIONS: Final = ("BuiltInAuthentication", "ClientAssertion", "ClientSecretJwt", "PrivateKeyJwt")

if not TYPE_CHECKING:
    # Loaded when it is used: a client secret needs no assertion.

    def __getattr__(name: str) -> object:
        if name == "JwtBearerGrant":
            from oauth_cc.authentication.grants import JwtBearerGrant

            return JwtBearerGrant
        if name not in _ASSERTIONS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from oauth_cc.authentication import assertions

        return getattr(assertions, name)
