"""
The keys that sign assertions and proofs: private keys, and secrets that key an HMAC.

A private key is a function that signs. The key itself may be in a KMS or an HSM.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Final, Literal, Protocol, TypeAlias, final

import attrs

from oauth_cc._wire.base64url import base64url
from oauth_cc._wire.grammar import TEXT, is_text
from oauth_cc.authentication.certificate import Certificate, certificate_fault
from oauth_cc.authentication.public_jwk import public_jwk as read_public_jwk
from oauth_cc.authentication.public_jwk import thumbprint as thumbprint_of
from oauth_cc.errors import InvalidInput, InvalidKey, switch_fault
from oauth_cc.secret import REDACTION, Secret

Algorithm: TypeAlias = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"
]
"""A signature algorithm. Ed25519 is the newer name of EdDSA with a key of that curve (RFC 9864)."""

MacAlgorithm: TypeAlias = Literal["HS256", "HS384", "HS512"]
"""An HMAC algorithm."""

ALGORITHMS: Final[tuple[Algorithm, ...]] = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
"""The algorithms of `SigningKey` (RFC 7518 section 3.1, RFC 8037, RFC 9864)."""

MAC_ALGORITHMS: Final[Mapping[MacAlgorithm, int]] = {"HS256": 32, "HS384": 48, "HS512": 64}
"""The algorithms of `MacKey`, each with the minimum length of its secret in bytes (RFC 7518 section 3.2)."""

Signer: TypeAlias = Callable[[bytes], bytes | Awaitable[bytes]]
"""A function from bytes to their signature, which may be a coroutine function in async code."""


class KeyReader(Protocol):
    """A function that returns the current key."""

    def __call__(self) -> "SigningKey":
        """Return the key."""
        ...


@final
@attrs.frozen
class KeySource:
    """
    Where a private key is read from for each token request, as it may be rotated.

    Args:
        name: A name of the key, such as the path of its file. It takes the place of the key in the cache key.
        read: Returns the current key.

    Raises:
        InvalidKey: *name* is not text, or *read* is not a function.
    """

    name: str
    read: KeyReader = attrs.field(eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if not is_text(self.name) or not callable(self.read):
            reason = "signing key source must have a name without line breaks, and a function that returns the key"
            raise InvalidKey("signing key", reason)


@final
@attrs.frozen(init=False)
class SigningKey:
    """
    A private key, represented by a function that signs with it. `oauth_cc.jose` loads one from PEM or a JWK.

    Keys with the same thumbprint and public half are equal, even if their signers differ.

    Args:
        algorithm: One of `ALGORITHMS`.
        signer: Returns the JWS signature of bytes. For ECDSA that is r and s of fixed length (RFC 7518 section 3.4),
            not the DER form that a KMS returns.
        thumbprint: A unique name of the key, such as its RFC 7638 thumbprint or its name in the KMS.
        key_id: The ``kid`` of the JWT header, None to omit it.
        certificate: The certificate of the key, for the ``x5t#S256`` of the JWT header.
        source: Where the key is read from for each token request. None for a key that is not rotated.
        public_jwk: The public half of the key, a JWK as a mapping, which DPoP proofs show (RFC 9449 section 4.2). It is
            kept as the text of a JSON object. None if the key signs no proofs.
        ephemeral: Whether the key ends with the process, so that no other process can use a token bound to it.
        in_memory: Whether the signer computes the signature in a fraction of a millisecond, so that async code calls it
            without a thread.

    Raises:
        InvalidKey: The algorithm is not one of `ALGORITHMS`, the signer is not a function, a name is not text, the
            source is not a `KeySource`, or *public_jwk* is not a public JWK for the algorithm.
        InvalidInput: The certificate is not a `Certificate`, or *ephemeral* or *in_memory* is not a bool.

    Example:
        >>> SigningKey("ES256", lambda signing_input: bytes(64), "alias/oauth", key_id="2026-11")
        SigningKey(algorithm='ES256', thumbprint='alias/oauth', key_id='2026-11', certificate=None)
    """

    algorithm: Algorithm
    signer: Signer = attrs.field(eq=False, repr=False)
    thumbprint: str
    key_id: str | None = None
    certificate: Certificate | None = None
    source: KeySource | None = attrs.field(default=None, eq=False, repr=False)
    public_jwk: str | None = attrs.field(default=None, repr=False)
    ephemeral: bool = attrs.field(default=False, eq=False, repr=False)
    in_memory: bool = attrs.field(default=False, eq=False, repr=False)

    def __init__(
        self,
        algorithm: Algorithm,
        signer: Signer,
        thumbprint: str,
        key_id: str | None = None,
        certificate: Certificate | None = None,
        *,
        source: KeySource | None = None,
        public_jwk: Mapping[str, object] | str | None = None,
        ephemeral: bool = False,
        in_memory: bool = False,
    ) -> None:
        fault = _signing_fault(algorithm, signer, thumbprint, key_id, certificate)
        fault = fault or switch_fault(ephemeral=ephemeral, in_memory=in_memory)
        if fault is None and not (source is None or isinstance(source, KeySource)):
            fault = InvalidKey("signing key", "signing key source must be a KeySource")
        half = None if fault is not None or public_jwk is None else read_public_jwk(public_jwk, algorithm)
        if isinstance(half, InvalidKey):
            fault = half
        if fault is not None:
            # Tracebacks show local variables, and an argument may be a private key.
            del self, algorithm, signer, thumbprint, key_id, certificate, source, public_jwk, half
            raise fault
        object.__setattr__(self, "algorithm", algorithm)
        object.__setattr__(self, "signer", signer)
        object.__setattr__(self, "thumbprint", thumbprint)
        object.__setattr__(self, "key_id", key_id)
        object.__setattr__(self, "certificate", certificate)
        object.__setattr__(self, "source", source)
        object.__setattr__(self, "public_jwk", half)
        object.__setattr__(self, "ephemeral", ephemeral)
        object.__setattr__(self, "in_memory", in_memory)

    @cached_property
    def jkt(self) -> str | None:
        """The SHA-256 thumbprint of the public half, to which tokens are bound (RFC 9449 section 6.1), or None."""
        return None if self.public_jwk is None else thumbprint_of(self.public_jwk)

    @cached_property
    def proof_header(self) -> str:
        """The encoded header of the DPoP proofs that the key signs (RFC 9449 section 4.2)."""
        header = f'{{"typ":"dpop+jwt","alg":"{self.algorithm}","jwk":{self.public_jwk}}}'
        return base64url(header.encode("utf-8"))


@final
@attrs.frozen(init=False)
class MacKey:
    """
    A secret shared with the server that keys an HMAC and is never sent.

    Args:
        secret: The secret, at least as many bytes in UTF-8 as `MAC_ALGORITHMS` requires.
        algorithm: One of `MAC_ALGORITHMS`.

    Raises:
        InvalidInput: The secret is too short or contains a control character, or the algorithm is not an HMAC.

    Example:
        >>> MacKey("7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1", "HS256")
        MacKey(secret=Secret('***'), algorithm='HS256')
    """

    secret: Secret
    algorithm: MacAlgorithm

    def __init__(self, secret: str | Secret, algorithm: MacAlgorithm) -> None:
        fault = mac_fault(secret, algorithm)
        if fault is not None:
            del self, secret, algorithm
            raise fault
        object.__setattr__(self, "secret", secret if isinstance(secret, Secret) else Secret(secret))
        object.__setattr__(self, "algorithm", algorithm)


def dpop_key_fault(key: object) -> InvalidKey | None:
    """
    Return the error for a *key* that cannot sign proofs, None if it can. The error does not quote it.

        >>> str(dpop_key_fault("key.pem"))
        'signing key must be a SigningKey, not str; use oauth_cc.jose to load or make one'
    """
    if not isinstance(key, SigningKey):
        kind = type(key).__name__
        return InvalidKey(
            "signing key", f"signing key must be a SigningKey, not {kind}; use oauth_cc.jose to load or make one"
        )
    if key.public_jwk is None:
        reason = "signing key must have its public half for DPoP; pass public_jwk= to SigningKey"
        return InvalidKey("signing key", reason)
    return None


def mac_algorithm_fault(algorithm: object) -> InvalidInput | None:
    """Return the error for an *algorithm* that is not one of `MAC_ALGORITHMS`, None if it is."""
    if any([name == algorithm for name in MAC_ALGORITHMS]):
        return None
    names = ", ".join(MAC_ALGORITHMS)
    reason = f"client authentication algorithm must be one of {names}; use PrivateKeyJwt for a private key"
    return InvalidInput("client authentication", reason)


def mac_fault(secret: object, algorithm: object) -> InvalidInput | None:
    """
    Return the error for a secret that cannot key an HMAC, None if it can (RFC 7518 section 3.2).

        >>> str(mac_fault("s3cret", "HS256"))
        'client_secret must have at least 32 bytes for HS256; request a longer one from the server'

    Args:
        secret: The client secret. The error does not quote it.
        algorithm: ``HS256``, ``HS384`` or ``HS512``.
    """
    fault = mac_algorithm_fault(algorithm)
    if fault is not None:
        return fault
    least = max([size for name, size in MAC_ALGORITHMS.items() if name == algorithm])
    if not isinstance(secret, str | Secret):
        return InvalidInput("client_secret", f"client_secret must be a str or Secret, not {type(secret).__name__}")
    text = secret.reveal() if isinstance(secret, Secret) else secret
    if "-----BEGIN" in text or text.startswith(("ssh-", "ecdsa-")):
        reason = "client_secret must not be a key or certificate; use PrivateKeyJwt for a private key"
        return InvalidInput("client_secret", reason)
    if not TEXT.fullmatch(text):
        reason = "client_secret must not contain a line break or another control character; remove it"
        return InvalidInput("client_secret", reason)
    if REDACTION in text:
        reason = "client_secret is the redacted text of a Secret; pass the Secret object instead of str(secret)"
        return InvalidInput("client_secret", reason)
    if len(text.encode("utf-8")) < least:
        reason = f"client_secret must have at least {least} bytes for {algorithm}; request a longer one from the server"
        return InvalidInput("client_secret", reason)
    return None


def _signing_fault(
    algorithm: object, signer: Signer, thumbprint: str, key_id: str | None, certificate: Certificate | None
) -> InvalidInput | None:
    if algorithm not in ALGORITHMS:
        return InvalidKey("signing key", f"signing key algorithm must be one of {', '.join(ALGORITHMS)}")
    if not callable(signer):
        reason = "signing key signer must be a function from bytes to bytes; use oauth_cc.jose to load a private key"
        return InvalidKey("signing key", reason)
    if not is_text(thumbprint) or not (key_id is None or is_text(key_id)):
        reason = "signing key thumbprint and key_id must be text without line breaks"
        return InvalidKey("signing key", reason)
    return None if certificate is None else certificate_fault(certificate)
