"""
The client authentication methods that send a secret, or nothing but the client identifier (RFC 6749 section 2.3).

A client authentication method is a record with one pure method, `ClientAuthentication.authenticate`. Users can write
their own.
"""

import re
from binascii import b2a_base64
from typing import Final, Protocol, TypeAlias, final

import attrs

from oauth_cc._wire.form import percent_encode
from oauth_cc._wire.grammar import HEADER_NAME, HEADER_VALUE, NAME, TEXT
from oauth_cc._wire.json import parse_object, write
from oauth_cc.authentication.certificate import GivenCertificate, client_certificate_fault
from oauth_cc.authentication.client_secret import ClientSecret, GivenSecret, client_secret, opened
from oauth_cc.authentication.federated import AssertionSource
from oauth_cc.authentication.jwt import JWT_BEARER, AssertionDraft
from oauth_cc.errors import InvalidInput, kind_fault, switch_fault
from oauth_cc.secret import Secret


@final
@attrs.frozen(init=False)
class AuthenticationFields:
    """
    The headers and form parameters that authenticate a client.

    Args:
        headers: (name, value) pairs for the header.
        parameters: (name, value) pairs for the form.
        secrets: Further secrets to redact, for example in an error text in which the server echoes one.

    Raises:
        InvalidInput: The fields use two methods at once (RFC 6749 section 2.3), or are not legal fields.

    Example:
        >>> AuthenticationFields(parameters=(("client_id", Secret("your_id")),))
        AuthenticationFields(headers=(), parameters=(('client_id', Secret('***')),), secrets=())
    """

    headers: tuple[tuple[str, Secret], ...] = ()
    parameters: tuple[tuple[str, Secret], ...] = ()
    secrets: tuple[Secret, ...] = ()

    def __init__(
        self,
        headers: tuple[tuple[str, Secret], ...] = (),
        parameters: tuple[tuple[str, Secret], ...] = (),
        secrets: tuple[Secret, ...] = (),
    ) -> None:
        # Caught, because checks of all types would take as long as the rest.
        try:
            fault = _fields_fault(headers, parameters, secrets)
        except (AttributeError, TypeError, ValueError):
            fault = _FIELDS_FAULT
        if fault is not None:
            # Tracebacks show local variables, and a field of another type may be a plain secret.
            del self, headers, parameters, secrets
            raise InvalidInput("client authentication", f"client authentication must {fault}")
        object.__setattr__(self, "headers", headers)
        object.__setattr__(self, "parameters", parameters)
        object.__setattr__(self, "secrets", secrets)


_FIELDS_FAULT: Final = "have tuples of (name, Secret) pairs, and a tuple of Secret as secrets"


def _fields_fault(
    headers: tuple[tuple[str, Secret], ...], parameters: tuple[tuple[str, Secret], ...], secrets: tuple[Secret, ...]
) -> str | None:
    if not (isinstance(headers, tuple) and isinstance(parameters, tuple) and isinstance(secrets, tuple)):
        return _FIELDS_FAULT
    names = [name for name, _ in parameters]
    methods = [name for name in names if name in ("client_secret", "client_assertion")]
    methods += [name for name, _ in headers if name.lower() == "authorization"]
    if len(methods) > 1:
        return f"use one method per request, not {' and '.join(methods)}"
    if not all([isinstance(value, Secret) for _, value in (*headers, *parameters)]):
        return "have a Secret as the value of every field"
    if not all([isinstance(secret, Secret) for secret in secrets]):
        return _FIELDS_FAULT
    legal_headers = [HEADER_NAME.fullmatch(name) and _matches(HEADER_VALUE, value) for name, value in headers]
    legal_parameters = [NAME.fullmatch(name) and _matches(TEXT, value) for name, value in parameters]
    if len(set(names)) != len(names) or not all(legal_headers) or not all(legal_parameters):
        return "not repeat a field, or have one that is illegal in a header or a form"
    return None


JWT_BEARER_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
"""The grant type of an assertion that is a JWT (RFC 7523 section 2.1)."""


@final
@attrs.frozen
class GrantDraft:
    """
    A grant that is an assertion, and what authenticates the client beside it (RFC 7523 section 2.1).

    Args:
        draft: The content of the assertion.
        fields: What authenticates the client.
        scope_claim: Whether the scope of the request goes into the assertion, and not into the body.

    Raises:
        InvalidInput: An argument is of another type.
    """

    draft: AssertionDraft
    fields: AuthenticationFields
    scope_claim: bool = False

    def __attrs_post_init__(self) -> None:
        fault = switch_fault(scope_claim=self.scope_claim)
        if not isinstance(self.draft, AssertionDraft):
            fault = kind_fault("draft", self.draft, "an AssertionDraft")
        if not isinstance(self.fields, AuthenticationFields):
            fault = kind_fault("fields", self.fields, "AuthenticationFields")
        if fault is not None:
            raise fault

    def with_scope(self, scope: str) -> "GrantDraft":
        """Return the grant for *scope*, which the assertion has if `scope_claim` says so and it is not empty."""
        if not isinstance(scope, str):
            raise kind_fault("scope", scope, "a str", "use str(scope)")
        members = parse_object(self.draft.claims)
        if not self.scope_claim or not scope or isinstance(members, str):
            return self
        return attrs.evolve(self, draft=attrs.evolve(self.draft, claims=write({**members, "scope": scope})))

    def fingerprint(self) -> Secret:
        """Return text that differs for every other way to get a token."""
        beside = [[name, value.reveal()] for name, value in (*self.fields.headers, *self.fields.parameters)]
        return Secret(write([self.draft.fingerprint().reveal(), beside, self.scope_claim], ascii_only=True))


Proof: TypeAlias = AuthenticationFields | AssertionDraft | AssertionSource | GrantDraft
"""What authenticates a client: ready fields, or the source of an assertion that is made for each request."""


class ClientAuthentication(Protocol):
    """
    A client authentication method: a record, compared by value, with one pure method.
    """

    def authenticate(self, client_id: str, /) -> Proof:
        """Return the fields that authenticate *client_id*, or the source of its assertion."""
        ...


@final
@attrs.frozen(init=False)
class ClientSecretBasic:
    """
    A client secret sent by HTTP Basic, which every server must support (RFC 6749 section 2.3.1).

    Args:
        secret: The client secret, or a `SecretFile`, a `SecretSource` or a function that it is read from for each token
            request.
        encode: Whether to percent-encode client_id and secret first, as the RFC requires. Pass False for a server that
            compares them without decoding.

    Raises:
        InvalidInput: The secret is not text, or contains a control character, or *encode* is not a bool.

    Example:
        >>> ClientSecretBasic("7Fjfp0ZBr1KtDRbnfVdmIw").authenticate("s6BhdRkqt3").headers[0][1].reveal()
        'Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3'
    """

    secret: ClientSecret
    encode: bool = True

    def __init__(self, secret: GivenSecret, *, encode: bool = True) -> None:
        checked = client_secret(secret) if isinstance(encode, bool) else kind_fault("encode", encode, "True or False")
        if isinstance(checked, InvalidInput):
            # Tracebacks show local variables, and *secret* may be the plain secret.
            del self, secret
            raise checked
        object.__setattr__(self, "secret", checked)
        object.__setattr__(self, "encode", encode)

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """
        Return the Authorization header.

        Raises `InvalidInput` if *client_id* is not a str or contains a colon that is not encoded, or the secret is
        still to be read.
        """
        if not isinstance(client_id, str):
            raise kind_fault("client_id", client_id, "a str")
        if not self.encode and ":" in client_id:
            reason = (
                "client authentication by HTTP Basic with encode=False does not support a client_id with ':'; "
                "use encode=True or ClientSecretPost"
            )
            raise InvalidInput("client authentication", reason)
        secret = opened(self.secret)
        return AuthenticationFields(headers=(("Authorization", self._field(client_id, secret)),), secrets=(secret,))

    def with_secret(self, secret: Secret) -> "ClientSecretBasic":
        """Return the method with *secret* in place of its own."""
        return ClientSecretBasic(secret, encode=self.encode)

    def _field(self, client_id: str, secret: Secret) -> Secret:
        code = percent_encode if self.encode else str
        pair = f"{code(client_id)}:{code(secret.reveal())}"
        return Secret(f"Basic {b2a_base64(pair.encode('utf-8'), newline=False).decode('ascii')}")


@final
@attrs.frozen(init=False)
class ClientSecretPost:
    """
    A client secret sent in the body, for a server that does not support HTTP Basic (RFC 6749 section 2.3.1).

    Raises `InvalidInput` if *secret*, the client secret or what it is read from, is not text or contains a control
    character.

        >>> ClientSecretPost("s3cret").authenticate("your_id").parameters
        (('client_id', Secret('***')), ('client_secret', Secret('***')))
    """

    secret: ClientSecret

    def __init__(self, secret: GivenSecret) -> None:
        checked = client_secret(secret)
        if isinstance(checked, InvalidInput):
            del self, secret
            raise checked
        object.__setattr__(self, "secret", checked)

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """
        Return the parameters ``client_id`` and ``client_secret``. Raises `InvalidInput` if the secret is still to be
        read.
        """
        secret = opened(self.secret)
        pairs = (("client_id", Secret(client_id)), ("client_secret", secret))
        return AuthenticationFields(parameters=pairs, secrets=(secret,))

    def with_secret(self, secret: Secret) -> "ClientSecretPost":
        """Return the method with *secret* in place of its own."""
        return ClientSecretPost(secret)


@final
@attrs.frozen
class NoAuthentication:
    """
    Only the client_id in the body, for a server that authenticates the client by other means, such as its network.

    Public clients must not use this grant (RFC 6749 section 4.4).

        >>> NoAuthentication().authenticate("your_id").parameters[0][0]
        'client_id'
    """

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """Return the parameter ``client_id``."""
        return AuthenticationFields(parameters=(("client_id", Secret(client_id)),))


@final
@attrs.frozen(init=False)
class TlsClientAuth:
    """
    The client certificate of the TLS connection, with client_id in the body (RFC 8705 section 2).

    Args:
        certificate: The certificate that the HTTP library presents, or the `CertificateFile` of one that is rotated.
        self_signed: Whether the server registers the certificate itself (``self_signed_tls_client_auth``), not its
            subject (``tls_client_auth``).

    Raises:
        InvalidInput: *certificate* is neither a `Certificate` nor a `CertificateFile`, or *self_signed* is not a bool.

    Example:
        >>> from oauth_cc import Certificate
        >>> method = TlsClientAuth(Certificate("A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"))
        >>> method.authenticate("your_id")
        AuthenticationFields(headers=(), parameters=(('client_id', Secret('***')),), secrets=())
    """

    certificate: GivenCertificate
    self_signed: bool = False

    def __init__(self, certificate: GivenCertificate, *, self_signed: bool = False) -> None:
        fault = client_certificate_fault(certificate) or switch_fault(self_signed=self_signed)
        if fault is not None:
            # The argument may be a whole file with its private key.
            del self, certificate
            raise fault
        object.__setattr__(self, "certificate", certificate)
        object.__setattr__(self, "self_signed", self_signed)

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """Return the parameter ``client_id``."""
        return AuthenticationFields(parameters=(("client_id", Secret(client_id)),))


def assertion_fields(proof: AssertionDraft | AssertionSource | GrantDraft, assertion: Secret) -> AuthenticationFields:
    """
    Return the fields that carry *assertion* in a token request (RFC 7521 section 4.2).

        >>> source = AssertionSource(lambda: "eyJhbGciOiJFUzI1NiJ9.e30.c2ln", JWT_BEARER, "your_id")
        >>> [name for name, _ in assertion_fields(source, Secret("eyJhbGciOiJFUzI1NiJ9.e30.c2ln")).parameters]
        ['client_id', 'client_assertion_type', 'client_assertion']

    Args:
        proof: What the assertion was made from: the client's own draft, an issuer's assertion, or a grant.
        assertion: The assertion, signed.
    """
    if isinstance(proof, GrantDraft):
        beside = proof.fields
        parameters = (("assertion", assertion), *beside.parameters)
        return AuthenticationFields(beside.headers, parameters, (*beside.secrets, assertion))
    # A JWT that the client signs has the client_id as its subject.
    named = (("client_id", Secret(proof.client_id)),) if isinstance(proof, AssertionSource) else ()
    kind = proof.type if isinstance(proof, AssertionSource) else JWT_BEARER
    pairs = (*named, ("client_assertion_type", Secret(kind)), ("client_assertion", assertion))
    return AuthenticationFields(parameters=pairs, secrets=(assertion,))


def _matches(pattern: re.Pattern[str], secret: Secret) -> bool:
    return pattern.fullmatch(secret.reveal()) is not None
