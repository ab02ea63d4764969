"""
How a client proves who it is at the token endpoint (RFC 6749 section 2.3).

A way of authentication is a record with one pure method, `ClientAuthentication.authenticate`; anyone can write another.
Those that stand here are `BuiltInAuthentication`, which is closed, so that a `match` over it can be exhaustive.
"""

import re
from binascii import b2a_base64
from typing import Final, Protocol, TypeAlias, final

import attrs

from oauth_cc._wire.form import percent_encode
from oauth_cc._wire.grammar import HEADER_NAME, HEADER_VALUE, NAME, TEXT
from oauth_cc.authentication.certificate import Certificate, certificate_fault
from oauth_cc.authentication.federated import AssertionFile, AssertionSource, Source
from oauth_cc.authentication.jwt import JWT_BEARER, AssertionDraft, MacAlgorithm, MacKey, SigningKey, mac_fault
from oauth_cc.endpoint import check_resource, issuer_fault
from oauth_cc.errors import InvalidInput
from oauth_cc.secret import REDACTION, Secret

_TYP: Final = "client-authentication+jwt"
_LONGEST_LIFETIME: Final = 3600


@final
@attrs.frozen
class AuthenticationFields:
    """
    What a request carries to prove who the client is.

    *headers* and *parameters*: (name, value) pairs for the header and the form; *secrets*: what else must never be
    shown, so that an error text in which the server echoes it is cleaned.
    Raises `InvalidInput` if they are two ways at once (RFC 6749 section 2.3) or no legal fields.

        >>> AuthenticationFields(parameters=(("client_id", Secret("your_id")),))
        AuthenticationFields(headers=(), parameters=(('client_id', Secret('***')),), secrets=())
    """

    headers: tuple[tuple[str, Secret], ...] = ()
    parameters: tuple[tuple[str, Secret], ...] = ()
    secrets: tuple[Secret, ...] = ()

    def __attrs_post_init__(self) -> None:
        names = [name for name, _ in self.parameters]
        ways = [name for name in names if name in ("client_secret", "client_assertion")]
        ways += [name for name, _ in self.headers if name.lower() == "authorization"]
        if len(ways) > 1:
            reason = f"{' and '.join(ways)} are two ways of authentication, and a request carries one"
            raise InvalidInput("client authentication", reason)
        if not all([isinstance(value, Secret) for _, value in (*self.headers, *self.parameters)]):
            raise InvalidInput("client authentication", "give the value of each field as a Secret")
        legal_headers = [HEADER_NAME.fullmatch(name) and _matches(HEADER_VALUE, value) for name, value in self.headers]
        legal_parameters = [NAME.fullmatch(name) and _matches(TEXT, value) for name, value in self.parameters]
        if len(set(names)) != len(names) or not all(legal_headers) or not all(legal_parameters):
            reason = "gives a field twice, or one that no HTTP message or form can hold"
            raise InvalidInput("client authentication", reason)


Proof: TypeAlias = AuthenticationFields | AssertionDraft | AssertionSource
"""What proves who a client is: fields as they stand, or an assertion that is made for each request anew."""


class ClientAuthentication(Protocol):
    """
    A way of client authentication: a record, compared by value, with one pure method.
    """

    def authenticate(self, client_id: str, /) -> Proof:
        """Gives what proves that the sender is *client_id*: fields, or where the assertion comes from."""
        ...


@final
@attrs.frozen(init=False)
class ClientSecretBasic:
    """
    Sends the secret by HTTP Basic, the way every server must support (RFC 6749 section 2.3.1).

    *secret*: the client secret; *encode*: whether client_id and secret are percent-encoded first, as the RFC has it;
    pass False for a server that compares without decoding. Raises `InvalidInput`.

        >>> ClientSecretBasic("7Fjfp0ZBr1KtDRbnfVdmIw").authenticate("s6BhdRkqt3").headers[0][1].reveal()
        'Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3'
    """

    secret: Secret
    encode: bool = True

    def __init__(self, secret: str | Secret, *, encode: bool = True) -> None:
        checked = _client_secret(secret)
        if isinstance(checked, InvalidInput):
            # Tracebacks show local variables, and one of these may be the secret.
            del self, secret
            raise checked
        object.__setattr__(self, "secret", checked)
        object.__setattr__(self, "encode", encode)

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """
        Gives the Authorization field. Raises `InvalidInput` if *client_id* has a colon that is not encoded.
        """
        if not self.encode and ":" in client_id:
            reason = "a client_id with ':' cannot be sent by Basic with encode=False: leave encode=True or use post"
            raise InvalidInput("client authentication", reason)
        return AuthenticationFields(headers=(("Authorization", self._field(client_id)),), secrets=(self.secret,))

    def _field(self, client_id: str) -> Secret:
        code = percent_encode if self.encode else str
        pair = f"{code(client_id)}:{code(self.secret.reveal())}"
        return Secret(f"Basic {b2a_base64(pair.encode('utf-8'), newline=False).decode('ascii')}")


@final
@attrs.frozen(init=False)
class ClientSecretPost:
    """
    Sends client_id and secret in the body, for a server that takes no HTTP Basic (RFC 6749 section 2.3.1).

    *secret*: the client secret. Raises `InvalidInput`.

        >>> ClientSecretPost("s3cret").authenticate("your_id").parameters
        (('client_id', Secret('***')), ('client_secret', Secret('***')))
    """

    secret: Secret

    def __init__(self, secret: str | Secret) -> None:
        checked = _client_secret(secret)
        if isinstance(checked, InvalidInput):
            del self, secret
            raise checked
        object.__setattr__(self, "secret", checked)

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """Gives the parameters ``client_id`` and ``client_secret``."""
        pairs = (("client_id", Secret(client_id)), ("client_secret", self.secret))
        return AuthenticationFields(parameters=pairs, secrets=(self.secret,))


@final
@attrs.frozen
class NoAuthentication:
    """
    Sends client_id in the body and proves nothing: for a server that knows the client by other means, such as a
    gateway's network. Public clients must not use this grant (RFC 6749 section 4.4).

        >>> NoAuthentication().authenticate("your_id").parameters[0][0]
        'client_id'
    """

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """Gives the parameter ``client_id``."""
        return AuthenticationFields(parameters=(("client_id", Secret(client_id)),))


@final
@attrs.frozen(init=False)
class TlsClientAuth:
    """
    Sends client_id in the body, and has the TLS connection prove the rest (RFC 8705 section 2).

    *certificate*: the one that the HTTP library was given with its key; *self_signed*: whether the server knows that
    very certificate (``self_signed_tls_client_auth``), and not its subject alone (``tls_client_auth``). Raises
    `InvalidInput` if it is no `Certificate`.

        >>> way = TlsClientAuth(Certificate("A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"))
        >>> way.authenticate("your_id")
        AuthenticationFields(headers=(), parameters=(('client_id', Secret('***')),), secrets=())
    """

    certificate: Certificate
    self_signed: bool = False

    def __init__(self, certificate: Certificate, *, self_signed: bool = False) -> None:
        fault = certificate_fault(certificate)
        if fault is not None:
            # It may be a whole file, with its key.
            del self, certificate
            raise fault
        object.__setattr__(self, "certificate", certificate)
        object.__setattr__(self, "self_signed", self_signed)

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """Gives the parameter ``client_id``."""
        return AuthenticationFields(parameters=(("client_id", Secret(client_id)),))


@final
@attrs.frozen(init=False)
class PrivateKeyJwt:
    """
    Signs a JWT for each request with a private key, of which the server has the public half (RFC 7523 section 2.2).

    *key*: made by `oauth_cc.jose`, or by you where a KMS or an HSM signs; *issuer*: the server's issuer identifier,
    whom the JWT is for. For older servers: *audience*: another ``aud``, such as the URL of the token endpoint; *typ*:
    another ``typ``, such as ``JWT``, None for none; *lifetime*: seconds that it holds, from 1 to 3600. Raises
    `InvalidInput`.

        >>> key = SigningKey("ES256", lambda signing_input: bytes(64), "alias/oauth")
        >>> PrivateKeyJwt(key, "https://as.example").authenticate("your_id").audience
        'https://as.example'
    """

    key: SigningKey
    issuer: str
    audience: str | None = None
    typ: str | None = _TYP
    lifetime: int = 60

    def __init__(
        self,
        key: SigningKey,
        issuer: str,
        *,
        audience: str | None = None,
        typ: str | None = _TYP,
        lifetime: int = 60,
    ) -> None:
        fault = None if isinstance(key, SigningKey) else _no_signing_key(key)
        fault = fault or _terms_fault(issuer, audience, typ, lifetime)
        if fault is not None:
            # What was given may be a key.
            del self, key, issuer, audience, typ, lifetime
            raise fault
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "issuer", issuer)
        object.__setattr__(self, "audience", audience)
        object.__setattr__(self, "typ", typ)
        object.__setattr__(self, "lifetime", lifetime)

    def authenticate(self, client_id: str) -> AssertionDraft:
        """Gives the JWT that is to be signed."""
        return AssertionDraft(self.key, client_id, self.audience or self.issuer, self.typ, self.lifetime)


@final
@attrs.frozen(init=False)
class ClientSecretJwt:
    """
    Sends a JWT for each request, with an HMAC keyed by the client secret, which itself is not sent (RFC 7523 section
    2.2, OpenID Connect Core section 9).

    *secret*: the client secret, at least as long as the hash of *algorithm*, which is HS256, HS384 or HS512; the others
    as `PrivateKeyJwt` has them. Raises `InvalidInput`.

        >>> ClientSecretJwt("7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1", "https://as.example").key.algorithm
        'HS256'
    """

    secret: Secret
    issuer: str
    algorithm: MacAlgorithm = "HS256"
    audience: str | None = None
    typ: str | None = _TYP
    lifetime: int = 60

    def __init__(
        self,
        secret: str | Secret,
        issuer: str,
        *,
        algorithm: MacAlgorithm = "HS256",
        audience: str | None = None,
        typ: str | None = _TYP,
        lifetime: int = 60,
    ) -> None:
        fault = mac_fault(secret, algorithm) or _terms_fault(issuer, audience, typ, lifetime)
        if fault is not None:
            del self, secret, issuer, algorithm, audience, typ, lifetime
            raise fault
        object.__setattr__(self, "secret", secret if isinstance(secret, Secret) else Secret(secret))
        object.__setattr__(self, "issuer", issuer)
        object.__setattr__(self, "algorithm", algorithm)
        object.__setattr__(self, "audience", audience)
        object.__setattr__(self, "typ", typ)
        object.__setattr__(self, "lifetime", lifetime)

    @property
    def key(self) -> MacKey:
        """The secret as what keys the HMAC."""
        return MacKey(self.secret, self.algorithm)

    def authenticate(self, client_id: str) -> AssertionDraft:
        """Gives the JWT that is to be signed."""
        return AssertionDraft(self.key, client_id, self.audience or self.issuer, self.typ, self.lifetime)


def _shown(source: Source) -> str:
    # A function may hold anything.
    return repr(source) if isinstance(source, AssertionFile) else "<function>"


@final
@attrs.frozen(init=False)
class ClientAssertion:
    """
    Sends an assertion that someone else makes: Kubernetes, SPIFFE, a CI system (RFC 7521 section 4.2).

    *source*: a file that rotates, read anew for each request, or a function that gives the assertion (a coroutine
    function in async code); *assertion_type*: what it is, an absolute URI. Sends client_id in the body too, as the
    subject of such an assertion is seldom the client. Tokens are kept by client_id, file and type: two functions that
    vouch for one client share its tokens. Raises `InvalidInput`.

        >>> ClientAssertion(AssertionFile("/var/run/secrets/tokens/oauth")).assertion_type
        'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    """

    source: Source = attrs.field(repr=_shown)
    assertion_type: str = JWT_BEARER

    def __init__(self, source: Source, assertion_type: str = JWT_BEARER) -> None:
        fault = _source_fault(source, assertion_type)
        if fault is not None:
            # What was given may be the assertion itself.
            del self, source, assertion_type
            raise fault
        object.__setattr__(self, "source", source)
        object.__setattr__(self, "assertion_type", assertion_type)

    def authenticate(self, client_id: str) -> AssertionSource:
        """Gives where the assertion comes from."""
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
"""A way of authentication that stands here."""


def assertion_fields(proof: AssertionDraft | AssertionSource, assertion: Secret) -> AuthenticationFields:
    """
    Gives the fields that carry *assertion*, which *proof* came to (RFC 7521 section 4.2).

        >>> source = AssertionSource(lambda: "eyJhbGciOiJFUzI1NiJ9.e30.c2ln", JWT_BEARER, "your_id")
        >>> [name for name, _ in assertion_fields(source, Secret("eyJhbGciOiJFUzI1NiJ9.e30.c2ln")).parameters]
        ['client_id', 'client_assertion_type', 'client_assertion']
    """
    # A JWT of the client's own names it as its subject.
    named = (("client_id", Secret(proof.client_id)),) if isinstance(proof, AssertionSource) else ()
    kind = proof.type if isinstance(proof, AssertionSource) else JWT_BEARER
    pairs = (*named, ("client_assertion_type", Secret(kind)), ("client_assertion", assertion))
    return AuthenticationFields(parameters=pairs, secrets=(assertion,))


def _no_signing_key(given: object) -> InvalidInput:
    reason = f"give a SigningKey, not {type(given).__name__}: oauth_cc.jose makes one of PEM, a JWK or a file"
    return InvalidInput("signing key", reason)


def _terms_fault(issuer: str, audience: str | None, typ: str | None, lifetime: int) -> InvalidInput | None:
    # An issuer on this machine is for tests; what is sent, and where, is not decided by it.
    fault = issuer_fault(issuer)
    if fault is not None:
        return fault
    for text in (audience, typ):
        if text is not None and not (isinstance(text, str) and text and TEXT.fullmatch(text)):
            return InvalidInput("client assertion", "give audience and typ as text, without line ends")
    if not isinstance(lifetime, int) or isinstance(lifetime, bool) or not 1 <= lifetime <= _LONGEST_LIFETIME:
        return InvalidInput("client assertion", f"give a lifetime of 1 to {_LONGEST_LIFETIME} whole seconds")
    return None


def _source_fault(source: object, kind: str) -> InvalidInput | None:
    if not isinstance(source, AssertionFile) and not callable(source):
        reason = f"give AssertionFile('...') or a function as its source, not {type(source).__name__}"
        return InvalidInput("client assertion", reason)
    try:
        check_resource(kind)
    except InvalidInput:
        return InvalidInput("client_assertion_type", "give an absolute URI (RFC 7521 section 4.2)")
    return None


def _client_secret(secret: str | Secret) -> Secret | InvalidInput:
    if not isinstance(secret, str | Secret):
        return InvalidInput("client_secret", f"give it as a str or Secret, not as {type(secret).__name__}")
    sealed = secret if isinstance(secret, Secret) else Secret(secret)
    fault = _secret_fault(sealed)
    return sealed if fault is None else InvalidInput("client_secret", fault)


def _secret_fault(secret: Secret) -> str | None:
    if REDACTION in secret.reveal():
        return "is what a Secret shows, and not the secret: give the Secret itself"
    if _matches(TEXT, secret):
        return None
    if secret.reveal().endswith(("\n", "\r")):
        return "ends with a newline: strip it (a secret read from a file usually has one)"
    return "holds a control character or half a surrogate pair, which no secret may: check where it comes from"


def _matches(pattern: re.Pattern[str], secret: Secret) -> bool:
    return pattern.fullmatch(secret.reveal()) is not None
