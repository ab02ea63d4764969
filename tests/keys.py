"""
Private keys for tests, one for each algorithm, generated once per process.
"""

from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from joserfc.jwk import ECKey, OKPKey, RSAKey

from oauth_cc.authentication.keys import ALGORITHMS

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVES: dict[str, PrivateKeyTypes] = {
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
CURVES["Ed25519"] = CURVES["EdDSA"]
KEYS: dict[str, PrivateKeyTypes] = {**{name: RSA for name in ALGORITHMS if name[:2] in {"RS", "PS"}}, **CURVES}


def pem(
    key: PrivateKeyTypes,
    form: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8,
    password: bytes | None = None,
) -> bytes:
    """Return *key* in PEM."""
    closed = serialization.NoEncryption() if password is None else serialization.BestAvailableEncryption(password)
    return key.private_bytes(serialization.Encoding.PEM, form, closed)


def public_pem(key: PrivateKeyTypes) -> bytes:
    """Return the public half of *key* in PEM."""
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@cache
def private(key: PrivateKeyTypes) -> RSAKey | ECKey | OKPKey:
    """Return *key* as a joserfc key."""
    if isinstance(key, rsa.RSAPrivateKey):
        return RSAKey.import_key(pem(key))
    return ECKey.import_key(pem(key)) if isinstance(key, ec.EllipticCurvePrivateKey) else OKPKey.import_key(pem(key))


@cache
def public(key: PrivateKeyTypes) -> RSAKey | ECKey | OKPKey:
    """Return the public half of *key* as a joserfc key."""
    half = private(key).as_dict(private=False)
    if isinstance(key, rsa.RSAPrivateKey):
        return RSAKey.import_key(half)
    return ECKey.import_key(half) if isinstance(key, ec.EllipticCurvePrivateKey) else OKPKey.import_key(half)


def jwk(key: PrivateKeyTypes, **members: str) -> dict[str, Any]:
    """Return *key* as a JWK."""
    return {**private(key).as_dict(private=True), **members}


def public_jwk(key: PrivateKeyTypes, **members: str) -> dict[str, Any]:
    """Return the public half of *key* as a JWK."""
    return {**private(key).as_dict(private=False), **members}
