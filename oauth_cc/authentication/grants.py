"""
The grant of an assertion that the client signs itself (RFC 7523 section 2.1).
"""

from collections.abc import Mapping
from typing import Final, TypeAlias, final

import attrs

from oauth_cc._wire.json import JsonValue, parse_object
from oauth_cc.authentication.assertions import key_fault
from oauth_cc.authentication.client_secret import ClientSecret
from oauth_cc.authentication.jwt import AssertionDraft, assertion_fault, written_claims
from oauth_cc.authentication.keys import Algorithm, SigningKey
from oauth_cc.authentication.methods import (
    JWT_BEARER_GRANT,
    AuthenticationFields,
    ClientSecretBasic,
    ClientSecretPost,
    GrantDraft,
    NoAuthentication,
)
from oauth_cc.errors import InvalidInput, switch_fault
from oauth_cc.secret import Secret

BesideGrant: TypeAlias = ClientSecretBasic | ClientSecretPost | NoAuthentication
"""The client authentication methods that can stand beside the grant."""

_NO_FIELDS: Final = AuthenticationFields()


@final
@attrs.frozen(init=False)
class JwtBearerGrant:
    """
    A JWT that the client signs for each request, as the grant itself: service accounts of Google, Salesforce, DocuSign,
    ServiceNow, Maskinporten and Zitadel (RFC 7523 section 2.1).

    It takes the place of the client authentication. The request has the grant type of the JWT. It has a client_id or a
    secret only if *client_authentication* adds them.

    Args:
        key: The private key, loaded by `oauth_cc.jose`, or a `SigningKey` that calls a KMS or an HSM.
        audience: The ``aud``, which the server documents: its issuer or its token endpoint.
        issuer: The ``iss``. None for the client_id of the credentials.
        subject: The ``sub``: the account that the token is for. None to omit it.
        claims: Further claims. They are kept as the text of a JSON object.
        scope_claim: Whether the scope of the request goes into the JWT, and not into the body.
        client_authentication: What authenticates the client beside the grant. None for nothing, as most servers expect.
        typ: The ``typ`` of the JWT header, None to omit it.
        lifetime: Seconds from ``iat`` to ``exp``, from 1 to 3600.

    Raises:
        InvalidInput: The key is not a `SigningKey`, or another argument is out of its range.

    Example:
        >>> key = SigningKey("RS256", lambda signing_input: bytes(256), "alias/robot")
        >>> grant = JwtBearerGrant(key, audience="https://oauth2.googleapis.com/token", scope_claim=True)
        >>> grant.authenticate("robot@project.example").draft.audience
        'https://oauth2.googleapis.com/token'
    """

    key: SigningKey
    audience: str
    issuer: str | None = None
    subject: str | None = None
    claims: str = "{}"
    scope_claim: bool = False
    client_authentication: BesideGrant | None = None
    typ: str | None = "JWT"
    lifetime: int = 60

    def __init__(
        self,
        key: SigningKey,
        *,
        audience: str,
        issuer: str | None = None,
        subject: str | None = None,
        claims: Mapping[str, JsonValue] | str | None = None,
        scope_claim: bool = False,
        client_authentication: BesideGrant | None = None,
        typ: str | None = "JWT",
        lifetime: int = 60,
    ) -> None:
        written = written_claims(claims)
        fault = (
            switch_fault(scope_claim=scope_claim)
            or key_fault(key, needs_certificate=False)
            or _audience_fault(audience)
            or assertion_fault((issuer, subject, typ), lifetime)
            or _claims_fault(written, scope_claim)
            or _beside_fault(client_authentication)
        )
        if fault is not None:
            # An argument may be a private key or a secret.
            del self, key, audience, issuer, subject, claims, written, client_authentication, typ
            raise fault
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "audience", audience)
        object.__setattr__(self, "issuer", issuer)
        object.__setattr__(self, "subject", subject)
        object.__setattr__(self, "claims", written)
        object.__setattr__(self, "scope_claim", scope_claim)
        object.__setattr__(self, "client_authentication", client_authentication)
        object.__setattr__(self, "typ", typ)
        object.__setattr__(self, "lifetime", lifetime)

    @property
    def grant_type(self) -> str:
        """The grant type of the request."""
        return JWT_BEARER_GRANT

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm of the key."""
        return self.key.algorithm

    def authenticate(self, client_id: str) -> GrantDraft:
        """Return the JWT to sign, and what authenticates the client beside it."""
        beside = self.client_authentication
        fields = _NO_FIELDS if beside is None else beside.authenticate(client_id)
        draft = AssertionDraft(
            self.key,
            self.issuer or client_id,
            self.audience,
            self.typ,
            self.lifetime,
            self.claims,
            subject=self.subject,
        )
        return GrantDraft(draft, fields, scope_claim=self.scope_claim)

    @property
    def secret(self) -> ClientSecret | None:
        """The client secret that authenticates the client beside the grant, or None."""
        beside = self.client_authentication
        return None if beside is None or isinstance(beside, NoAuthentication) else beside.secret

    def with_secret(self, secret: Secret) -> "JwtBearerGrant":
        """Return the grant with *secret* in place of the client secret beside it, if it has one."""
        beside = self.client_authentication
        if beside is None or isinstance(beside, NoAuthentication):
            return self
        return attrs.evolve(self, client_authentication=beside.with_secret(secret))

    def with_key(self, key: SigningKey) -> "JwtBearerGrant":
        """Return the grant with *key* in place of its own."""
        return attrs.evolve(self, key=key)


def _audience_fault(audience: object) -> InvalidInput | None:
    if isinstance(audience, str):
        return assertion_fault((audience,), 1)
    return InvalidInput("client assertion", f"client assertion audience must be a str, not {type(audience).__name__}")


def _claims_fault(written: str | InvalidInput, scope_claim: bool) -> InvalidInput | None:
    if isinstance(written, InvalidInput):
        return written.with_traceback(None)
    if scope_claim and "scope" in parse_object(written):
        reason = "client assertion claims must not have scope together with scope_claim=True; leave one out"
        return InvalidInput("client assertion", reason)
    return None


def _beside_fault(method: object) -> InvalidInput | None:
    if method is None or isinstance(method, ClientSecretBasic | ClientSecretPost | NoAuthentication):
        return None
    name = type(method).__name__
    reason = f"client_authentication must be ClientSecretBasic, ClientSecretPost or NoAuthentication, not {name}"
    return InvalidInput("client authentication", reason)
