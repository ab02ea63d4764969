"""
Client authentication by assertions at the test server (RFC 7521, RFC 7523).

Authlib verifies the assertions. This module adds what Authlib does not check: the algorithm that a client may sign
with, a single audience, an explicit type, a ``jti`` that is used once, and assertions that another issuer signs.
"""

import copy
import threading
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Final, Never, TypeAlias, final

from authlib.oauth2.rfc6749 import InvalidClientError, OAuth2Request
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, KeySet, OctKey
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry, Token, decode

from oauth_cc.testing._clients import JwkSet, Known, readable

FEDERATED: Final = "federated_jwt"
ALGORITHMS: Final = {
    "private_key_jwt": "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519".split(),
    "client_secret_jwt": "HS256 HS384 HS512".split(),
}
"""The algorithms of each registered method."""

ASSERTION_METHODS: Final = (FEDERATED, *ALGORITHMS)
Authenticate: TypeAlias = Callable[[Callable[[str], Known | None], Never], object]
"""Return the client of a request as Authlib's record, or None. The first argument finds a client by its id."""

_TYPES: Final = (None, "JWT", "client-authentication+jwt")


def by_assertion(audience: str, now: Callable[[], float]) -> Mapping[str, Authenticate]:
    """
    Return what authenticates clients by each of `ASSERTION_METHODS`, as Authlib calls it.

    Args:
        audience: The audience of the assertions that clients sign.
        now: Returns the time of the server, in POSIX seconds.
    """
    signed = {method: _ClientAssertions(method, audience, now) for method in ALGORITHMS}
    return {FEDERATED: partial(_federated, now), **signed}


@final
class _ClientAssertions(JWTBearerClientAssertion):
    # Authenticates clients by assertions that they sign themselves.

    def __init__(self, method: str, audience: str, now: Callable[[], float]) -> None:
        super().__init__(leeway=0)
        self.CLIENT_AUTH_METHOD = method
        self._audience = audience
        self._now = now
        self._used: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def __call__(self, query_client: Callable[[str], object], request: OAuth2Request) -> object:
        if "client_assertion" not in request.form:
            return None
        header, _ = self.extract_assertion(request.form["client_assertion"])
        if header.get("alg") not in ALGORITHMS[self.CLIENT_AUTH_METHOD]:
            return None
        try:
            return super().__call__(query_client, request)
        except InvalidClientError:
            # Authlib sets the client that the assertion names before it verifies the assertion.
            request.client = None
            raise

    def resolve_client_public_key(self, client: Known) -> KeySet | OctKey:
        known = client.client
        if self.CLIENT_AUTH_METHOD == "private_key_jwt" and known.jwks is not None:
            return _keys(known.jwks)
        if self.CLIENT_AUTH_METHOD == "client_secret_jwt" and known.client_secret:
            return OctKey.import_key(known.client_secret)
        raise InvalidClientError(description=f"The client is not registered for {self.CLIENT_AUTH_METHOD}.")

    def process_assertion_claims(self, assertion: str, resolve_key: KeySet | OctKey) -> Mapping[str, object]:
        token = _decoded(assertion, resolve_key, ALGORITHMS[self.CLIENT_AUTH_METHOD])
        if token.claims.get("aud") not in (self._audience, [self._audience]):
            raise InvalidClientError(description="The assertion's audience must be this server alone.")
        # Authlib compares with the clock of the machine.
        skew = self._now() - time.time()
        self.verify_claims({name: _shifted(name, value, -skew) for name, value in token.claims.items()})
        return token.claims

    def get_audiences(self) -> list[str]:
        return [self._audience]

    def validate_jti(self, claims: Mapping[str, object], jti: object) -> bool:
        # Remembered until the assertion expires.
        now, exp = time.time(), claims["exp"]  # `exp` is shifted
        used = str(claims["sub"]), str(jti)
        with self._lock:
            self._used = {key: expiry for key, expiry in self._used.items() if expiry > now}
            if used in self._used or not isinstance(jti, str):
                return False
            self._used[used] = float(exp) if isinstance(exp, int | float) else now
            return True


def _shifted(name: str, value: object, seconds: float) -> object:
    return value + round(seconds) if name in ("exp", "nbf", "iat") and isinstance(value, int | float) else value


def _federated(
    now: Callable[[], float], query_client: Callable[[str], Known | None], request: OAuth2Request
) -> Known | None:
    # Authenticates clients by assertions of another issuer.
    known = query_client(request.form.get("client_id", ""))
    identity = None if known is None else known.client.federated_identity
    if identity is None or "client_assertion" not in request.form:
        return None
    if request.form.get("client_assertion_type") != identity.assertion_type:
        raise InvalidClientError(description="The client is registered for another client_assertion_type.")
    token = _decoded(request.form["client_assertion"], _keys(identity.jwks), ALGORITHMS["private_key_jwt"])
    registry = JWTClaimsRegistry(
        now=int(now()),
        iss={"essential": True, "value": identity.issuer},
        sub={"essential": True, "value": identity.subject},
        aud={"essential": True, "value": identity.audience},
        exp={"essential": True},
    )
    try:
        registry.validate(token.claims)
    except JoseError as error:
        raise InvalidClientError(description=error.description) from error
    return known


def read_assertion(assertion: str, jwks: JwkSet, algorithms: Collection[str]) -> Token:
    """
    Return *assertion*, verified. Raises a `JoseError` or a ValueError.

    Args:
        assertion: A JWT.
        jwks: The keys that may have signed it.
        algorithms: The algorithms that it may be signed with.
    """
    return decode(assertion, _keys(jwks), registry=registry(algorithms))


def _keys(jwks: JwkSet) -> KeySet:
    return KeySet([JWKRegistry.import_key(key) for key in readable(jwks)])


def _decoded(assertion: str, key: KeySet | OctKey, algorithms: Collection[str]) -> Token:
    try:
        token = decode(assertion, key, registry=registry(algorithms))
    except (JoseError, ValueError) as error:
        raise InvalidClientError(description=f"The assertion is invalid: {type(error).__name__}.") from error
    if token.header.get("typ") not in _TYPES:
        raise InvalidClientError(description="The assertion's typ must be JWT or client-authentication+jwt.")
    return token


def registry(algorithms: Collection[str]) -> JWSRegistry:
    """Return the registry that verifies *algorithms*, without a warning about the name EdDSA."""
    made = JWSRegistry(algorithms=algorithms)
    # joserfc warns about the name EdDSA (RFC 9864), which clients still use.
    eddsa = copy.copy(made.algorithms["EdDSA"])
    eddsa.security_warning = None
    made.algorithms = {**made.algorithms, "EdDSA": eddsa}
    return made
