"""
Private keys of joserfc, the signing keys made of them, and HMACs.
"""

import warnings
from collections.abc import Mapping
from typing import Final, TypeAlias

from oauth_cc.authentication.certificate import Certificate
from oauth_cc.authentication.key_forms import KeyText
from oauth_cc.authentication.keys import Algorithm, MacKey, SigningKey
from oauth_cc.errors import InvalidInput, InvalidKey
from oauth_cc.secret import Secret

try:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_der_private_key,
        load_pem_private_key,
        load_ssh_private_key,
    )
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates
    from cryptography.hazmat.primitives.serialization.ssh import SSHPrivateKeyTypes
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey, import_key
    from joserfc.jws import JWSRegistry
except ImportError as _error:
    raise ImportError("oauth_cc.jose needs joserfc: install oauth_cc[jwt]") from _error

_LEAST_RSA: Final = 2048
_CURVES: Final[Mapping[str, tuple[Algorithm, ...]]] = {
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "Ed25519": ("EdDSA", "Ed25519"),
}
PSS: Final[tuple[Algorithm, ...]] = ("PS256", "PS384", "PS512")
"""The algorithms of a key for RSASSA-PSS."""
RSA: Final[tuple[Algorithm, ...]] = ("RS256", "RS384", "RS512", *PSS)
"""The algorithms of any other RSA key."""

Key: TypeAlias = RSAKey | ECKey | OKPKey

_UNREADABLE: Final = (ValueError, TypeError, KeyError, NotImplementedError, JoseError, UnsupportedAlgorithm)


def generate(algorithm: str) -> Key | None:
    """Return a new key for *algorithm*, or None for an unknown algorithm."""
    curve = next((name for name, possible in _CURVES.items() if algorithm in possible), None)
    if curve is None:
        return RSAKey.generate_key(_LEAST_RSA) if algorithm in RSA else None
    return OKPKey.generate_key("Ed25519") if curve == "Ed25519" else ECKey.generate_key(curve)


def load(found: KeyText, password: str | bytes | Secret | None) -> Key | None:
    """
    Return the key of *found*, or None if it cannot be read.

    Args:
        found: The text of a key in one of the known forms.
        password: The password. It is ignored if the key is not encrypted.
    """
    word = password.reveal() if isinstance(password, Secret) else password
    # A variable of the environment may hold surrogates, and the error of a strict encoding would quote the password.
    secret = word.encode("utf-8", "surrogatepass") if isinstance(word, str) else word
    for given in (secret, None):
        try:
            with warnings.catch_warnings():
                # joserfc warns of short keys, which are rejected below.
                warnings.simplefilter("ignore")
                return _imported(_unlocked(found, given))
        except _UNREADABLE:
            continue
    return None


def _unlocked(found: KeyText, password: bytes | None) -> PrivateKeyTypes | SSHPrivateKeyTypes | None:
    content = found.content.reveal()
    match found.form:
        case "OpenSSH":
            return load_ssh_private_key(content.encode("utf-8"), password)
        case "DER":
            return load_der_private_key(content.encode("latin-1"), password)
        case "PKCS #12":
            return load_key_and_certificates(content.encode("latin-1"), password)[0]
        case _:
            return load_pem_private_key(content.encode("utf-8"), password)


def _imported(key: PrivateKeyTypes | SSHPrivateKeyTypes | None) -> Key | None:
    if key is None:
        return None
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    if isinstance(key, RSAPrivateKey):
        return RSAKey.import_key(pem)
    return ECKey.import_key(pem) if isinstance(key, EllipticCurvePrivateKey) else OKPKey.import_key(pem)


def load_jwk(members: dict[str, str | list[str]]) -> Key | None:
    """Return the key of a private JWK (RFC 7517), or None if *members* are not one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            key = import_key(members)
    except _UNREADABLE:
        return None
    if isinstance(key, OctKey):
        return None
    # joserfc does not check that the public half of an Ed25519 JWK belongs to the private half.
    same = not isinstance(key, OKPKey) or OKPKey.import_key(key.as_pem(private=True)).thumbprint() == key.thumbprint()
    return key if same else None


def signing_key(
    key: Key | None,
    algorithm: str | None,
    key_id: str | None,
    certificate: Certificate | None,
    rsa: tuple[Algorithm, ...],
) -> SigningKey | InvalidInput:
    """
    Return the signing key of *key*, or the fault.

    Args:
        key: The private key, or None if it could not be read.
        algorithm: The algorithm, or None for the default of the key.
        key_id: The ``kid`` of the header.
        certificate: The certificate of the key.
        rsa: The algorithms that *key* supports if it is an RSA key.
    """
    if key is None:
        return refused("cannot be read; pass an unmodified private RSA, EC or Ed25519 key, and the right password")
    possible = _algorithms(key, rsa)
    if isinstance(possible, InvalidKey):
        return possible
    chosen: list[Algorithm] = [name for name in possible if algorithm in (name, None)]
    if not chosen:
        return refused(f"does not support the requested algorithm or its own 'alg'; use {' or '.join(possible)}")
    registered = JWSRegistry.algorithms[chosen[0]]

    def signer(signing_input: bytes) -> bytes:
        return registered.sign(signing_input, key)

    # RSA takes milliseconds.
    in_memory = not isinstance(key, RSAKey)
    try:
        return SigningKey(
            chosen[0],
            signer,
            key.thumbprint(),
            key_id,
            certificate,
            public_jwk=_public(key),
            in_memory=in_memory,
        )
    except InvalidInput as fault:
        return fault.with_traceback(None)


def mac(key: MacKey, signing_input: bytes) -> bytes:
    """
    Return an HMAC (RFC 7518 section 3.2).

    Args:
        key: The client secret and the algorithm.
        signing_input: The bytes to sign.
    """
    secret = key.secret.reveal().encode("utf-8")
    # Not by import_key, which checks each time whether the secret is PEM. A `MacKey` never is.
    return JWSRegistry.algorithms[key.algorithm].sign(signing_input, OctKey(secret, secret))


def refused(fault: str) -> InvalidKey:
    """Return the error that says of the signing key what *fault* says."""
    return InvalidKey("signing key", f"signing key {fault}")


def _public(key: Key) -> dict[str, object]:
    return dict(key.as_dict(private=False))


def _algorithms(key: Key, rsa: tuple[Algorithm, ...]) -> tuple[Algorithm, ...] | InvalidKey:
    if isinstance(key, RSAKey):
        size = key.private_key.key_size if key.private_key is not None else 0
        if size < _LEAST_RSA:
            return refused(f"has {size} bits, but RSA below {_LEAST_RSA} is broken; generate a new key")
        return rsa
    try:
        curve = key.curve_name
    except KeyError:
        # joserfc has no name for this curve.
        curve = "unknown"
    return _CURVES.get(curve) or refused(f"has an unsupported curve ({curve}); use P-256, P-384, P-521 or Ed25519")
