"""
Keys that joserfc reads and signs with, made into records: the extra ``jwt``.
"""

import inspect
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

from oauth_cc._wire.json import is_array, parse_object
from oauth_cc.authentication.certificate import Certificate
from oauth_cc.authentication.federated import checked_path
from oauth_cc.authentication.jwt import Algorithm, MacKey, SigningKey, UnsignedAssertion
from oauth_cc.errors import InvalidInput, InvalidKey
from oauth_cc.secret import Secret

try:
    from cryptography.exceptions import UnsupportedAlgorithm
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey, import_key
    from joserfc.jws import JWSRegistry
except ImportError as _error:
    raise ImportError("oauth_cc.jose needs joserfc: install oauth_cc[jwt]") from _error

__all__ = ["key_from_file", "key_from_jwk", "key_from_pem"]


def __dir__() -> list[str]:
    return __all__


_MAX_KEY: Final = 64 * 1024
_LEAST_RSA: Final = 2048
_CURVES: Final[Mapping[str, tuple[Algorithm, ...]]] = {
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "Ed25519": ("EdDSA", "Ed25519"),
}
_RSA: Final[tuple[Algorithm, ...]] = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")

_Key: TypeAlias = RSAKey | ECKey | OKPKey


def key_from_pem(
    pem: str | bytes | Secret,
    *,
    algorithm: Algorithm | None = None,
    key_id: str | None = None,
    certificate: Certificate | None = None,
    password: str | bytes | Secret | None = None,
) -> SigningKey:
    """
    Gives the signing key of *pem*, a private key (RFC 7468, PKCS #8 or of its own format).

    *algorithm*: for RSA one of RS256 (the default, which every server knows), RS384, RS512, PS256, PS384 and PS512; for
    Ed25519 EdDSA (the default) or Ed25519; the curve of another key leaves no choice. *key_id*: the header's ``kid``;
    *certificate*: that of the key, for its ``x5t#S256``; *password*: what the key is encrypted with. Raises
    `InvalidKey` for what is no such key, a public one, RSA below 2048 bits, or an algorithm that the key has
    not, `InvalidInput` for what is no certificate.

        >>> pem = ECKey.generate_key("P-256").as_pem(private=True)
        >>> key_from_pem(pem, key_id="2026-11").algorithm
        'ES256'
    """
    made = _from_pem(pem, algorithm, key_id, certificate, password)
    # Tracebacks show local variables, and any of these may be a key.
    del pem, algorithm, key_id, certificate, password
    if isinstance(made, InvalidInput):
        raise made
    return made


def key_from_jwk(
    jwk: str | bytes | Secret | Mapping[str, object],
    *,
    algorithm: Algorithm | None = None,
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
    del jwk, algorithm, key_id, certificate
    if isinstance(made, InvalidInput):
        raise made
    return made


def key_from_file(
    file: str | os.PathLike[str],
    *,
    algorithm: Algorithm | None = None,
    key_id: str | None = None,
    certificate: Certificate | None = None,
    password: str | bytes | Secret | None = None,
) -> SigningKey:
    """
    Gives the signing key in *file*, PEM or JWK, with the arguments of `key_from_pem`. It is read once.

    Raises `InvalidKey` if the file cannot be read, too.
    """
    made = _from_content(_content(file), algorithm, key_id, certificate, password)
    del file, algorithm, key_id, certificate, password
    if isinstance(made, InvalidInput):
        raise made
    return made


def sign(unsigned: UnsignedAssertion) -> Secret:
    """
    Gives the assertion of *unsigned*, signed by its key: for whoever composes by hand. Raises what the key's signer
    does, and `InvalidKey` if that is a coroutine function.
    """
    if isinstance(unsigned.key, MacKey):
        return unsigned.signed(mac(unsigned.key, unsigned.signing_input))
    signature = unsigned.key.signer(unsigned.signing_input)
    if inspect.iscoroutine(signature):
        signature.close()
    if not isinstance(signature, bytes):
        raise InvalidKey("signing key", "its signer gives no bytes: await a coroutine function yourself")
    return unsigned.signed(signature)


def mac(key: MacKey, signing_input: bytes) -> bytes:
    """Gives the HMAC of *signing_input* by *key* (RFC 7518 section 3.2)."""
    secret = key.secret.reveal().encode("utf-8")
    # Not by import_key, which looks each time whether the secret is a key in PEM: a `MacKey` is none.
    return JWSRegistry.algorithms[key.algorithm].sign(signing_input, OctKey(secret, secret))


def _content(file: str | os.PathLike[str]) -> Secret | InvalidInput:
    path = checked_path(file)
    if path is None:
        return _refused("give the path of its file: what is in it goes to key_from_pem() or key_from_jwk()")
    try:
        with Path(path).open("rb") as opened:
            # Some editors begin a file with a byte order mark.
            return Secret(opened.read(_MAX_KEY + 1).decode("utf-8-sig", "replace"))
    except OSError as error:
        return _refused(f"the file {path} cannot be read: {error.strerror}")


def _from_content(
    content: Secret | InvalidInput,
    algorithm: Algorithm | None,
    key_id: str | None,
    certificate: Certificate | None,
    password: str | bytes | Secret | None,
) -> SigningKey | InvalidInput:
    if not isinstance(content, Secret):
        return content
    if content.reveal().lstrip().startswith("{"):
        return _from_jwk(content, algorithm, key_id, certificate)
    return _from_pem(content, algorithm, key_id, certificate, password)


def _from_pem(
    pem: str | bytes | Secret,
    algorithm: Algorithm | None,
    key_id: str | None,
    certificate: Certificate | None,
    password: str | bytes | Secret | None,
) -> SigningKey | InvalidInput:
    text = _text(pem)
    if text is None or "-----BEGIN" not in text or len(text) > _MAX_KEY:
        return _refused("is no PEM: give the text of the file that begins with -----BEGIN, and not its name")
    if "PRIVATE KEY-----" not in text:
        return _refused("is a public key or a certificate: give the private key, which signs")
    if "\\n" in text:
        return _refused("has \\n where its lines should end: put line ends there, as some environments need it")
    if password is None and "ENCRYPTED" in text:
        return _refused("is encrypted: give its password=")
    return _made(_key_of_pem(text, password), algorithm, key_id, certificate)


def _from_jwk(
    jwk: str | bytes | Secret | Mapping[str, object],
    algorithm: Algorithm | None,
    key_id: str | None,
    certificate: Certificate | None,
) -> SigningKey | InvalidInput:
    members = _members(jwk)
    if members is not None and "keys" in members:
        return _refused("is a JWK set: give one key of it")
    if members is None or "kty" not in members:
        return _refused("is no JWK: give a JSON object with a member 'kty' (RFC 7517 section 4)")
    if not isinstance(members.get("d"), str) and members.get("kty") != "oct":
        return _refused("is a public JWK: give the private one, with its member 'd', which signs")
    named, numbered, use = members.get("alg"), members.get("kid"), members.get("use")
    if use is not None and use != "sig":
        return _refused("is for encryption, as its member 'use' says: give one for signatures")
    operations = members.get("key_ops")
    if operations is not None and not (is_array(operations) and "sign" in operations):
        return _refused("is not for signing, as its member 'key_ops' says: give one that is")
    if not (named is None or isinstance(named, str)):
        return _refused("has a member 'alg' that is no text: give algorithm=")
    if not (numbered is None or isinstance(numbered, str)):
        return _refused("has a member 'kid' that is no text: give key_id=")
    return _made(
        # What else a JWK may have, no key is made of.
        _key_of_jwk({name: value for name, value in members.items() if isinstance(value, str)}),
        named if algorithm is None else algorithm,
        numbered if key_id is None else key_id,
        certificate,
    )


def _refused(reason: str) -> InvalidKey:
    return InvalidKey("signing key", reason)


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


_UNREADABLE: Final = (ValueError, TypeError, KeyError, NotImplementedError, JoseError, UnsupportedAlgorithm)


def _key_of_pem(text: str, password: str | bytes | Secret | None) -> _Key | None:
    word = password.reveal() if isinstance(password, Secret) else password
    # A password that is not needed does no harm.
    for given in (word, None):
        for kind in (RSAKey, ECKey, OKPKey):
            try:
                with warnings.catch_warnings():
                    # joserfc warns of short keys, which are refused here.
                    warnings.simplefilter("ignore")
                    return kind.import_key(text, password=given)
            except _UNREADABLE:
                continue
    return None


def _key_of_jwk(members: dict[str, str | list[str]]) -> _Key | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            key = import_key(members)
    except _UNREADABLE:
        return None
    if isinstance(key, OctKey):
        return None
    # Of Ed25519, the public half that the JWK gives is taken on trust.
    same = not isinstance(key, OKPKey) or OKPKey.import_key(key.as_pem(private=True)).thumbprint() == key.thumbprint()
    return key if same else None


def _made(
    key: _Key | None, algorithm: str | None, key_id: str | None, certificate: Certificate | None
) -> SigningKey | InvalidInput:
    if key is None:
        return _refused("cannot be read: give a private RSA, EC or Ed25519 key as it was made, and the right password")
    possible = _algorithms(key)
    if isinstance(possible, InvalidKey):
        return possible
    chosen: list[Algorithm] = [name for name in possible if algorithm in (name, None)]
    if not chosen:
        return _refused(f"does not sign by the algorithm given, or by its own 'alg': take {' or '.join(possible)}")
    registered = JWSRegistry.algorithms[chosen[0]]

    def signer(signing_input: bytes) -> bytes:
        return registered.sign(signing_input, key)

    try:
        return SigningKey(chosen[0], signer, key.thumbprint(), key_id, certificate)
    except InvalidInput as fault:
        return fault.with_traceback(None)


def _algorithms(key: _Key) -> tuple[Algorithm, ...] | InvalidKey:
    if isinstance(key, RSAKey):
        size = key.private_key.key_size if key.private_key is not None else 0
        if size < _LEAST_RSA:
            return _refused(f"has {size} bits, and RSA below {_LEAST_RSA} is broken: have a new one made")
        return _RSA
    try:
        curve = key.curve_name
    except KeyError:
        # joserfc does not know its name either.
        curve = "another kind"
    return _CURVES.get(curve) or _refused(f"is of curve {curve}: take P-256, P-384, P-521 or Ed25519")
