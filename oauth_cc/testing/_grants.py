"""
The grant of an assertion at the test server (RFC 7523 section 2.1), verified by joserfc.
"""

import threading
from collections.abc import Callable
from typing import final

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry

from oauth_cc.testing._assertions import ALGORITHMS, read_assertion
from oauth_cc.testing._clients import RegisteredClient


@final
class GrantAssertions:
    """
    The assertions that were accepted as a grant. Each is accepted once.

    Args:
        now: Returns the time of the server, in POSIX seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._used: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def client_of(
        self, clients: list[RegisteredClient], assertion: str | None
    ) -> tuple[RegisteredClient, dict[str, object]]:
        """
        Return the client whose assertion this is, and its claims.

        Args:
            clients: The registered clients.
            assertion: The parameter ``assertion`` of the request.

        Raises:
            InvalidRequestError: There is no assertion.
            OAuth2Error: No client is registered for this key and these claims.
        """
        if not assertion:
            raise InvalidRequestError("The request must have an assertion.")
        for client in clients:
            try:
                return client, self._claims(client, assertion)
            except (JoseError, ValueError):
                # It may be the assertion of the next client.
                continue
        raise OAuth2Error("No client is registered for this assertion, or it was used.", error="invalid_grant")

    def _claims(self, client: RegisteredClient, assertion: str) -> dict[str, object]:
        identity = client.grant_identity
        if identity is None:
            raise ValueError("the client is not registered for this grant")
        claims = read_assertion(assertion, identity.jwks, ALGORITHMS["private_key_jwt"]).claims
        JWTClaimsRegistry(
            now=int(self._now()),
            iss={"essential": True, "value": identity.issuer},
            aud={"essential": True, "value": identity.audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True, "value": identity.subject} if identity.subject else {"essential": False},
        ).validate(claims)
        if not identity.subject and "sub" in claims:
            raise ValueError("the client is registered without a subject")
        self._accept(identity.issuer, str(claims.get("jti")), float(claims["exp"]))
        return claims

    def _accept(self, issuer: str, jti: str, expires_at: float) -> None:
        now = self._now()
        with self._lock:
            self._used = {key: expiry for key, expiry in self._used.items() if expiry > now}
            if (issuer, jti) in self._used:
                raise ValueError("the assertion was used before")
            self._used[issuer, jti] = expires_at
