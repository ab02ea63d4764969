"""
Keys that DPoP tokens are bound to, without a library that signs.
"""

import hashlib

from oauth_cc import SigningKey
from oauth_cc._wire.base64url import base64url


def bound_key(name: str) -> SigningKey:
    """Return a key that differs for each *name*. Its signatures are zeros."""
    x, y = (base64url(hashlib.sha256(f"{name} {half}".encode()).digest()) for half in "xy")
    return SigningKey("ES256", lambda _: bytes(64), name, public_jwk={"kty": "EC", "crv": "P-256", "x": x, "y": y})
