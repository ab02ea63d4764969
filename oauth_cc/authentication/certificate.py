"""
Client certificates, identified by their thumbprints (RFC 8705 section 3.1).

The HTTP library holds the certificate and its private key. This module only identifies the certificate, so that a
connection authenticates the client and a token is bound to it. It never needs the private key.
"""

import hashlib
import re
from binascii import Error, a2b_base64
from typing import Final, final

import attrs

from oauth_cc._wire.base64url import base64url
from oauth_cc.errors import InvalidInput

# 256 bits in 43 characters: the last one has two bits to spare, which are zero.
_THUMBPRINT: Final = re.compile(r"[-_0-9A-Za-z]{42}[AEIMQUYcgkosw048]")
_PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----([\s0-9A-Za-z+/=]*)-----END CERTIFICATE-----")
_KEY: Final = re.compile(r"-----BEGIN [ 0-9A-Z]{0,20}PRIVATE KEY-----")
_SEQUENCE: Final = 0x30
_BIT_STRING: Final = 0x03


@final
@attrs.frozen(init=False)
class Certificate:
    """
    A client certificate, identified by its thumbprint.

    Args:
        thumbprint: The SHA-256 of the DER form in base64url, 43 characters: ``x5t#S256`` of RFC 8705 section 3.1.

    Raises:
        InvalidInput: The thumbprint is not a SHA-256 in base64url.

    Example:
        >>> Certificate("A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0").thumbprint
        'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0'
    """

    thumbprint: str

    def __init__(self, thumbprint: str) -> None:
        if not isinstance(thumbprint, str) or not _THUMBPRINT.fullmatch(thumbprint):
            # Tracebacks show local variables, and this one may be a whole file with its private key.
            del self, thumbprint
            reason = "certificate thumbprint must be a SHA-256 in base64url; use Certificate.from_pem() to compute it"
            raise InvalidInput("certificate", reason)
        object.__setattr__(self, "thumbprint", thumbprint)

    @classmethod
    def from_pem(cls, pem: str | bytes) -> "Certificate":
        """
        Return the first certificate in *pem*, the text of a PEM file (RFC 7468).

        In a chain, the first certificate is the client's own. A private key in the text is ignored. Raises
        `InvalidInput` if the text contains no certificate.

            >>> Certificate.from_pem("client.pem")
            Traceback (most recent call last):
            ...
            oauth_cc.errors.InvalidInput: no certificate in the text; pass the text of a PEM file, not its name
        """
        found = _read_pem(pem)
        del pem
        if isinstance(found, InvalidInput):
            raise found
        return cls(found)

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
        return cls(found)


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


def _read_pem(pem: str | bytes) -> str | InvalidInput:
    if not isinstance(pem, str | bytes):
        return InvalidInput("certificate", f"certificate must be the text of a PEM file, not {type(pem).__name__}")
    text = pem if isinstance(pem, str) else pem.decode("utf-8", "replace")
    block = _PEM.search(text)
    if block is None and _KEY.search(text):
        reason = "certificate must not be a private key; pass the key to the HTTP library only"
        return InvalidInput("certificate", reason)
    if block is None:
        return InvalidInput("certificate", "no certificate in the text; pass the text of a PEM file, not its name")
    try:
        der = a2b_base64("".join(block[1].split()), strict_mode=True)
    except Error:
        return InvalidInput("certificate", "certificate is not base64 between BEGIN and END; use the file as issued")
    return _read_der(der)


def _read_der(der: bytes) -> str | InvalidInput:
    if not isinstance(der, bytes):
        return InvalidInput("certificate", f"certificate must be bytes in DER, not {type(der).__name__}")
    outer = _elements(der)
    inner = _elements(outer[0][1]) if outer is not None and [tag for tag, _ in outer] == [_SEQUENCE] else None
    if inner is None or [tag for tag, _ in inner] != [_SEQUENCE, _SEQUENCE, _BIT_STRING]:
        reason = "certificate is not an X.509 certificate in DER; use Certificate.from_pem() for the text of a PEM file"
        return InvalidInput("certificate", reason)
    return base64url(hashlib.sha256(der).digest())


def _elements(der: bytes) -> list[tuple[int, bytes]] | None:
    # Return the (tag, content) pairs of the elements in *der*, or None if it is not a sequence of whole elements.
    found: list[tuple[int, bytes]] = []
    start = 0
    while start < len(der):
        head = der[start : start + 2]
        octets = head[1] - 0x80 if len(head) == 2 and head[1] > 0x80 else 0
        begin = start + 2 + octets
        length = int.from_bytes(der[start + 2 : begin], "big") if octets else head[-1]
        if len(head) < 2 or octets > 4 or head[1] == 0x80 or begin + length > len(der):
            return None
        found.append((head[0], der[begin : begin + length]))
        start = begin + length
    return found
