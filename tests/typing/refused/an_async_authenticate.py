import attrs

from oauth_cc import ClientCredentials, Secret
from oauth_cc.authentication import AuthenticationFields


@attrs.frozen
class Mine:
    key: str

    async def authenticate(self, client_id: str) -> AuthenticationFields:
        return AuthenticationFields(headers=(("X-Api-Key", Secret(self.key)),))


ClientCredentials("your_id", Mine("k3y"))  # refused
