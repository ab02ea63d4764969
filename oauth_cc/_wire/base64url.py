"""
Base64url without padding (RFC 7515 section 2), the encoding of JWTs and thumbprints.
"""

from binascii import b2a_base64
from typing import Final

_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


def base64url(octets: bytes) -> str:
    """
    Encode *octets* as letters, digits, ``-`` and ``_``.

        >>> base64url(bytes([0, 255, 254]))
        'AP_-'
    """
    return b2a_base64(octets, newline=False).translate(_URL_SAFE).rstrip(b"=").decode("ascii")
