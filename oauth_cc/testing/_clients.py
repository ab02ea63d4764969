"""
Whom the test server knows.
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

AuthenticationMethod: TypeAlias = Literal[
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "federated_jwt",
]
"""What the server can authenticate a client by: a registered name, or ``federated_jwt``, which no register knows."""

JwkSet: TypeAlias = Mapping[str, object]
"""A JWK set, ``{"keys": [...]}`` (RFC 7517 section 5)."""


def readable(jwks: JwkSet) -> Sequence[dict[str, str | list[str]]]:
    """Gives the keys of *jwks* with what of each joserfc reads."""
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
        raise ValueError('jwks is no JWK set: give {"keys": [...]}, with public keys alone')


_READ_AND_WRITE: Final = Scope.of("read", "write")


def _check_scope(_record: object, _field: object, scope: Scope) -> None:
    if not isinstance(scope, Scope):
        raise ValueError(f"scope must be a Scope, not {type(scope).__name__}; use Scope.of('read', 'write')")


def _check_methods(_record: object, _field: object, methods: frozenset[str]) -> None:
    known = get_args(AuthenticationMethod)
    if not isinstance(methods, set | frozenset) or not methods <= set(known):
        raise ValueError(f"authentication_methods: give a frozenset of {', '.join(known)}")


@final
@attrs.frozen
class FederatedIdentity:
    """
    Who a client is to someone else, whose assertions prove it (RFC 7521 section 4.2): the *issuer* and the *subject*
    that they name, the *audience* that they are for, the public keys of that issuer in *jwks* (RFC 7517 section 5), and
    their *assertion_type*.
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
    A client that the server knows: its id and secret (empty if it has none), the *scope* it may ask for (and gets if
    it asks for none), and the *authentication_methods* that it may use. Raises `ValueError` for what can be none.

    ``private_key_jwt`` needs its public keys in *jwks* (RFC 7517 section 5); one that has an ``alg`` verifies by that
    alone. By certificate (RFC 8705) it is known by *certificate_subject* (``tls_client_auth``; as RFC 4514
    writes it) or by *certificate_thumbprint* (``self_signed_tls_client_auth``; ``x5t#S256``), and its tokens are bound
    to that one; with *certificate_bound* they are whatever the method. ``federated_jwt`` is for assertions of the
    *federated_identity*'s issuer.
    """

    client_id: str
    client_secret: str = attrs.field(default="", repr=False)
    scope: Scope = attrs.field(default=_READ_AND_WRITE, validator=_check_scope)
    authentication_methods: frozenset[AuthenticationMethod] = attrs.field(
        default=frozenset[AuthenticationMethod]({BASIC, POST}), validator=_check_methods
    )
    jwks: JwkSet | None = attrs.field(default=None, repr=False, validator=_check_jwks)
    federated_identity: FederatedIdentity | None = None
    certificate_subject: str | None = None
    certificate_thumbprint: str | None = None
    certificate_bound: bool = False


@final
@attrs.frozen
class Known:
    """A client as Authlib asks about it."""

    client: RegisteredClient

    @property
    def client_id(self) -> str:
        """Its id."""
        return self.client.client_id

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Gives the scope that it gets if it asks for *scope*, None if it may not."""
        asked = (scope or str(self.client.scope)).split(" ")
        return " ".join(asked) if set(self.client.scope).issuperset(asked) else None

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether that is its secret."""
        known = self.client.client_secret
        return known != "" and secrets.compare_digest(client_secret.encode(), known.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Whether it may use *method*, wherever it authenticates."""
        return method in self.client.authentication_methods

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether that is the grant it is for."""
        return grant_type == GRANT
