"""
Client certificates at the test server: client authentication, and tokens bound to a certificate (RFC 8705).
"""

import base64
from typing import Final, final

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

TLS: Final = "tls_client_auth"
SELF_SIGNED: Final = "self_signed_tls_client_auth"
TLS_METHODS: Final = (TLS, SELF_SIGNED)


@final
@attrs.frozen
class ShownCertificate:
    """
    The client certificate of a connection, verified by TLS.

    Args:
        subject: Its subject in the form of RFC 4514.
        thumbprint: Its thumbprint (``x5t#S256``, RFC 8705 section 3.1).
    """

    subject: str
    thumbprint: str

    @classmethod
    def read(cls, der: bytes | None) -> "ShownCertificate | None":
        """Return the certificate encoded in *der*, or None for a connection without one."""
        if not der:
            return None
        certificate = x509.load_der_x509_certificate(der)
        digest = base64.urlsafe_b64encode(certificate.fingerprint(SHA256())).decode("ascii").rstrip("=")
        return cls(certificate.subject.rfc4514_string(), digest)

    def authenticates(self, method: str, subject: str | None, thumbprint: str | None) -> bool:
        """
        Return True if the certificate is the registered one.

        Args:
            method: ``tls_client_auth`` compares the subject (RFC 8705 section 2.1), any other method the thumbprint
                (2.2).
            subject: The registered subject.
            thumbprint: The registered thumbprint.
        """
        return self.subject == subject if method == TLS else self.thumbprint == thumbprint
