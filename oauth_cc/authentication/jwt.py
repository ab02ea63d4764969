"""
JWT client assertions that the client signs, a new one for every request (RFC 7523).

    AssertionDraft, now, unique_id ─ at ─▶ UnsignedJwt ─ (a key signs) ─ signed ─▶ Secret

This module composes the signing input and adds the signature. It never reads a private key, which may be in a KMS or an
HSM.
"""

import re
from collections.abc import Mapping
from typing import Final, final

import attrs

from oauth_cc._wire.base64url import base64url
from oauth_cc._wire.grammar import TEXT, is_text
from oauth_cc._wire.json import JsonValue, parse_object, write
from oauth_cc.authentication.keys import MacKey, SigningKey
from oauth_cc.errors import InvalidInput, InvalidKey, kind_fault, moment_fault, switch_fault, texts_fault
from oauth_cc.secret import Secret

JWT_BEARER: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""The type of an assertion that is a JWT (RFC 7523 section 2.2)."""

_JWT: Final = re.compile(r"[-_0-9A-Za-z]+\.[-_0-9A-Za-z]+\.[-_0-9A-Za-z]+")


def _client_id_of(draft: "AssertionDraft") -> str:
    return draft.client_id


@final
@attrs.frozen
class AssertionDraft:
    """
    The content of a client assertion, except for its time and its ``jti``. Each request signs a new assertion from it.

    Args:
        key: The key that signs.
        client_id: The client identifier: ``iss`` and ``sub``.
        audience: The ``aud``, the server that the assertion is for.
        typ: The ``typ`` of the JWT header, None to omit it.
        lifetime: Seconds from ``iat`` to ``exp``.
        claims: Further claims, the text of a JSON object; see `written_claims`.
        x5t: Whether the header has the SHA-1 of the key's certificate.
        x5c: Whether the header has the certificate itself with its chain.
        subject: The ``sub``, None to omit it. The client identifier by default.

    Raises:
        InvalidInput: An argument is of another type, or out of its range.
    """

    key: SigningKey | MacKey
    client_id: str
    audience: str
    typ: str | None
    lifetime: int
    claims: str = "{}"
    x5t: bool = False
    x5c: bool = False
    subject: str | None = attrs.field(default=attrs.Factory(_client_id_of, takes_self=True))

    def __attrs_post_init__(self) -> None:
        fault = _draft_fault(self)
        if fault is not None:
            raise fault

    def at(self, now: float, unique_id: str) -> "UnsignedJwt":
        """
        Return the assertion issued at one moment.

        Args:
            now: POSIX seconds.
            unique_id: Text for the ``jti``, unique and hard to guess (RFC 7523 section 3).

        Raises:
            InvalidInput: *now* is not a finite number, or *unique_id* is not text without line breaks.
        """
        if moment_fault("now", now) is not None or not is_text(unique_id):
            reason = "client assertion requires now in POSIX seconds, and unique_id as text without line breaks"
            raise InvalidInput("client assertion", reason)
        issued_at = int(now)
        claims: dict[str, object] = {
            "iss": self.client_id,
            "sub": self.subject,
            "aud": self.audience,
            "iat": issued_at,
            "exp": issued_at + self.lifetime,
            "jti": unique_id,
        }
        further = parse_object(self.claims)
        claims |= {} if isinstance(further, str) else further
        if self.subject is None:
            del claims["sub"]
        signing_input = f"{_encoded(write(self._header()))}.{_encoded(write(claims))}"
        return UnsignedJwt(self.key, signing_input.encode("ascii"))

    def fingerprint(self) -> Secret:
        """Return text that differs for every other way to authenticate this client."""
        key = self.key
        named = [key.secret.reveal()] if isinstance(key, MacKey) else [key.thumbprint]
        rest = [] if self.claims == "{}" else [self.claims]
        if self.subject != self.client_id:
            rest += [f"{self.client_id} {self.subject}"]
        return Secret(write([*named, self._header(), self.audience, self.lifetime, *rest], ascii_only=True))

    def _header(self) -> dict[str, object]:
        members: dict[str, object] = {"alg": self.key.algorithm, "typ": self.typ}
        if isinstance(self.key, SigningKey):
            members["kid"] = self.key.key_id
            certificate = self.key.certificate
            if certificate is not None:
                members["x5t#S256"] = certificate.thumbprint
                members["x5t"] = certificate.x5t if self.x5t else None
                members["x5c"] = certificate.x5c if self.x5c else None
        return {name: value for name, value in members.items() if value is not None}


@final
@attrs.frozen
class UnsignedJwt:
    """
    A JWT without its signature (RFC 7515 section 5.1).

    Args:
        key: The key that has to sign it.
        signing_input: The bytes to sign: the encoded header, a dot, and the encoded claims.
    """

    key: SigningKey | MacKey
    signing_input: bytes = attrs.field(repr=False)

    def signed(self, signature: bytes) -> Secret:
        """
        Return the signed JWT. Raises `InvalidKey` if *signature* does not have the length of the algorithm.
        """
        fault = _signature_fault(self.key.algorithm, signature)
        if fault is not None:
            del signature
            raise InvalidKey("signature", fault)
        return Secret(f"{self.signing_input.decode('ascii')}.{base64url(signature)}")


def _draft_fault(draft: AssertionDraft) -> InvalidInput | None:
    if not isinstance(draft.key, SigningKey | MacKey):
        return kind_fault("signing key", draft.key, "a SigningKey or a MacKey")
    if not isinstance(draft.client_id, str) or not isinstance(draft.audience, str):
        return InvalidInput("client assertion", "client assertion client_id and audience must be str")
    if not isinstance(draft.claims, str) or isinstance(parse_object(draft.claims), str):
        return InvalidInput("client assertion", "client assertion claims must be the text of a JSON object")
    return (
        assertion_fault((draft.audience, draft.typ), draft.lifetime)
        or texts_fault(subject=draft.subject)
        or switch_fault(x5t=draft.x5t, x5c=draft.x5c)
    )


_LONGEST_LIFETIME: Final = 3600


def assertion_fault(texts: tuple[str | None, ...], lifetime: int) -> InvalidInput | None:
    """
    Return the error for arguments that an assertion cannot have, None if it can.

    Args:
        texts: Its audience, its ``typ`` and other text that may be None.
        lifetime: Its lifetime in seconds.
    """
    for text in texts:
        if text is not None and not (isinstance(text, str) and text and TEXT.fullmatch(text)):
            reason = "client assertion audience and typ must be text without line breaks"
            return InvalidInput("client assertion", reason)
    if not isinstance(lifetime, int) or isinstance(lifetime, bool) or not 1 <= lifetime <= _LONGEST_LIFETIME:
        reason = f"client assertion lifetime must be a whole number of seconds from 1 to {_LONGEST_LIFETIME}"
        return InvalidInput("client assertion", reason)
    return None


REGISTERED_CLAIMS: Final = frozenset({"iss", "sub", "aud", "iat", "nbf", "exp", "jti"})
"""The claims that the library sets itself (RFC 7519 section 4.1)."""


def written_claims(claims: Mapping[str, JsonValue] | str | None) -> str | InvalidInput:
    """
    Return further *claims* as the text of a JSON object, or the error. That text is accepted, too.

        >>> written_claims({"scope": ["restlets"]})
        '{"scope":["restlets"]}'
        >>> str(written_claims({"aud": "https://as.example"}))
        'client assertion claims must not have aud, which is set for each assertion; use the argument for it'
    """
    text = "{}"
    try:
        text = claims if isinstance(claims, str) else write(dict(claims or {}))
        members = parse_object(text)
    except (TypeError, ValueError, RecursionError):
        members = "is not JSON"
    if isinstance(members, str):
        reason = "client assertion claims must be a mapping of JSON values, such as a str, a number, a list or a dict"
        return InvalidInput("client assertion", reason)
    taken = sorted(REGISTERED_CLAIMS & members.keys())
    if taken:
        reason = (
            f"client assertion claims must not have {', '.join(taken)}, which is set for each assertion; use the "
            "argument for it"
        )
        return InvalidInput("client assertion", reason)
    return text


def checked_proof(given: object) -> Secret | InvalidInput:
    """
    Return a signed DPoP proof as a `Secret`, or the error, which does not quote it (RFC 9449 section 4.1).

        >>> checked_proof("e30.e30.c2ln")
        Secret('***')
    """
    text = given.reveal() if isinstance(given, Secret) else given
    if not isinstance(text, str) or not _JWT.fullmatch(text):
        reason = (
            "DPoP proof must be a signed JWT as str or Secret; dpop_proof() and the signed() of its result make one"
        )
        return InvalidInput("DPoP proof", reason)
    return given if isinstance(given, Secret) else Secret(text)


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
        return f"signature must be bytes, not {type(signature).__name__}"
    length = _LENGTHS.get(algorithm)
    if length is None:
        enough = len(signature) >= _LEAST_RSA
        return None if enough else f"signature of RSA must have at least {_LEAST_RSA} bytes (2048 bits); check the key"
    if len(signature) == length:
        return None
    der = " (a KMS returns DER; convert it to r and s of fixed length)" if algorithm.startswith("ES") else ""
    return f"signature of {algorithm} must have {length} bytes, not {len(signature)}{der}"


def _encoded(text: str) -> str:
    return base64url(text.encode("utf-8"))
