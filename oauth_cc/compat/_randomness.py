"""
Random texts and what is derived from them: state, and the code verifier of PKCE (RFC 7636).
"""

from binascii import b2a_base64
from typing import Final

_ALPHANUMERIC: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_UNRESERVED: Final = f"{_ALPHANUMERIC}-._~"


def generate_token(length: int = 30, chars: str = _ALPHANUMERIC) -> str:
    """
    Gives *length* characters of *chars*, which nobody can guess.

        >>> len(generate_token())
        30
    """
    # Imported here because it loads OpenSSL, which composing a request does not need.
    from secrets import choice

    return "".join([choice(chars) for _ in range(length)])


def code_verifier(length: int) -> str:
    """
    Gives a code verifier of *length* characters (RFC 7636 section 4.1). Raises ValueError if that is not 43 to 128.

        >>> len(code_verifier(43))
        43
    """
    if not length >= 43:
        raise ValueError("Length must be greater than or equal to 43")
    if not length <= 128:
        raise ValueError("Length must be less than or equal to 128")
    return generate_token(length, _UNRESERVED)


def code_challenge(verifier: str, method: str) -> str:
    """
    Gives the challenge of a code *verifier* by *method*, ``plain`` or ``S256`` (RFC 7636 section 4.2).

    Raises ValueError for any other method.

        >>> code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "S256")
        'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    if method == "plain":
        return verifier
    if method != "S256":
        raise ValueError("Invalid code_challenge_method: give 'S256' or 'plain'")
    from hashlib import sha256

    digest = b2a_base64(sha256(verifier.encode("ascii")).digest(), newline=False).decode("ascii")
    return digest.replace("+", "-").replace("/", "_").rstrip("=")
