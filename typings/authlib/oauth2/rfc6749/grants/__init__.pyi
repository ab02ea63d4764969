from collections.abc import Mapping, Sequence

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Request

class ClientCredentialsGrant:
    GRANT_TYPE: str
    TOKEN_ENDPOINT_AUTH_METHODS: Sequence[str]
    TOKEN_RESPONSE_HEADER: Sequence[tuple[str, str]]
    request: OAuth2Request
    server: AuthorizationServer
    def __init__(self, request: OAuth2Request, server: AuthorizationServer) -> None: ...
    def validate_token_request(self) -> None: ...
    def generate_token(
        self,
        user: object = None,
        scope: str | None = None,
        grant_type: str | None = None,
        expires_in: int | None = None,
        include_refresh_token: bool = True,
    ) -> Mapping[str, object]: ...
    def save_token(self, token: Mapping[str, object]) -> None: ...
