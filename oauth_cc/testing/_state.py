"""
The state of the test server: its clients, the tokens that it has issued, and the token requests that it has seen.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import final

import attrs

from oauth_cc.testing._clients import Known, RegisteredClient
from oauth_cc.testing._dpop import Nonces, ProofVerifier
from oauth_cc.testing._grants import GrantAssertions
from oauth_cc.testing._messages import TokenRequestSeen


@final
@attrs.define
class Issued:
    """
    A token with the methods that Authlib calls.

    Args:
        value: The access token.
        client_id: The client.
        scope: The granted scope.
        audience: The resources that the token is for.
        issued_at: When it was issued, in POSIX seconds.
        expires_at: When it expires, or None.
        certificate: The thumbprint that the token is bound to, or None.
        now: Returns the time of the server.
        dpop_jkt: The thumbprint of the key that the token is bound to, or None.
        revoked: Whether it is revoked.
    """

    value: str = attrs.field(repr=False)
    client_id: str
    scope: str
    audience: tuple[str, ...]
    issued_at: float
    expires_at: float | None
    certificate: str | None
    now: Callable[[], float] = attrs.field(repr=False)
    dpop_jkt: str | None = None
    revoked: bool = False

    @property
    def token_type(self) -> str:
        """The type of the token."""
        return "Bearer" if self.dpop_jkt is None else "DPoP"

    def is_expired(self) -> bool:
        """Return whether the token has expired."""
        return self.expires_at is not None and self.expires_at <= self.now()

    def is_revoked(self) -> bool:
        """Return whether the token is revoked."""
        return self.revoked

    def get_scope(self) -> str:
        """Return the granted scope."""
        return self.scope

    def check_client(self, client: Known) -> bool:
        """Return whether the token was issued to *client*."""
        return self.client_id == client.client_id


@final
class State:
    """
    The state of one server. Safe to share between threads.

    Args:
        issuer: The issuer identifier.
        audience: The audience of assertions that clients sign.
        clients: The registered clients by id.
        lifetime: The lifetime of tokens in seconds; None means tokens without ``expires_in``.
        demands_nonces: Whether DPoP proofs must have a nonce.
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        clients: Mapping[str, RegisteredClient],
        lifetime: int | None,
        *,
        demands_nonces: bool = False,
    ) -> None:
        self.issuer = issuer
        self.audience = audience
        self.clients = dict(clients)
        self.lifetime = lifetime
        self.clock_skew = 0.0
        self.grants = GrantAssertions(self.now)
        # A verifier for the token endpoint and one for the API, whose nonces differ (RFC 9449 section 9).
        self.token_proofs = ProofVerifier(issuer, self.now, Nonces() if demands_nonces else None)
        self.api_proofs = ProofVerifier(issuer, self.now, Nonces() if demands_nonces else None)
        self._issued: dict[str, Issued] = {}
        self._seen: list[TokenRequestSeen] = []
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the time of the server, in POSIX seconds."""
        return time.time() + self.clock_skew

    @property
    def seen(self) -> tuple[TokenRequestSeen, ...]:
        """The requests that the token endpoint has received, in order."""
        with self._lock:
            return tuple(self._seen)

    def see(self, request: TokenRequestSeen) -> None:
        """Remember a token *request*."""
        with self._lock:
            self._seen.append(request)

    def register(self, client: RegisteredClient) -> None:
        """Register *client*, in place of an earlier client of this id."""
        with self._lock:
            self.clients = {**self.clients, client.client_id: client}

    def find(self, value: str) -> Issued | None:
        """Return the token with that *value*, expired and revoked ones included, or None."""
        with self._lock:
            return self._issued.get(value)

    def keep(
        self,
        token: Mapping[str, object],
        client_id: str,
        audience: Sequence[str],
        certificate: str | None,
        dpop_jkt: str | None = None,
    ) -> None:
        """
        Store a token that was issued.

        Args:
            token: The members of the token response.
            client_id: The client.
            audience: The resources that the token is for.
            certificate: The thumbprint that the token is bound to, or None.
            dpop_jkt: The thumbprint of the key that it is bound to, or None.
        """
        now = self.now()
        expires_at = None if self.lifetime is None else now + self.lifetime
        value = str(token["access_token"])
        with self._lock:
            self._issued[value] = Issued(
                value, client_id, str(token["scope"]), tuple(audience), now, expires_at, certificate, self.now, dpop_jkt
            )

    def end_all(self, *, revoked: bool) -> None:
        """Revoke every token issued so far if *revoked* is True, else let each expire."""
        with self._lock:
            for token in self._issued.values():
                token.revoked = token.revoked or revoked
                token.expires_at = token.expires_at if revoked else 0.0
