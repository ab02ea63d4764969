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


@attrs.frozen
class Network:
    """Known by where it stands; its id is not needed, and so not named."""

    def authenticate(self, _client_id: str) -> AuthenticationFields:
        """Gives nothing."""
        return AuthenticationFields()


elsewhere: ClientAuthentication = Network()
way: ClientAuthentication = ApiKey(Secret("k3y"))
request = token_request(ClientCredentials("your_id", way))
