"""
The clients that are registered at the test server.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias, final, get_args

import attrs
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from oauth_cc._wire.json import is_array, is_object
from oauth_cc.scope import Scope

BASIC: Final = "client_secret_basic"
POST: Final = "client_secret_post"
GRANT: Final = "client_credentials"
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"

AuthenticationMethod: TypeAlias = Literal[
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "federated_jwt",
]
"""The client authentication methods of the server: registered names, and ``federated_jwt``, which is not registered."""

JwkSet: TypeAlias = Mapping[str, object]
"""A JWK set, ``{"keys": [...]}`` (RFC 7517 section 5)."""


def readable(jwks: JwkSet) -> Sequence[dict[str, str | list[str]]]:
    """Return the keys of *jwks*, reduced to the members that joserfc reads."""
    keys = jwks["keys"]
    found = [key for key in keys if is_object(key)] if is_array(keys) else []
    return [{name: value for name, value in key.items() if isinstance(value, str)} for key in found]


def _check_jwks(_record: object, _field: object, jwks: JwkSet | None) -> None:
    if jwks is None:
        return
    try:
        keys = [JWKRegistry.import_key(key) for key in readable(jwks)]
    except (JoseError, AttributeError, KeyError, TypeError, ValueError):
        keys = []
    if not keys:
        raise ValueError('jwks must be a JWK set of public keys, {"keys": [...]}')


_READ_AND_WRITE: Final = Scope.of("read", "write")


def _check_scope(_record: object, _field: object, scope: Scope) -> None:
    if not isinstance(scope, Scope):
        raise ValueError(f"scope must be a Scope, not {type(scope).__name__}; use Scope.of('read', 'write')")


def _check_methods(_record: object, _field: object, methods: frozenset[str]) -> None:
    known = get_args(AuthenticationMethod)
    if not isinstance(methods, set | frozenset) or not methods <= set(known):
        raise ValueError(f"authentication_methods must be a frozenset of {', '.join(known)}")


@final
@attrs.frozen
class FederatedIdentity:
    """
    The identity of a client at another issuer, whose assertions authenticate it (RFC 7521 section 4.2).

    Args:
        issuer: The issuer of the assertions.
        subject: Their subject.
        audience: Their audience.
        jwks: The public keys of the issuer, as a JWK set (RFC 7517 section 5).
        assertion_type: The ``client_assertion_type`` of the assertions.

    Raises:
        ValueError: If *jwks* is not a JWK set.
    """

    issuer: str
    subject: str
    audience: str
    jwks: JwkSet = attrs.field(repr=False, validator=_check_jwks)
    assertion_type: str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@final
@attrs.frozen
class RegisteredClient:
    """
    A client that is registered at the server.

    Args:
        client_id: Its identifier.
        client_secret: Its secret; empty if it has none.
        scope: The scope that it may request. A request without a scope gets all of it.
        authentication_methods: The methods that it may authenticate with.
        jwks: Its public keys for ``private_key_jwt``, as a JWK set (RFC 7517 section 5). A key with an ``alg`` verifies
            that algorithm alone.
        federated_identity: Its identity at another issuer, for ``federated_jwt``.
        grant_identity: What its assertions as a grant must name (RFC 7523 section 2.1), for requests without a
            client_id. An empty subject means none. With *authentication_methods* the client authenticates
            beside the grant.
        certificate_subject: The subject of its certificate for ``tls_client_auth``, in the form of RFC 4514.
        certificate_thumbprint: The thumbprint of its certificate for ``self_signed_tls_client_auth`` (``x5t#S256``).
        certificate_bound: Whether its tokens are bound to a certificate for every method (RFC 8705). Tokens of the
            two TLS methods always are.
        dpop_bound: Whether its token requests must have a DPoP proof (RFC 9449 section 5.2,
            ``dpop_bound_access_tokens``). Tokens of a request with a proof are bound to its key for every client.

    Raises:
        ValueError: If a field is not of its type, or *jwks* is not a JWK set.
    """

    client_id: str
    client_secret: str = attrs.field(default="", repr=False)
    scope: Scope = attrs.field(default=_READ_AND_WRITE, validator=_check_scope)
    authentication_methods: frozenset[AuthenticationMethod] = attrs.field(
        default=frozenset[AuthenticationMethod]({BASIC, POST}), validator=_check_methods
    )
    jwks: JwkSet | None = attrs.field(default=None, repr=False, validator=_check_jwks)
    federated_identity: FederatedIdentity | None = None
    grant_identity: FederatedIdentity | None = None
    certificate_subject: str | None = None
    certificate_thumbprint: str | None = None
    certificate_bound: bool = False
    dpop_bound: bool = False


@final
@attrs.frozen
class Known:
    """A client with the methods that Authlib calls."""

    client: RegisteredClient

    @property
    def client_id(self) -> str:
        """The client identifier."""
        return self.client.client_id

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return the scope that a request for *scope* gets, or None if the client is not registered for it."""
        requested = (scope or str(self.client.scope)).split(" ")
        return " ".join(requested) if set(self.client.scope).issuperset(requested) else None

    def check_client_secret(self, client_secret: str) -> bool:
        """Return True if *client_secret* is the client's secret."""
        known = self.client.client_secret
        return known != "" and secrets.compare_digest(client_secret.encode(), known.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Return True if the client may use *method*, at any endpoint, as Authlib calls it."""
        return method in self.client.authentication_methods

    def check_grant_type(self, grant_type: str) -> bool:
        """Return True for the grants of the server."""
        return grant_type in (GRANT, JWT_BEARER)
