"""
The public half of a signing key: its JWK with the required members, and the RFC 7638 thumbprint of it.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from oauth_cc._wire.base64url import base64url
from oauth_cc._wire.json import is_object, parse_object, write
from oauth_cc.errors import InvalidKey

_NUMBER: Final = re.compile(r"[-_0-9A-Za-z]+")
_CURVES: Final = {"ES256": ("P-256", 43), "ES384": ("P-384", 64), "ES512": ("P-521", 88)}
_EDWARDS: Final = 43
# The characters of a modulus of 2048 bits.
_LEAST_MODULUS: Final = 342


def public_jwk(given: Mapping[str, object] | str, algorithm: str) -> str | InvalidKey:
    """
    Return the required members of a public JWK as compact JSON in lexicographic order, or the error.

    That text is the input of the thumbprint (RFC 7638 section 3). It is accepted as *given*, too.

        >>> text = public_jwk({"kty": "OKP", "crv": "Ed25519", "x": "A" * 43, "kid": "2026-11"}, "EdDSA")
        >>> text
        '{"crv":"Ed25519","kty":"OKP","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}'

    Args:
        given: The JWK, a mapping or its JSON text.
        algorithm: The algorithm of the key.
    """
    members = parse_object(given) if isinstance(given, str) else given
    if not is_object(members):
        return _refused("must be a JWK, as a mapping or as the text of a JSON object")
    if "d" in members or "k" in members:
        return _refused("must not have a private member; leave out 'd' and the other private members")
    sizes = _sizes(members, algorithm)
    if sizes is None:
        return _refused(f"must be of the type and the curve of {algorithm} (RFC 7518 section 6)")
    numbers = {name: members.get(name) for name in sizes}
    if not all([_is_number(numbers[name], *size) for name, size in sizes.items()]):
        return _refused(f"must have {' and '.join(sizes)} as base64url of the right length (RFC 7518 section 6)")
    named = {name: members[name] for name in ("crv", "kty") if name in members}
    return write(dict(sorted((numbers | named).items())))


def thumbprint(jwk: str) -> str:
    """
    Return the SHA-256 thumbprint of a *jwk* that `public_jwk` returned (RFC 7638 section 3.1).

        >>> thumbprint('{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}')
        'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k'
    """
    return base64url(hashlib.sha256(jwk.encode("ascii")).digest())


def _sizes(members: Mapping[str, object], algorithm: str) -> dict[str, tuple[int, int]] | None:
    kty, crv = members.get("kty"), members.get("crv")
    if algorithm in _CURVES:
        curve, size = _CURVES[algorithm]
        return {"x": (size, size), "y": (size, size)} if (kty, crv) == ("EC", curve) else None
    if algorithm in ("EdDSA", "Ed25519"):
        return {"x": (_EDWARDS, _EDWARDS)} if (kty, crv) == ("OKP", "Ed25519") else None
    return {"e": (1, 16), "n": (_LEAST_MODULUS, 8192)} if kty == "RSA" and crv is None else None


def _is_number(value: object, least: int, most: int) -> bool:
    return isinstance(value, str) and least <= len(value) <= most and _NUMBER.fullmatch(value) is not None


def _refused(fault: str) -> InvalidKey:
    return InvalidKey("signing key", f"signing key public_jwk {fault}")
