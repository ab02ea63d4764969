"""
Keys and certificates in DER (X.690), recognized by their outer structure.
"""

from typing import Final, Literal, TypeAlias

DerForm: TypeAlias = Literal[
    "certificate",
    "certificate request",
    "revocation list",
    "private key",
    "encrypted private key",
    "public key",
    "PKCS #12",
    "PKCS #7",
]
"""What a DER sequence is."""

_SEQUENCE: Final = 0x30
_TIMES: Final = (0x17, 0x18)
_REQUEST: Final = (0x02, 0x30, 0x30, 0xA0)
_PKCS_12_VERSION: Final = b"\x03"


def der_form(der: bytes) -> DerForm | None:
    """
    Return what *der* is, or None if it is not one of the known forms.

    Only the outer structure is read: that of certificates (RFC 5280 section 4.1), their requests (RFC 2986 section 4)
    and revocation lists (RFC 5280 section 5.1), of private keys in PKCS #8 (RFC 5958), PKCS #1 (RFC 8017) and SEC 1
    (RFC 5915), of public keys, and of PKCS #12 (RFC 7292 section 4) and PKCS #7 (RFC 2315 section 7).

        >>> der_form(bytes.fromhex("300a020100300004023000")) is None
        True
    """
    match structure(der):
        case (0x30, 0x30, 0x03):
            return _signed_form(der)
        case (0x30, 0x04):
            return "encrypted private key"
        case (0x30, 0x03) | (0x02, 0x02):
            return "public key"
        case (0x02, 0x30) | (0x02, 0x30, 0x30) if _inside(der)[0][1] == _PKCS_12_VERSION:
            return "PKCS #12"
        case (0x02, 0x30, 0x04, *_) | (0x02, 0x02, 0x02, *_) | (0x02, 0x04, *_):
            return "private key"
        case (0x06, 0xA0):
            return "PKCS #7"
        case _:
            return None


def elements(der: bytes) -> list[tuple[int, bytes]] | None:
    """Return the (tag, content) pairs of the elements in *der*, or None if it is not a sequence of whole elements."""
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


def structure(der: bytes) -> tuple[int, ...]:
    """Return the tags of the elements in *der*, a DER sequence. Empty if it is not one sequence."""
    return tuple([tag for tag, _ in _inside(der)])


def _inside(der: bytes) -> list[tuple[int, bytes]]:
    outer = elements(der) or []
    return elements(outer[0][1]) or [] if [tag for tag, _ in outer] == [_SEQUENCE] else []


def _signed_form(der: bytes) -> DerForm:
    # The three have the same outer structure.
    signed = _inside(der)[0][1]
    tags = tuple([tag for tag, _ in elements(signed) or ()])
    if tags == _REQUEST:
        return "certificate request"
    return "revocation list" if any([tag in _TIMES for tag in tags]) else "certificate"
