"""
Signing keys from PEM, JWK and files, by joserfc (the extra ``jwt``).
"""

import inspect
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from oauth_cc._wire.json import is_array, is_object, parse_object
from oauth_cc._wire.pem import unwrap
from oauth_cc.authentication.certificate import Certificate
from oauth_cc.authentication.federated import checked_path
from oauth_cc.authentication.jwt import UnsignedJwt
from oauth_cc.authentication.key_forms import UNKNOWN, account_fault, recognized, unknown_in_file
from oauth_cc.authentication.keys import ALGORITHMS, Algorithm, KeySource, MacKey, SigningKey
from oauth_cc.errors import InvalidInput, InvalidKey
from oauth_cc.jose._joserfc import PSS, RSA, generate, load, load_jwk, refused, signing_key
from oauth_cc.jose._joserfc import mac as mac
from oauth_cc.secret import Secret

__all__ = ["key_from_file", "key_from_jwk", "key_from_pem", "new_key"]


def __dir__() -> list[str]:
    return __all__


_MAX_KEY: Final = 64 * 1024


def key_from_pem(
    pem: str | bytes | Secret,
    *,
    algorithm: Algorithm | None = None,
    key_id: str | None = None,
    certificate: Certificate | None = None,
    password: str | bytes | Secret | None = None,
) -> SigningKey:
    """
    Load a signing key from PEM.

        >>> from joserfc.jwk import ECKey
        >>> pem = ECKey.generate_key("P-256").as_pem(private=True)
        >>> key_from_pem(pem, key_id="2026-11").algorithm
        'ES256'

    Args:
        pem: The key as text or bytes: PEM or DER (PKCS #8, PKCS #1, SEC 1), OpenSSH, PKCS #12, or any of them in
            base64. Joined lines, other line ends and a byte order mark do not matter.
        algorithm: For RSA one of RS256 (the default), RS384, RS512, PS256, PS384 and PS512. For Ed25519 EdDSA (the
            default) or Ed25519. Any other key only has the algorithm of its curve. A key for RSASSA-PSS has PS256 (the
            default), PS384 and PS512.
        key_id: The ``kid`` of the header.
        certificate: The certificate of the key, for the header's ``x5t#S256``.
        password: The password of an encrypted key.

    Raises:
        InvalidKey: *pem* is not a private key, is RSA below 2048 bits, or does not support *algorithm*. The error names
            the form that was found.
        InvalidInput: *certificate* is not a `Certificate`.
    """
    made = _from_content(pem, algorithm, key_id, certificate, password)
    # Tracebacks show local variables, and each of these may be a key.
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
    Load a signing key from a JSON Web Key (RFC 7517).

        >>> from joserfc.jwk import OKPKey
        >>> key_from_jwk(OKPKey.generate_key("Ed25519").as_dict(private=True), key_id="2026-11").algorithm
        'EdDSA'

    Args:
        jwk: The private JWK, as text, bytes or a mapping, or a JWK set. *key_id* names the key of a set.
        algorithm: The algorithm in place of the member ``alg``, as for `key_from_pem`.
        key_id: The ``kid`` in place of the member of this name.
        certificate: The certificate of the key, for the header's ``x5t#S256``.

    Raises:
        InvalidKey: *jwk* is not a private JWK for signatures, is RSA below 2048 bits, or does not support *algorithm*.
        InvalidInput: *certificate* is not a `Certificate`.
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
    Load a signing key from a file in any form that `key_from_pem` and `key_from_jwk` read.

    The file is read again for each token request that the key signs, so a new key in its place is used. Tokens in a
    store are cached by the path. A key for DPoP is not read again, as tokens are bound to it.

    Args:
        file: The path of the file.
        algorithm: The algorithm, as for `key_from_pem` and `key_from_jwk`.
        key_id: The ``kid`` of the header.
        certificate: The certificate of the key, for the header's ``x5t#S256``.
        password: The password of an encrypted key.

    Raises:
        InvalidKey: The file cannot be read, or `key_from_pem` and `key_from_jwk` reject its content.
        InvalidInput: *certificate* is not a `Certificate`.
    """
    path = checked_path(file)
    made = (
        refused("must be the path of a file; pass its content to key_from_pem() or key_from_jwk()")
        if path is None
        else _from_file(path, algorithm, key_id, certificate, password)
    )
    del file, path, algorithm, key_id, certificate, password
    if isinstance(made, InvalidInput):
        raise made
    return made


def new_key(algorithm: Algorithm = "ES256") -> SigningKey:
    """
    Return a new signing key, which ends with the process: for DPoP without a store that processes share (RFC 9449).

        >>> new_key().algorithm
        'ES256'

    Args:
        algorithm: The algorithm. RSA takes a second, and proofs of ES256 and Ed25519 are short.

    Raises:
        InvalidKey: The algorithm is not one of the algorithms of `SigningKey`.
    """
    generated = generate(algorithm)
    if generated is None:
        raise refused(f"algorithm must be one of {', '.join(ALGORITHMS)}")
    made = signing_key(generated, algorithm, None, None, RSA)
    del generated
    if isinstance(made, InvalidInput):
        raise made
    return attrs.evolve(made, ephemeral=True)


def sign(unsigned: UnsignedJwt) -> Secret:
    """
    Sign *unsigned* with its key, for programs that compose requests by hand.

    Exceptions of the key's signer pass through.

    Raises:
        InvalidKey: The key's signer is a coroutine function.
    """
    if isinstance(unsigned.key, MacKey):
        return unsigned.signed(mac(unsigned.key, unsigned.signing_input))
    signature = unsigned.key.signer(unsigned.signing_input)
    if inspect.iscoroutine(signature):
        signature.close()
    if not isinstance(signature, bytes):
        raise InvalidKey("signing key", "signing key's signer must return bytes; await a coroutine function yourself")
    return unsigned.signed(signature)


def _from_file(
    path: str,
    algorithm: Algorithm | None,
    key_id: str | None,
    certificate: Certificate | None,
    password: str | bytes | Secret | None,
) -> SigningKey | InvalidInput:
    def read() -> SigningKey:
        return key_from_file(path, algorithm=algorithm, key_id=key_id, certificate=certificate, password=password)

    content = _content(path)
    if isinstance(content, InvalidInput):
        return content
    made = _from_content(content, algorithm, key_id, certificate, password)
    if isinstance(made, SigningKey):
        return attrs.evolve(made, source=KeySource(path, read))
    fault = made.reason.removeprefix("signing key ")
    if not isinstance(made, InvalidKey) or fault == made.reason:
        return made
    return refused(f"file {path} {unknown_in_file(content) if fault == UNKNOWN else fault}")


def _content(path: str) -> bytes | InvalidInput:
    try:
        with Path(path).open("rb") as opened:
            return opened.read(_MAX_KEY + 1)
    except OSError as error:
        return refused(f"file {path} cannot be read: {error.strerror}; check the path")


def _from_content(
    content: str | bytes | Secret,
    algorithm: Algorithm | None,
    key_id: str | None,
    certificate: Certificate | None,
    password: str | bytes | Secret | None,
) -> SigningKey | InvalidInput:
    given = content.reveal() if isinstance(content, Secret) else content
    if not isinstance(given, str | bytes) or len(given) > _MAX_KEY:
        return refused(UNKNOWN)
    if not (password is None or isinstance(password, str | bytes | Secret)):
        return refused(f"password must be a str, bytes or Secret, not {type(password).__name__}")
    found = recognized(given, has_password=password is not None)
    del given
    if isinstance(found, str):
        return refused(found)
    if found.form == "JWK":
        return _from_jwk(found.content, algorithm, key_id, certificate)
    key = load(found, password)
    if key is None and found.needs_bcrypt:
        reason = "is an encrypted key of OpenSSH and cannot be read; pass the right password and install bcrypt"
        return refused(f"{reason}, or remove the password with: ssh-keygen -p -f FILE")
    if key is None and found.form == "PKCS #12":
        return refused("is PKCS #12 and cannot be read; export it with its key, and pass the right password")
    return signing_key(key, algorithm, key_id, certificate, PSS if found.rsa_pss else RSA)


def _from_jwk(
    jwk: str | bytes | Secret | Mapping[str, object],
    algorithm: Algorithm | None,
    key_id: str | None,
    certificate: Certificate | None,
) -> SigningKey | InvalidInput:
    members = _members(jwk)
    if members is not None and "keys" in members:
        chosen = _in_set(members["keys"], key_id)
        if isinstance(chosen, InvalidInput):
            return chosen
        members = chosen
    if members is None or "kty" not in members:
        fault = "is not a JWK; pass a JSON object with a member 'kty' (RFC 7517 section 4)"
        return refused(account_fault(members or {}) or fault)
    if members["kty"] == "oct":
        return refused("is a symmetric JWK, a secret; pass a private key, or the secret to ClientSecretJwt")
    if not isinstance(members.get("d"), str):
        return refused("is a public JWK; pass the private JWK, which has a member 'd'")
    named, numbered, use = members.get("alg"), members.get("kid"), members.get("use")
    if use is not None and use != "sig":
        return refused("is for encryption, as its member 'use' says; pass a key for signatures")
    operations = members.get("key_ops")
    if operations is not None and not (is_array(operations) and "sign" in operations):
        return refused("is not for signatures, as its member 'key_ops' says; pass a key for signatures")
    if not (named is None or isinstance(named, str)):
        return refused("has a member 'alg' that is not a str; pass algorithm=")
    if not (numbered is None or isinstance(numbered, str)):
        return refused("has a member 'kid' that is not a str; pass key_id=")
    return signing_key(
        # Other members are not key material.
        load_jwk({name: value for name, value in members.items() if isinstance(value, str)}),
        named if algorithm is None else algorithm,
        numbered if key_id is None else key_id,
        certificate,
        RSA,
    )


def _in_set(keys: object, key_id: str | None) -> Mapping[str, object] | InvalidInput:
    private = [key for key in keys if is_object(key) and "d" in key] if is_array(keys) else []
    named = [key for key in private if key_id is None or key.get("kid") == key_id]
    if len(named) == 1:
        return named[0]
    if not private:
        return refused("is a JWK set without a private key; pass the set that your program generated")
    known = [kid for kid in [key.get("kid") for key in private] if isinstance(kid, str) and kid.isprintable()]
    advice = f"pass key_id=, one of: {', '.join(known)}" if known else "pass one of its keys"
    return refused(f"is a JWK set in which {len(named)} private keys match; {advice}")


def _text(given: str | bytes | Secret) -> str | None:
    revealed = given.reveal() if isinstance(given, Secret) else given
    if not isinstance(revealed, str | bytes) or len(revealed) > _MAX_KEY:
        return None
    found = unwrap(revealed)
    return found if isinstance(found, str) else None


def _members(jwk: str | bytes | Secret | Mapping[str, object]) -> Mapping[str, object] | None:
    if isinstance(jwk, Mapping):
        return jwk
    text = _text(jwk)
    found = parse_object(text) if text is not None and len(text) <= _MAX_KEY else ""
    return None if isinstance(found, str) else found
