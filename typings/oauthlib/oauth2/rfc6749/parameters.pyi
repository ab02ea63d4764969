from collections.abc import Mapping

from oauthlib.oauth2.rfc6749.clients.base import _Body
from oauthlib.oauth2.rfc6749.tokens import OAuth2Token, _Scope

def prepare_token_request(
    grant_type: str,
    body: _Body = "",
    include_client_id: bool = True,
    code_verifier: str | None = None,
    **kwargs: object,
) -> str: ...
def parse_token_response(body: str | bytes | bytearray, scope: _Scope = None) -> OAuth2Token: ...
def validate_token_parameters(params: Mapping[str, object]) -> None: ...
