"""
What the test server makes of client certificates: whom one authenticates, and which tokens are bound to it (RFC 8705).
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
    The certificate of a connection, which TLS has verified: its *subject* in the form of RFC 4514, and its *thumbprint*
    (``x5t#S256``, RFC 8705 section 3.1).
    """

    subject: str
    thumbprint: str

    @classmethod
    def read(cls, der: bytes | None) -> "ShownCertificate | None":
        """Gives the certificate that *der* is, None for a connection without one."""
        if not der:
            return None
        certificate = x509.load_der_x509_certificate(der)
        digest = base64.urlsafe_b64encode(certificate.fingerprint(SHA256())).decode("ascii").rstrip("=")
        return cls(certificate.subject.rfc4514_string(), digest)

    def authenticates(self, method: str, subject: str | None, thumbprint: str | None) -> bool:
        """Whether it is the one registered by *subject*, or by *thumbprint*, as *method* has it (sections 2.1, 2.2)."""
        return self.subject == subject if method == TLS else self.thumbprint == thumbprint
