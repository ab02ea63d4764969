"""
Client certificates, identified by their thumbprints (RFC 8705 section 3.1).

The HTTP library holds the certificate and its private key. This module only identifies the certificate, so that a
connection authenticates the client and a token is bound to it. It never needs the private key.
"""

import hashlib
import re
from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Mapping
from typing import Final, TypeAlias, final

import attrs

from oauth_cc._wire.base64url import base64url
from oauth_cc._wire.der import DerForm, der_form
from oauth_cc._wire.pem import blocks, unwrap
from oauth_cc._wire.typing import is_tuple
from oauth_cc.authentication.federated import PathLike, checked_path
from oauth_cc.errors import InvalidInput

# 256 bits in 43 characters: the last one has two bits to spare, which are zero.
_THUMBPRINT: Final = re.compile(r"[-_0-9A-Za-z]{42}[AEIMQUYcgkosw048]")
_LABELS: Final = ("CERTIFICATE", "X509 CERTIFICATE")
_NONE: Final = "no certificate in the text; pass the text of a PEM file, not its name"
_UNKNOWN: Final = (
    "certificate is not an X.509 certificate in DER; use Certificate.from_pem() for the text of a PEM file"
)
_PRIVATE: Final = "certificate must not be a private key; pass the key to the HTTP library only"
_PUBLIC: Final = "certificate is a public key; pass the certificate that contains it"
_REQUEST: Final = "certificate is a certificate request; pass the certificate that was issued for it"
_REVOKED: Final = "certificate is a revocation list; pass the certificate"
_FAULTS: Final[Mapping[DerForm, str]] = {
    "PKCS #12": "certificate is PKCS #12; use oauth_cc.tls.certificate_from_file(...)",
    "PKCS #7": "certificate is PKCS #7; convert it to PEM with: openssl pkcs7 -inform DER -in FILE -print_certs",
    "private key": _PRIVATE,
    "encrypted private key": _PRIVATE,
    "public key": _PUBLIC,
    "certificate request": _REQUEST,
    "revocation list": _REVOKED,
}
_SSH: Final = "certificate is an SSH public key; pass an X.509 certificate"
_OTHERS: Final = (
    ("PuTTY-User-Key-File", _PRIVATE),
    ("PRIVATE KEY", _PRIVATE),
    ("CERTIFICATE REQUEST-----", _REQUEST),
    ("TRUSTED CERTIFICATE-----", "certificate is in a format of OpenSSL; convert it with: openssl x509 -in FILE"),
    ("X509 CRL-----", _REVOKED),
    ("-----BEGIN PGP", "certificate is a PGP key; pass an X.509 certificate"),
    ("PUBLIC KEY-----", _PUBLIC),
    ("-----BEGIN PKCS7", "certificate is PKCS #7; convert it to PEM with: openssl pkcs7 -in FILE -print_certs"),
    ('"kty"', "certificate is a JWK; pass the certificate of the key in PEM or DER"),
    ("ssh-", _SSH),
    ("ecdsa-", _SSH),
)


@final
@attrs.frozen(init=False)
class Certificate:
    """
    A client certificate, identified by its thumbprint.

    Args:
        thumbprint: The SHA-256 of the DER form in base64url, 43 characters: ``x5t#S256`` of RFC 8705 section 3.1.
        chain: The DER forms of the certificate and of its issuers, as far as they are known.

    Raises:
        InvalidInput: The thumbprint is not a SHA-256 in base64url, or *chain* is not a tuple of bytes.

    Example:
        >>> Certificate("A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0").thumbprint
        'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0'
    """

    thumbprint: str
    chain: tuple[bytes, ...] = attrs.field(default=(), eq=False, repr=False)

    def __init__(self, thumbprint: str, *, chain: tuple[bytes, ...] = ()) -> None:
        reason = _identity_fault(thumbprint, chain)
        if reason is not None:
            # Tracebacks show local variables, and one may be a whole file with its private key.
            del self, thumbprint, chain
            raise InvalidInput("certificate", reason)
        object.__setattr__(self, "thumbprint", thumbprint)
        object.__setattr__(self, "chain", chain)

    @property
    def x5t(self) -> str | None:
        """The SHA-1 of the DER form in base64url (RFC 7515 section 4.1.7), None if only the thumbprint is known."""
        # Older servers find the certificate by it. No security depends on it.
        return base64url(hashlib.sha1(self.chain[0], usedforsecurity=False).digest()) if self.chain else None

    @property
    def x5c(self) -> tuple[str, ...]:
        """The chain in base64, the client's certificate first (RFC 7515 section 4.1.6)."""
        return tuple([b2a_base64(der, newline=False).decode("ascii") for der in self.chain])

    @classmethod
    def from_pem(cls, pem: str | bytes) -> "Certificate":
        """
        Return the first certificate in *pem*, the text of a PEM file (RFC 7468).

        In a chain, the first certificate is the client's own. A private key in the text is ignored. The text may also
        be DER or in base64, or have its lines joined, as environment variables do. Raises `InvalidInput` if it contains
        no certificate; the error names what was found.

            >>> Certificate.from_pem("client.pem")
            Traceback (most recent call last):
            ...
            oauth_cc.errors.InvalidInput: no certificate in the text; pass the text of a PEM file, not its name
        """
        found = _read_pem(pem)
        del pem
        if isinstance(found, InvalidInput):
            raise found
        return found

    @classmethod
    def from_der(cls, der: bytes) -> "Certificate":
        """
        Return the certificate whose DER form is *der*. Only its outer structure is checked (RFC 5280 section 4.1).

        Raises `InvalidInput` if that structure is not a certificate's.
        """
        found = _read_der(der)
        del der
        if isinstance(found, InvalidInput):
            raise found
        return found


@final
@attrs.frozen(init=False)
class CertificateFile:
    """
    The *path* of a file with a client certificate that is rotated, such as an X.509-SVID.

    It identifies the certificate by the path, so processes started before and after a rotation share a token. The
    file is not read. `oauth_cc.tls.client_context` makes a TLS context that follows it.

    Raises `InvalidInput` if *path* is not a path.

        >>> CertificateFile("/run/spiffe/svid.pem")
        CertificateFile(path='/run/spiffe/svid.pem')
    """

    path: str

    def __init__(self, path: str | PathLike) -> None:
        text = checked_path(path)
        if text is None:
            # The argument may be a whole file with its private key.
            del self, path
            reason = "certificate file must be the path of a file as a str or Path, not its content"
            raise InvalidInput("certificate", reason)
        object.__setattr__(self, "path", text)


GivenCertificate: TypeAlias = Certificate | CertificateFile
"""A client certificate, or the file that it is in."""


def client_certificate_fault(given: object) -> InvalidInput | None:
    """
    Return the error for an argument that must identify the certificate of a connection, None if it does.

        >>> client_certificate_fault(CertificateFile("svid.pem")) is None
        True
    """
    return None if isinstance(given, CertificateFile) else certificate_fault(given)


def certificate_fault(given: object) -> InvalidInput | None:
    """
    Return the error for an argument that must be a `Certificate`, None if it is one. The error does not quote it.

        >>> str(certificate_fault("client.pem"))
        'certificate must be a Certificate, not str; use Certificate.from_pem(...)'
    """
    if isinstance(given, Certificate):
        return None
    reason = f"certificate must be a Certificate, not {type(given).__name__}; use Certificate.from_pem(...)"
    return InvalidInput("certificate", reason)


def _identity_fault(thumbprint: object, chain: object) -> str | None:
    if not isinstance(thumbprint, str) or not _THUMBPRINT.fullmatch(thumbprint):
        return "certificate thumbprint must be a SHA-256 in base64url; use Certificate.from_pem() to compute it"
    if not is_tuple(chain) or not all([isinstance(der, bytes) for der in chain]):
        return "certificate chain must be a tuple of bytes in DER; use Certificate.from_pem() to read it"
    return None


def _read_pem(pem: str | bytes) -> "Certificate | InvalidInput":
    if not isinstance(pem, str | bytes):
        return InvalidInput("certificate", f"certificate must be the text of a PEM file, not {type(pem).__name__}")
    found = unwrap(pem)
    if isinstance(found, bytes):
        return _read_chain(found)
    chain = [content for label, content in blocks(found) if label in _LABELS]
    if not chain:
        fault = next((fault for pattern, fault in _OTHERS if pattern in found), _NONE)
        return InvalidInput("certificate", fault)
    try:
        ders = [a2b_base64("".join(content.split()), strict_mode=True) for content in chain]
    except Error:
        return InvalidInput("certificate", "certificate is not base64 between BEGIN and END; use the file as issued")
    return _read_chain(*ders)


def _read_chain(der: bytes, *issuers: bytes) -> "Certificate | InvalidInput":
    if der_form(der) is None:
        return InvalidInput("certificate", "certificate is not an X.509 certificate in DER; use the file as issued")
    return _read_der(der, *issuers)


def _read_der(der: bytes, *issuers: bytes) -> "Certificate | InvalidInput":
    if not isinstance(der, bytes):
        return InvalidInput("certificate", f"certificate must be bytes in DER, not {type(der).__name__}")
    form = der_form(der)
    if form != "certificate":
        return InvalidInput("certificate", _UNKNOWN if form is None else _FAULTS[form])
    return Certificate(base64url(hashlib.sha256(der).digest()), chain=(der, *issuers))
