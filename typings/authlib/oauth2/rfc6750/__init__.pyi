from collections.abc import Sequence

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import OAuth2Request, TokenValidator

class InsufficientScopeError(OAuth2Error): ...

class InvalidTokenError(OAuth2Error):
    def __init__(
        self,
        description: str | None = None,
        uri: str | None = None,
        status_code: int | None = None,
        state: str | None = None,
        realm: str | None = None,
        extra_attributes: dict[str, str] | None = None,
    ) -> None: ...

class BearerTokenValidator(TokenValidator):
    realm: str | None
    def validate_token(self, token: object, scopes: Sequence[str] | None, request: OAuth2Request) -> None: ...
