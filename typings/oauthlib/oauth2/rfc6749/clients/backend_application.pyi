from oauthlib.oauth2.rfc6749.clients.base import Client, _Body
from oauthlib.oauth2.rfc6749.tokens import _Scope

class BackendApplicationClient(Client):
    grant_type: str
    def prepare_request_body(
        self, body: _Body = "", scope: _Scope = None, include_client_id: bool = False, **kwargs: object
    ) -> str: ...
