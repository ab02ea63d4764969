"""
Keys that joserfc reads and signs with, made into records: the extra ``jwt``.
"""

import inspect
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from oauth_cc.assertion import ALGORITHMS, MacKey, SigningKey, UnsignedAssertion
from oauth_cc.certificate import Certificate
from oauth_cc.errors import InvalidAuthentication
from oauth_cc.jsontext import parse_object
from oauth_cc.secret import Secret

try:
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey, import_key
    from joserfc.jws import JWSRegistry
except ImportError as _error:
    raise ImportError("oauth_cc.jose needs joserfc: install oauth_cc[jwt]") from _error

__all__ = ["key_from_file", "key_from_jwk", "key_from_pem", "mac", "sign"]

_MAX_KEY: Final = 64 * 1024
_LEAST_RSA: Final = 2048
_CURVES: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}
_RSA: Final = tuple(name for name in ALGORITHMS if name[:2] in ("RS", "PS"))


def key_from_pem(
    pem: str | bytes | Secret,
    *,
    algorithm: str | None = None,
    key_id: str | None = None,
    certificate: Certificate | None = None,
    password: str | bytes | Secret | None = None,
) -> SigningKey:
    """
    Gives the signing key of *pem*, a private key (RFC 7468, PKCS #8 or of its own format).

    *algorithm*: for RSA one of RS256 (the default, which every server knows), RS384, RS512, PS256, PS384 and PS512; the
    curve of another key leaves no choice. *key_id*: the header's ``kid``; *certificate*: that of the key, for its
    ``x5t#S256``; *password*: what the key is encrypted with. Raises `InvalidAuthentication` for what is no such key, a
    public one, RSA below 2048 bits, or an algorithm that the key has not.

        >>> pem = ECKey.generate_key("P-256").as_pem(private=True)
        >>> key_from_pem(pem, key_id="2026-11").algorithm
        'ES256'
    """
    made = _from_pem(pem, algorithm, key_id, certificate, password)
    del pem, password
    if isinstance(made, InvalidAuthentication):
        raise made
    return made


def key_from_jwk(
    jwk: str | bytes | Secret | Mapping[str, object],
    *,
    algorithm: str | None = None,
    key_id: str | None = None,
    certificate: Certificate | None = None,
) -> SigningKey:
    """
    Gives the signing key of *jwk*, a private JSON Web Key as text or mapping (RFC 7517).

    *algorithm*, *key_id*: None for its ``alg`` and ``kid``; the rest as `key_from_pem` has it.

        >>> key_from_jwk(OKPKey.generate_key("Ed25519").as_dict(private=True), key_id="2026-11").algorithm
        'EdDSA'
    """
    made = _from_jwk(jwk, algorithm, key_id, certificate)
    del jwk
    if isinstance(made, InvalidAuthentication):
        raise made
    return made


def key_from_file(
    file: str | os.PathLike[str],
    *,
    algorithm: str | None = None,
    key_id: str | None = None,
    certificate: Certificate | None = None,
    password: str | bytes | Secret | None = None,
) -> SigningKey:
    """
    Gives the signing key in *file*, PEM or JWK, with the arguments of `key_from_pem`. It is read once.

    Raises `InvalidAuthentication` if the file cannot be read, too.
    """
    content = _content(Path(file))
    if isinstance(content, Secret) and content.reveal().lstrip().startswith("{"):
        made = _from_jwk(content, algorithm, key_id, certificate)
    elif isinstance(content, Secret):
        made = _from_pem(content, algorithm, key_id, certificate, password)
    else:
        made = content
    del content, password
    if isinstance(made, InvalidAuthentication):
        raise made
    return made


def sign(unsigned: UnsignedAssertion) -> Secret:
    """
    Gives the assertion of *unsigned*, signed by its key: for whoever composes by hand. Raises what the key's signer
    does, and `InvalidAuthentication` if that is a coroutine function.
    """
    if isinstance(unsigned.key, MacKey):
        return unsigned.signed(mac(unsigned.key, unsigned.signing_input))
    signature = unsigned.key.signer(unsigned.signing_input)
    if inspect.iscoroutine(signature):
        signature.close()
    if not isinstance(signature, bytes):
        raise InvalidAuthentication("signing key", "its signer gives no bytes: await a coroutine function yourself")
    return unsigned.signed(signature)


def mac(key: MacKey, signing_input: bytes) -> bytes:
    """Gives the HMAC of *signing_input* by *key* (RFC 7518 section 3.2)."""
    return JWSRegistry.algorithms[key.algorithm].sign(signing_input, OctKey.import_key(key.secret.reveal()))


def _content(file: Path) -> Secret | InvalidAuthentication:
    try:
        with file.open("rb") as opened:
            return Secret(opened.read(_MAX_KEY + 1).decode("utf-8", "replace"))
    except OSError as error:
        return InvalidAuthentication("signing key", f"the file {file} cannot be read: {error.strerror}")


def _from_pem(
    pem: str | bytes | Secret,
    algorithm: str | None,
    key_id: str | None,
    certificate: Certificate | None,
    password: str | bytes | Secret | None,
) -> SigningKey | InvalidAuthentication:
    text = _text(pem)
    if text is None or "-----BEGIN" not in text or len(text) > _MAX_KEY:
        return _refused("is no PEM: give the text of the file that begins with -----BEGIN, and not its name")
    if "PRIVATE KEY-----" not in text:
        return _refused("is a public key or a certificate: give the private key, which signs")
    if password is None and "ENCRYPTED" in text:
        return _refused("is encrypted: give its password=")
    return _made(_imported(text, password), algorithm, key_id, certificate)


def _from_jwk(
    jwk: str | bytes | Secret | Mapping[str, object],
    algorithm: str | None,
    key_id: str | None,
    certificate: Certificate | None,
) -> SigningKey | InvalidAuthentication:
    members = _members(jwk)
    if members is None:
        return _refused("is no JWK: give a JSON object, as text or mapping (RFC 7517 section 4)")
    if not isinstance(members.get("d"), str) and members.get("kty") != "oct":
        return _refused("is a public JWK: give the private one, with its member 'd', which signs")
    named, numbered = members.get("alg"), members.get("kid")
    if members.get("use", "sig") != "sig":
        return _refused("is for encryption, as its member 'use' says: give one for signatures")
    return _made(
        # What else a JWK may have, no key is made of.
        _imported({name: value for name, value in members.items() if isinstance(value, str)}, None),
        algorithm if algorithm is not None or not isinstance(named, str) else named,
        key_id if key_id is not None or not isinstance(numbered, str) else numbered,
        certificate,
    )


def _refused(reason: str) -> InvalidAuthentication:
    return InvalidAuthentication("signing key", reason)


def _text(given: str | bytes | Secret) -> str | None:
    match given:
        case Secret():
            return given.reveal()
        case bytes():
            return given.decode("utf-8", "replace")
        case str():
            return given
        case _:
            return None


def _members(jwk: str | bytes | Secret | Mapping[str, object]) -> Mapping[str, object] | None:
    if isinstance(jwk, Mapping):
        return jwk
    text = _text(jwk)
    found = parse_object(text) if text is not None and len(text) <= _MAX_KEY else ""
    return None if isinstance(found, str) else found


def _imported(material: str | dict[str, str | list[str]], password: str | bytes | Secret | None) -> object:
    word = password.reveal() if isinstance(password, Secret) else password
    kinds = (RSAKey, ECKey, OKPKey) if isinstance(material, str) else (None,)
    for kind in kinds:
        try:
            with warnings.catch_warnings():
                # joserfc warns of short keys, which are refused here.
                warnings.simplefilter("ignore")
                return import_key(material) if kind is None else kind.import_key(material, password=word)
        except (ValueError, TypeError, KeyError, JoseError):
            continue
    return None


def _made(
    key: object, algorithm: str | None, key_id: str | None, certificate: Certificate | None
) -> SigningKey | InvalidAuthentication:
    if not isinstance(key, RSAKey | ECKey | OKPKey):
        return _refused("cannot be read: give a private RSA, EC or Ed25519 key, and the right password")
    possible = _algorithms(key)
    if isinstance(possible, InvalidAuthentication):
        return possible
    chosen = possible[0] if algorithm is None else algorithm
    if chosen not in possible:
        return _refused(f"does not sign by the algorithm given: take {' or '.join(possible)}")
    registered = JWSRegistry.algorithms[chosen]

    def signer(signing_input: bytes) -> bytes:
        return registered.sign(signing_input, key)

    try:
        return SigningKey(chosen, signer, key.thumbprint(), key_id, certificate)
    except InvalidAuthentication as fault:
        return fault.with_traceback(None)


def _algorithms(key: RSAKey | ECKey | OKPKey) -> tuple[str, ...] | InvalidAuthentication:
    if isinstance(key, RSAKey):
        size = key.private_key.key_size if key.private_key is not None else 0
        if size < _LEAST_RSA:
            return _refused(f"has {size} bits, and RSA below {_LEAST_RSA} is broken: have a new one made")
        return _RSA
    algorithm = _CURVES.get(key.curve_name)
    if algorithm is None:
        return _refused(f"is of curve {key.curve_name}: take P-256, P-384, P-521 or Ed25519")
    return (algorithm,)
