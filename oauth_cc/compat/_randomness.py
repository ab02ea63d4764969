"""
Random texts and their derivatives: state, and the code verifier and challenge of PKCE (RFC 7636).
"""

from binascii import b2a_base64
from typing import Final

_ALPHANUMERIC: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_UNRESERVED: Final = f"{_ALPHANUMERIC}-._~"


def generate_token(length: int = 30, chars: str = _ALPHANUMERIC) -> str:
    """
    Return unguessable text.

        >>> len(generate_token())
        30

    Args:
        length: The number of characters.
        chars: The characters to choose from.
    """
    # Imported here because it loads OpenSSL, which composing a request does not use.
    from secrets import choice

    return "".join([choice(chars) for _ in range(length)])


def code_verifier(length: int) -> str:
    """
    Return a code verifier of *length* characters (RFC 7636 section 4.1). Raise ValueError if *length* is not 43 to 128.

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
    Return the challenge of a code verifier (RFC 7636 section 4.2).

    Args:
        verifier: The code verifier.
        method: ``plain`` or ``S256``.

    Raises:
        ValueError: For another method.

    Example:
        >>> code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "S256")
        'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    if method == "plain":
        return verifier
    if method != "S256":
        raise ValueError("code_challenge_method must be 'S256' or 'plain'")
    from hashlib import sha256

    digest = b2a_base64(sha256(verifier.encode("ascii")).digest(), newline=False).decode("ascii")
    return digest.replace("+", "-").replace("/", "_").rstrip("=")
