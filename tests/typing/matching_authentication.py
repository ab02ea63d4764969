"""
Matching client authentication methods: all built-in methods, and any other.
"""

from typing import assert_never, assert_type

from oauth_cc import (
    Certificate,
    CertificateFile,
    ClientAssertion,
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    NoAuthentication,
    PrivateKeyJwt,
    SigningKey,
    TlsClientAuth,
)
from oauth_cc.authentication import BuiltInAuthentication, ClientAuthentication, ClientSecret, Source


def registered_name(way: BuiltInAuthentication) -> str:
    """Return the name in RFC 7591."""
    match way:
        case ClientSecretBasic(secret=secret, encode=encode):
            assert_type(secret, ClientSecret)
            assert_type(encode, bool)
            return "client_secret_basic"
        case ClientSecretPost(secret=secret):
            assert_type(secret, ClientSecret)
            return "client_secret_post"
        case NoAuthentication():
            return "none"
        case ClientSecretJwt(secret=secret):
            assert_type(secret, ClientSecret)
            return "client_secret_jwt"
        case PrivateKeyJwt(key=key, issuer=issuer):
            assert_type(key, SigningKey)
            assert_type(issuer, str)
            return "private_key_jwt"
        case ClientAssertion(source=source):
            assert_type(source, Source)
            return "no registered name"
        case TlsClientAuth(certificate=certificate, self_signed=self_signed):
            assert_type(certificate, Certificate | CertificateFile)
            return "self_signed_tls_client_auth" if self_signed else "tls_client_auth"
        case _:
            assert_never(way)


def described(way: ClientAuthentication | None) -> str:
    """Accept custom methods, too."""
    return registered_name(way) if isinstance(way, BuiltInAuthentication) else "another"


way: ClientAuthentication = NoAuthentication()
described(way)
described(ClientCredentials("your_id", "s3cret").authentication)
