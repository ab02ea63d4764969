from collections.abc import Sequence

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Request

class ClientCredentialsGrant:
    TOKEN_ENDPOINT_AUTH_METHODS: Sequence[str]
    request: OAuth2Request
    server: AuthorizationServer
    def __init__(self, request: OAuth2Request, server: AuthorizationServer) -> None: ...
    def validate_token_request(self) -> None: ...
