"""
Base64 for URLs, without padding (RFC 7515 section 2): what JWTs and thumbprints are written in.
"""

from binascii import b2a_base64
from typing import Final

_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


def base64url(octets: bytes) -> str:
    """
    Gives *octets* as text of letters, digits, ``-`` and ``_``.

        >>> base64url(bytes([0, 255, 254]))
        'AP_-'
    """
    return b2a_base64(octets, newline=False).translate(_URL_SAFE).rstrip(b"=").decode("ascii")
