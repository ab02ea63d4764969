"""
Revocation and introspection at the test server, decided by Authlib (RFC 7009, RFC 7662).
"""

from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from oauth_cc.testing._authentication import METHODS
from oauth_cc.testing._clients import Known
from oauth_cc.testing._state import Issued, State


class Revocation(RevocationEndpoint):
    """Revocation of the tokens in *state*."""

    CLIENT_AUTH_METHODS = METHODS

    def __init__(self, state: State) -> None:
        super().__init__()
        self.state = state

    def query_token(self, token_string: str, token_type_hint: str | None) -> Issued | None:
        """Return the token with that value or None, as Authlib calls it."""
        return self.state.find(token_string)

    def revoke_token(self, token: Issued, request: OAuth2Request) -> None:
        """Revoke *token*, as Authlib calls it."""
        token.revoked = True


class Introspection(IntrospectionEndpoint):
    """Introspection of the tokens in *state*."""

    CLIENT_AUTH_METHODS = METHODS

    def __init__(self, state: State) -> None:
        super().__init__()
        self.state = state

    def query_token(self, token_string: str, token_type_hint: str | None) -> Issued | None:
        """Return the token with that value or None, as Authlib calls it."""
        return self.state.find(token_string)

    def check_permission(self, token: Issued, client: Known, request: OAuth2Request) -> bool:
        """Return True, as Authlib calls it: each client may introspect each token."""
        return True

    def introspect_token(self, token: Issued) -> dict[str, object]:
        """Return the members that describe *token*."""
        members: dict[str, object] = {
            "client_id": token.client_id,
            "scope": token.scope,
            "token_type": token.token_type,
        }
        members |= {"iat": int(token.issued_at), "iss": self.state.issuer}
        if token.expires_at is not None:
            members["exp"] = int(token.expires_at)
        if token.audience:
            members["aud"] = list(token.audience)
        confirmation = {"x5t#S256": token.certificate, "jkt": token.dpop_jkt}
        if any(confirmation.values()):
            members["cnf"] = {name: value for name, value in confirmation.items() if value is not None}
        return members
