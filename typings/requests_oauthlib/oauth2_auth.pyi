from collections.abc import Mapping

from requests import PreparedRequest
from requests.auth import AuthBase
from requests_oauthlib.oauth2_session import _Client

class OAuth2(AuthBase):
    def __init__(
        self, client_id: str | None = None, client: _Client | None = None, token: Mapping[str, object] | None = None
    ) -> None: ...
    def __call__(self, r: PreparedRequest) -> PreparedRequest: ...
