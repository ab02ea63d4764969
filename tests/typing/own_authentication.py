"""
A custom client authentication method: any record with the one method.
"""

import attrs

from oauth_cc import ClientCredentials, Secret, token_request
from oauth_cc.authentication import AuthenticationFields, ClientAuthentication


@attrs.frozen
class ApiKey:
    """An API key in a header."""

    key: Secret

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """Return the header."""
        return AuthenticationFields(headers=(("X-Api-Key", self.key),))


@attrs.frozen
class Network:
    """A client that the server identifies by its network; the client_id is unused, and its parameter renamed."""

    def authenticate(self, _client_id: str) -> AuthenticationFields:
        """Return no fields."""
        return AuthenticationFields()


elsewhere: ClientAuthentication = Network()
way: ClientAuthentication = ApiKey(Secret("k3y"))
request = token_request(ClientCredentials("your_id", way))
