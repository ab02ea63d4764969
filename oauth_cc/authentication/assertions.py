"""
The client authentication methods that send an assertion (RFC 7521 section 4.2).
"""

from collections.abc import Awaitable, Mapping
from typing import Final, TypeAlias, TypeGuard, final, overload

import attrs

from oauth_cc._wire.grammar import TEXT
from oauth_cc._wire.json import JsonValue
from oauth_cc.authentication.client_secret import ClientSecret, GivenSecret, client_secret, opened
from oauth_cc.authentication.federated import AssertionFile, AssertionSource, AudienceSource, Source
from oauth_cc.authentication.jwt import JWT_BEARER, AssertionDraft, assertion_fault, written_claims
from oauth_cc.authentication.keys import Algorithm, MacAlgorithm, MacKey, SigningKey, mac_algorithm_fault, mac_fault
from oauth_cc.authentication.methods import ClientSecretBasic, ClientSecretPost, NoAuthentication, TlsClientAuth
from oauth_cc.endpoint import check_resource, issuer_fault
from oauth_cc.errors import InvalidInput, switch_fault
from oauth_cc.secret import Secret

_TYP: Final = "client-authentication+jwt"


@final
@attrs.frozen(init=False)
class PrivateKeyJwt:
    """
    A JWT for each request, signed with a private key whose public half the server has (RFC 7523 section 2.2).

    *audience* and *typ* are for servers that do not support RFC 10070 yet.

    Args:
        key: The private key, loaded by `oauth_cc.jose`, or a `SigningKey` that calls a KMS or an HSM.
        issuer: The server's issuer identifier, the ``aud`` of the JWT.
        audience: Another ``aud``, such as the URL of the token endpoint.
        typ: Another ``typ``, such as ``JWT``, or None to omit it.
        lifetime: Seconds from ``iat`` to ``exp``, from 1 to 3600.
        claims: Further claims, such as the ``scope`` that NetSuite requires in the JWT. They are kept as the text
            of a JSON object.
        x5t: Whether the header has the SHA-1 of the key's certificate too, for AD FS.
        x5c: Whether the header has the certificate and its chain too, for servers that trust its subject and issuer.

    Raises:
        InvalidInput: The key is not a `SigningKey`, the issuer is not an issuer identifier, or another argument is out
            of its range.

    Example:
        >>> key = SigningKey("ES256", lambda signing_input: bytes(64), "alias/oauth")
        >>> PrivateKeyJwt(key, "https://as.example").authenticate("your_id").audience
        'https://as.example'
    """

    key: SigningKey
    issuer: str
    audience: str | None = None
    typ: str | None = _TYP
    lifetime: int = 60
    claims: str = "{}"
    x5t: bool = False
    x5c: bool = False

    def __init__(
        self,
        key: SigningKey,
        issuer: str,
        *,
        audience: str | None = None,
        typ: str | None = _TYP,
        lifetime: int = 60,
        claims: Mapping[str, JsonValue] | str | None = None,
        x5t: bool = False,
        x5c: bool = False,
    ) -> None:
        fault = switch_fault(x5t=x5t, x5c=x5c) or key_fault(key, needs_certificate=x5t or x5c)
        fault = fault or _terms_fault(issuer, audience, typ, lifetime)
        written = written_claims(claims)
        if fault is not None or isinstance(written, InvalidInput):
            fault = fault or InvalidInput("client assertion", f"{written}")
            # An argument may be a private key.
            del self, key, issuer, audience, typ, lifetime, claims, written
            raise fault
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "issuer", issuer)
        object.__setattr__(self, "audience", audience)
        object.__setattr__(self, "typ", typ)
        object.__setattr__(self, "lifetime", lifetime)
        object.__setattr__(self, "claims", written)
        object.__setattr__(self, "x5t", x5t)
        object.__setattr__(self, "x5c", x5c)

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm of the key."""
        return self.key.algorithm

    def authenticate(self, client_id: str) -> AssertionDraft:
        """Return the JWT to sign."""
        audience = self.audience or self.issuer
        return AssertionDraft(
            self.key, client_id, audience, self.typ, self.lifetime, self.claims, x5t=self.x5t, x5c=self.x5c
        )

    def with_key(self, key: SigningKey) -> "PrivateKeyJwt":
        """Return the method with *key* in place of its own."""
        return attrs.evolve(self, key=key)


@final
@attrs.frozen(init=False)
class ClientSecretJwt:
    """
    A JWT for each request with an HMAC keyed by the client secret, which is not sent (RFC 7523 section 2.2, OpenID
    Connect Core section 9).

    Args:
        secret: The client secret, at least as long as the hash of *algorithm*, or what it is read from for each token
            request.
        issuer: The server's issuer identifier, the ``aud`` of the JWT.
        algorithm: HS256, HS384 or HS512.
        audience: Another ``aud``, such as the URL of the token endpoint.
        typ: Another ``typ``, such as ``JWT``, or None to omit it.
        lifetime: Seconds from ``iat`` to ``exp``, from 1 to 3600.

    Raises:
        InvalidInput: The secret is too short or contains a control character, the issuer is not an issuer identifier,
            or another argument is out of its range.

    Example:
        >>> ClientSecretJwt("7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1", "https://as.example").algorithm
        'HS256'
    """

    secret: ClientSecret
    issuer: str
    algorithm: MacAlgorithm = "HS256"
    audience: str | None = None
    typ: str | None = _TYP
    lifetime: int = 60

    def __init__(
        self,
        secret: GivenSecret,
        issuer: str,
        *,
        algorithm: MacAlgorithm = "HS256",
        audience: str | None = None,
        typ: str | None = _TYP,
        lifetime: int = 60,
    ) -> None:
        sealed = _mac_secret(secret, algorithm)
        fault = sealed if isinstance(sealed, InvalidInput) else _terms_fault(issuer, audience, typ, lifetime)
        if fault is not None:
            del self, secret, sealed, issuer, algorithm, audience, typ, lifetime
            raise fault
        object.__setattr__(self, "secret", sealed)
        object.__setattr__(self, "issuer", issuer)
        object.__setattr__(self, "algorithm", algorithm)
        object.__setattr__(self, "audience", audience)
        object.__setattr__(self, "typ", typ)
        object.__setattr__(self, "lifetime", lifetime)

    def authenticate(self, client_id: str) -> AssertionDraft:
        """Return the JWT to sign. Raises `InvalidInput` if the secret is still to be read."""
        key = MacKey(opened(self.secret), self.algorithm)
        return AssertionDraft(key, client_id, self.audience or self.issuer, self.typ, self.lifetime)

    def with_secret(self, secret: Secret) -> "ClientSecretJwt":
        """Return the method with *secret* in place of its own. Raises `InvalidInput` if it is too short."""
        return attrs.evolve(self, secret=secret)


@final
@attrs.frozen
class _ForAudience:
    # A function together with its argument, compared by both.
    function: AudienceSource = attrs.field(repr=False)
    audience: str

    @property
    def __wrapped__(self) -> AudienceSource:
        """The user's function, which an error names, as for `functools.wraps`."""
        return self.function

    def __call__(self) -> str | Secret | Awaitable[str | Secret]:
        return self.function(self.audience)


def _takes_audience(source: object) -> TypeGuard[AudienceSource]:
    # Checked before: an audience is for a function.
    return callable(source)


def _shown(source: object) -> str:
    # The repr of a function may show a secret, for example one bound by functools.partial.
    return repr(source) if isinstance(source, AssertionFile) else "<function>"


@final
@attrs.frozen(init=False)
class ClientAssertion:
    """
    An assertion issued by another party: Kubernetes, SPIFFE, a CI system (RFC 7521 section 4.2).

    The client_id is sent in the body too, as the subject of such an assertion is seldom the client. The cache key of
    the token covers client_id, file and type but not a function: two functions for one client share its tokens.

    Args:
        source: A file, read for each request, or a function that returns the assertion (in async code it may be a
            coroutine function).
        assertion_type: The assertion type, an absolute URI.
        audience: What the function is called with: the server that the assertion is for. None to call it with nothing.

    Raises:
        InvalidInput: The source is neither an `AssertionFile` nor a function, the type is not an absolute URI, or the
            audience is not text or is passed with a file.

    Example:
        >>> ClientAssertion(AssertionFile("/var/run/secrets/tokens/oauth")).assertion_type
        'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    """

    source: Source = attrs.field(repr=_shown)
    assertion_type: str = JWT_BEARER

    @overload
    def __init__(self, source: Source, assertion_type: str = JWT_BEARER, *, audience: None = None) -> None: ...

    @overload
    def __init__(self, source: AudienceSource, assertion_type: str = JWT_BEARER, *, audience: str) -> None: ...

    def __init__(
        self, source: Source | AudienceSource, assertion_type: str = JWT_BEARER, *, audience: str | None = None
    ) -> None:
        fault = _source_fault(source, assertion_type, audience)
        if fault is not None:
            # The argument may be the assertion itself.
            del self, source, assertion_type, audience
            raise fault
        bound = _ForAudience(source, audience) if audience is not None and _takes_audience(source) else source
        object.__setattr__(self, "source", bound)
        object.__setattr__(self, "assertion_type", assertion_type)

    def authenticate(self, client_id: str) -> AssertionSource:
        """Return the source of the assertion."""
        return AssertionSource(self.source, self.assertion_type, client_id)


BuiltInAuthentication: TypeAlias = (
    ClientSecretBasic
    | ClientSecretPost
    | ClientSecretJwt
    | PrivateKeyJwt
    | TlsClientAuth
    | ClientAssertion
    | NoAuthentication
)
"""The union of the client authentication methods of this module."""


def _mac_secret(given: object, algorithm: object) -> ClientSecret | InvalidInput:
    if not isinstance(given, str | Secret):
        # Checked by `MacKey` too, once the secret has been read.
        return mac_algorithm_fault(algorithm) or client_secret(given)
    fault = mac_fault(given, algorithm)
    if fault is not None:
        return fault
    return given if isinstance(given, Secret) else Secret(given)


def key_fault(key: object, *, needs_certificate: bool) -> InvalidInput | None:
    """
    Return the error for a *key* that cannot sign an assertion, None if it can. The error does not quote it.

        >>> str(key_fault("key.pem", needs_certificate=False))
        'signing key must be a SigningKey, not str; use oauth_cc.jose to load one from PEM, a JWK or a file'

    Args:
        key: What the user passed as the key.
        needs_certificate: Whether the assertion carries the certificate of the key, as ``x5c`` or ``x5t#S256``.
    """
    if not isinstance(key, SigningKey):
        name = type(key).__name__
        reason = (
            f"signing key must be a SigningKey, not {name}; use oauth_cc.jose to load one from PEM, a JWK or a file"
        )
        return InvalidInput("signing key", reason)
    if needs_certificate and key.source is None and (key.certificate is None or not key.certificate.chain):
        reason = (
            "signing key must have a certificate for x5t and x5c; load it with certificate=Certificate.from_pem(...)"
        )
        return InvalidInput("signing key", reason)
    return None


def _terms_fault(issuer: str, audience: str | None, typ: str | None, lifetime: int) -> InvalidInput | None:
    fault = issuer_fault(issuer)
    if fault is not None:
        return fault
    return assertion_fault((audience, typ), lifetime)


def _source_fault(source: object, kind: str, audience: object) -> InvalidInput | None:
    is_file = isinstance(source, AssertionFile)
    if audience is not None and (is_file or not (isinstance(audience, str) and audience and TEXT.fullmatch(audience))):
        reason = "client assertion audience must be text without line breaks, and is for a function, not for a file"
        return InvalidInput("client assertion", reason)
    if not isinstance(source, AssertionFile) and not callable(source):
        name = type(source).__name__
        reason = f"client assertion source must be an AssertionFile or a function, not {name}; use AssertionFile('...')"
        return InvalidInput("client assertion", reason)
    try:
        check_resource(kind)
    except InvalidInput:
        reason = "client_assertion_type must be an absolute URI (RFC 7521 section 4.2)"
        return InvalidInput("client_assertion_type", reason)
    return None
