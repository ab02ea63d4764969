import attrs

from oauth_cc import ClientCredentials


@attrs.frozen
class Mine:
    key: str


ClientCredentials("your_id", Mine("k3y"))  # refused
