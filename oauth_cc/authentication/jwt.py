"""
JWTs that a client signs to authenticate, a new one for every request (RFC 7523).

    AssertionDraft, now, unique_id ─ at ─▶ UnsignedAssertion ─ (a key signs) ─ signed ─▶ Secret

Keys sign elsewhere, a KMS or an HSM perhaps: here an assertion is written up to its signature, and no key is read.
"""

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal, TypeAlias, final

import attrs

from oauth_cc._wire.base64url import base64url
from oauth_cc._wire.grammar import TEXT
from oauth_cc._wire.json import write
from oauth_cc.authentication.certificate import Certificate, certificate_fault
from oauth_cc.errors import InvalidInput, InvalidKey
from oauth_cc.secret import REDACTION, Secret

JWT_BEARER: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""The type of an assertion that is a JWT (RFC 7523 section 2.2)."""

Algorithm: TypeAlias = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"
]
"""A signature algorithm; Ed25519 is a newer name of what EdDSA is with keys of that curve (RFC 9864)."""

MacAlgorithm: TypeAlias = Literal["HS256", "HS384", "HS512"]
"""An algorithm of an HMAC."""

ALGORITHMS: Final[tuple[Algorithm, ...]] = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
"""The algorithms of `SigningKey` (RFC 7518 section 3.1, RFC 8037, RFC 9864): those that are known to be sound."""

MAC_ALGORITHMS: Final[Mapping[MacAlgorithm, int]] = {"HS256": 32, "HS384": 48, "HS512": 64}
"""The algorithms of `MacKey`, and the bytes that a secret for each has at the least (RFC 7518 section 3.2)."""


Signer: TypeAlias = Callable[[bytes], bytes | Awaitable[bytes]]
"""Gives the signature of bytes; a coroutine function does in async code."""


@final
@attrs.frozen(init=False)
class SigningKey:
    """
    A private key, or rather the way to one: it signs, and is not read.

    *algorithm*: one of `ALGORITHMS`; *signer*: gives the JWS signature of bytes (for ECDSA r and s of fixed length, RFC
    7518 section 3.4, and not the DER form that a KMS answers with); *thumbprint*: what tells the key from every other
    one, such as its RFC 7638 thumbprint or its name in the KMS; *key_id*: the header's ``kid``, None to leave it out;
    *certificate*: that of the key, for the header's ``x5t#S256``. Keys of one thumbprint are equal, whatever signs.

    `oauth_cc.jose` makes these from PEM and JWK. Raises `InvalidInput`.

        >>> SigningKey("ES256", lambda signing_input: bytes(64), "alias/oauth", key_id="2026-11")
        SigningKey(algorithm='ES256', thumbprint='alias/oauth', key_id='2026-11', certificate=None)
    """

    algorithm: Algorithm
    signer: Signer = attrs.field(eq=False, repr=False)
    thumbprint: str
    key_id: str | None = None
    certificate: Certificate | None = None

    def __init__(
        self,
        algorithm: Algorithm,
        signer: Signer,
        thumbprint: str,
        key_id: str | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        fault = _signing_fault(algorithm, signer, thumbprint, key_id, certificate)
        if fault is not None:
            # Tracebacks show local variables, and what was given may be a key.
            del self, algorithm, signer, thumbprint, key_id, certificate
            raise fault
        object.__setattr__(self, "algorithm", algorithm)
        object.__setattr__(self, "signer", signer)
        object.__setattr__(self, "thumbprint", thumbprint)
        object.__setattr__(self, "key_id", key_id)
        object.__setattr__(self, "certificate", certificate)


@final
@attrs.frozen(init=False)
class MacKey:
    """
    A secret that client and server share, and that stays out of every request: it keys an HMAC.

    *secret*: at least as many bytes of UTF-8 as `MAC_ALGORITHMS` says for *algorithm*. Raises `InvalidInput`.

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


@final
@attrs.frozen
class AssertionDraft:
    """
    What an assertion of *client_id* will say, but for when: to be signed by *key* for each request anew.

    *audience*: whom it is for; *typ*: the header's ``typ``, None to leave it out; *lifetime*: seconds that it holds.
    """

    key: SigningKey | MacKey
    client_id: str
    audience: str
    typ: str | None
    lifetime: int

    def at(self, now: float, unique_id: str) -> "UnsignedAssertion":
        """
        Gives the assertion of the moment *now*, POSIX seconds; *unique_id*: text that no other assertion has, hard to
        guess, for its ``jti`` (RFC 7523 section 3). Raises `InvalidInput` if they can be none.
        """
        if not isinstance(now, int | float) or not math.isfinite(now) or not _is_text(unique_id):
            raise InvalidInput("client assertion", "give now as POSIX seconds, and unique_id as text without line ends")
        issued_at = int(now)
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.audience,
            "iat": issued_at,
            "exp": issued_at + self.lifetime,
            "jti": unique_id,
        }
        signing_input = f"{_encoded(write(self._header()))}.{_encoded(write(claims))}"
        return UnsignedAssertion(self.key, signing_input.encode("ascii"))

    def fingerprint(self) -> Secret:
        """Gives what tells this way to prove oneself from every other, as text."""
        key = self.key
        named = [key.secret.reveal()] if isinstance(key, MacKey) else [key.thumbprint]
        return Secret(write([*named, self._header(), self.audience, self.lifetime], ascii_only=True))

    def _header(self) -> dict[str, str]:
        members = {"alg": self.key.algorithm, "typ": self.typ}
        if isinstance(self.key, SigningKey):
            certificate = self.key.certificate
            members |= {"kid": self.key.key_id, "x5t#S256": None if certificate is None else certificate.thumbprint}
        return {name: value for name, value in members.items() if value is not None}


@final
@attrs.frozen
class UnsignedAssertion:
    """
    An assertion but for its signature: *signing_input* is what *key* has to sign (RFC 7515 section 5.1).
    """

    key: SigningKey | MacKey
    signing_input: bytes = attrs.field(repr=False)

    def signed(self, signature: bytes) -> Secret:
        """
        Gives the assertion, a JWT. Raises `InvalidInput` if *signature* is none of the algorithm's length.
        """
        fault = _signature_fault(self.key.algorithm, signature)
        if fault is not None:
            del signature
            raise InvalidKey("signature", fault)
        return Secret(f"{self.signing_input.decode('ascii')}.{base64url(signature)}")


def mac_fault(secret: object, algorithm: object) -> InvalidInput | None:
    """
    Gives the error for what is no *secret* that may key an HMAC by *algorithm*, or None; neither is shown.

        >>> mac_fault("s3cret", "HS256")
        InvalidInput('client_secret', 'is too short for HS256: have the server issue one of 32 bytes or more')
    """
    least = next((size for name, size in MAC_ALGORITHMS.items() if name == algorithm), None)
    if least is None:
        reason = f"give an algorithm of {', '.join(MAC_ALGORITHMS)}; for a private key take PrivateKeyJwt"
        return InvalidInput("client authentication", reason)
    if not isinstance(secret, str | Secret):
        return InvalidInput("client_secret", f"give it as a str or Secret, not as {type(secret).__name__}")
    text = secret.reveal() if isinstance(secret, Secret) else secret
    if "-----BEGIN" in text or text.startswith(("ssh-", "ecdsa-")):
        return InvalidInput("client_secret", "is a key or certificate: PrivateKeyJwt takes a private key")
    if not TEXT.fullmatch(text):
        return InvalidInput("client_secret", "holds a line end or another control character: strip it")
    if REDACTION in text:
        return InvalidInput("client_secret", "is a Secret made text: give the Secret itself")
    if len(text.encode("utf-8")) < least:
        reason = f"is too short for {algorithm}: have the server issue one of {least} bytes or more"
        return InvalidInput("client_secret", reason)
    return None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value) and TEXT.fullmatch(value) is not None


def _signing_fault(
    algorithm: object, signer: Signer, thumbprint: str, key_id: str | None, certificate: Certificate | None
) -> InvalidInput | None:
    if algorithm not in ALGORITHMS:
        return InvalidKey("signing key", f"give an algorithm of {', '.join(ALGORITHMS)}")
    if not callable(signer):
        reason = "its signer is no function from bytes to bytes: keys are read by oauth_cc.jose"
        return InvalidKey("signing key", reason)
    if not _is_text(thumbprint) or not (key_id is None or _is_text(key_id)):
        return InvalidKey("signing key", "give its thumbprint and its key_id as text, without line ends")
    return None if certificate is None else certificate_fault(certificate)


_LENGTHS: Final = {
    "HS256": 32,
    "HS384": 48,
    "HS512": 64,
    "ES256": 64,
    "ES384": 96,
    "ES512": 132,
    "EdDSA": 64,
    "Ed25519": 64,
}
_LEAST_RSA: Final = 256


def _signature_fault(algorithm: str, signature: bytes) -> str | None:
    if not isinstance(signature, bytes):
        return f"give it as bytes, not as {type(signature).__name__}"
    length = _LENGTHS.get(algorithm)
    if length is None:
        return None if len(signature) >= _LEAST_RSA else "is shorter than one of RSA with 2048 bits: see what signs"
    if len(signature) == length:
        return None
    der = " (a KMS answers with DER: turn it into r and s of fixed length)" if algorithm.startswith("ES") else ""
    return f"has {len(signature)} bytes, and one of {algorithm} has {length}{der}"


def _encoded(text: str) -> str:
    return base64url(text.encode("utf-8"))
