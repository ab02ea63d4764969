"""
Mutual TLS: a certificate authenticates the client and binds the token.
"""

from typing import assert_type

from oauth_cc import (
    Certificate,
    CertificateFile,
    ClientCredentials,
    MetadataCache,
    Scope,
    TlsClientAuth,
    TokenRequest,
    token_request,
)
from oauth_cc.requests import ClientCredentialsAuth, TokenSource


def main(pem: str, der: bytes) -> None:
    """Authenticate by certificate, and by secret with a bound token."""
    certificate = Certificate.from_pem(pem)
    assert_type(certificate.thumbprint, str)
    assert_type(Certificate.from_der(der), Certificate)
    by_certificate = ClientCredentials("your_id", TlsClientAuth(certificate, self_signed=True))
    by_secret = token_request(ClientCredentials("your_id", "s3cret")).with_certificate(certificate)
    assert_type(by_secret, TokenRequest)
    assert_type(by_secret.client_certificate, Certificate | CertificateFile | None)
    request = token_request(by_certificate, Scope.of("read"))
    auth = ClientCredentialsAuth.from_issuer("https://as.example", request, cache=MetadataCache())
    assert_type(auth, ClientCredentialsAuth)
    source = TokenSource.from_issuer("https://as.example", by_secret)
    assert_type(source, TokenSource)
    assert_type(source.access_token(), str)
