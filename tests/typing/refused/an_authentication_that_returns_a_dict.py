import attrs

from oauth_cc import ClientCredentials


@attrs.frozen
class Mine:
    key: str

    def authenticate(self, client_id: str) -> dict[str, str]:
        return {"X-Api-Key": self.key}


ClientCredentials("your_id", Mine("k3y"))  # refused
