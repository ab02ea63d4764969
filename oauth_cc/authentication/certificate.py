"""
Client certificates, told apart by their thumbprints (RFC 8705 section 3.1).

The certificate and its key are given to the HTTP library, which shows one and keeps the other; here a certificate says
which connection a client proves itself by, and which token is bound to it. No key is ever needed, or kept.
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
    A client certificate, known by its *thumbprint*: the SHA-256 of its DER form in base64url, 43 characters, which
    RFC 8705 section 3.1 names ``x5t#S256``. Raises `InvalidInput` if it is none.

        >>> Certificate("A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0").thumbprint
        'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0'
    """

    thumbprint: str

    def __init__(self, thumbprint: str) -> None:
        if not isinstance(thumbprint, str) or not _THUMBPRINT.fullmatch(thumbprint):
            # Tracebacks show local variables, and this one may be a whole file, with its key.
            del self, thumbprint
            reason = "the thumbprint is no SHA-256 in base64url: leave it to Certificate.from_pem()"
            raise InvalidInput("certificate", reason)
        object.__setattr__(self, "thumbprint", thumbprint)

    @classmethod
    def from_pem(cls, pem: str | bytes) -> "Certificate":
        """
        Gives the first certificate of *pem*, the text of a PEM file (RFC 7468): in a chain, the client's own comes
        first. A private key beside it is passed over. Raises `InvalidInput`.

            >>> Certificate.from_pem("client.pem")
            Traceback (most recent call last):
            ...
            oauth_cc.errors.InvalidInput: certificate: holds none: give the text of a PEM file, and not its name
        """
        found = _read_pem(pem)
        del pem
        if isinstance(found, InvalidInput):
            raise found
        return cls(found)

    @classmethod
    def from_der(cls, der: bytes) -> "Certificate":
        """
        Gives the certificate whose DER form is *der*, of which no more than the outline is looked at (RFC 5280 section
        4.1). Raises `InvalidInput`.
        """
        found = _read_der(der)
        del der
        if isinstance(found, InvalidInput):
            raise found
        return cls(found)


def certificate_fault(given: object) -> InvalidInput | None:
    """
    Gives the error for what was *given* as a `Certificate` and is none, or None; the value is not shown.

        >>> certificate_fault("client.pem")
        InvalidInput('certificate', 'give Certificate.from_pem(...), not str')
    """
    if isinstance(given, Certificate):
        return None
    return InvalidInput("certificate", f"give Certificate.from_pem(...), not {type(given).__name__}")


def _read_pem(pem: str | bytes) -> str | InvalidInput:
    if not isinstance(pem, str | bytes):
        return InvalidInput("certificate", f"give the text of a PEM file, not {type(pem).__name__}")
    text = pem if isinstance(pem, str) else pem.decode("utf-8", "replace")
    block = _PEM.search(text)
    if block is None and _KEY.search(text):
        reason = "is a private key: give the certificate here, and the key to the HTTP library alone"
        return InvalidInput("certificate", reason)
    if block is None:
        return InvalidInput("certificate", "holds none: give the text of a PEM file, and not its name")
    try:
        der = a2b_base64("".join(block[1].split()), strict_mode=True)
    except Error:
        return InvalidInput("certificate", "is no base64 between BEGIN and END: take the file as it was issued")
    return _read_der(der)


def _read_der(der: bytes) -> str | InvalidInput:
    if not isinstance(der, bytes):
        return InvalidInput("certificate", f"give its DER form as bytes, not as {type(der).__name__}")
    outer = _elements(der)
    inner = _elements(outer[0][1]) if outer is not None and [tag for tag, _ in outer] == [_SEQUENCE] else None
    if inner is None or [tag for tag, _ in inner] != [_SEQUENCE, _SEQUENCE, _BIT_STRING]:
        reason = "is no certificate in DER: give that of an X.509 certificate, or a PEM file to Certificate.from_pem()"
        return InvalidInput("certificate", reason)
    return base64url(hashlib.sha256(der).digest())


def _elements(der: bytes) -> list[tuple[int, bytes]] | None:
    # Tags and contents of what is strung together in *der*, or None if that is not all there is.
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
