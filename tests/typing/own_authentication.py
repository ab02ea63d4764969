"""
A way of authentication of the user's own: any record with the one method.
"""

import attrs

from oauth_cc import ClientCredentials, Secret, token_request
from oauth_cc.authentication import AuthenticationFields, ClientAuthentication


@attrs.frozen
class ApiKey:
    """A key in a header of its own."""

    key: Secret

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """Gives the header."""
        return AuthenticationFields(headers=(("X-Api-Key", self.key),))


way: ClientAuthentication = ApiKey(Secret("k3y"))
request = token_request(ClientCredentials("your_id", way))
