from collections.abc import Callable, Mapping, MutableMapping
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from oauthlib.oauth2.rfc6749.tokens import OAuth2Token, _Scope

AUTH_HEADER: Final = "auth_header"
URI_QUERY: Final = "query"
BODY: Final = "body"

_Placement: TypeAlias = Literal["auth_header", "query", "body"]
_Body: TypeAlias = str | bytes | None
_Headers: TypeAlias = MutableMapping[str, str] | None
_Placed: TypeAlias = tuple[str, _Headers, _Body]
_Prepared: TypeAlias = tuple[str, dict[str, str], str]

class Client:
    refresh_token_key: str
    client_id: str
    default_token_placement: _Placement
    token_type: str
    access_token: str | None
    refresh_token: str | None
    mac_key: str | bytes | None
    mac_algorithm: str | None
    token: MutableMapping[str, object]
    scope: _Scope
    state_generator: Callable[[], str]
    state: str | None
    redirect_url: str | None
    code_verifier: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    code: str | None
    expires_in: int | None
    expires_at: float | str
    def __init__(
        self,
        client_id: str,
        default_token_placement: _Placement = "auth_header",
        token_type: str = "Bearer",
        access_token: str | None = None,
        refresh_token: str | None = None,
        mac_key: str | bytes | None = None,
        mac_algorithm: str | None = None,
        token: Mapping[str, object] | None = None,
        scope: _Scope = None,
        state: str | None = None,
        redirect_url: str | None = None,
        state_generator: Callable[[], str] = ...,
        code_verifier: str | None = None,
        code_challenge: str | None = None,
        code_challenge_method: str | None = None,
        **kwargs: object,
    ) -> None: ...
    @property
    def token_types(self) -> Mapping[str, Callable[..., _Placed]]: ...
    # Any, because each grant has different parameters, and a subclass could not narrow object to them.
    def prepare_request_uri(self, *args: Any, **kwargs: Any) -> str: ...
    def prepare_request_body(self, *args: Any, **kwargs: Any) -> str: ...
    def parse_request_uri_response(self, *args: Any, **kwargs: Any) -> Mapping[str, object]: ...
    def add_token(
        self,
        uri: str,
        http_method: str = "GET",
        body: _Body = None,
        headers: _Headers = None,
        token_placement: _Placement | None = None,
        **kwargs: str | int | datetime | None,
    ) -> _Placed: ...
    def create_code_verifier(self, length: int) -> str: ...
    def create_code_challenge(self, code_verifier: str, code_challenge_method: str | None = None) -> str | None: ...
    def populate_code_attributes(self, response: Mapping[str, str]) -> None: ...
    def populate_token_attributes(self, response: Mapping[str, object]) -> None: ...
    def parse_request_body_response(
        self, body: str | bytes | bytearray, scope: _Scope = None, **kwargs: object
    ) -> OAuth2Token: ...
    def prepare_authorization_request(
        self,
        authorization_url: str,
        state: str | None = None,
        redirect_url: str | None = None,
        scope: _Scope = None,
        **kwargs: object,
    ) -> _Prepared: ...
    def prepare_token_request(
        self,
        token_url: str,
        authorization_response: str | None = None,
        redirect_url: str | None = None,
        state: str | None = None,
        body: _Body = "",
        **kwargs: object,
    ) -> _Prepared: ...
    def prepare_refresh_token_request(
        self,
        token_url: str,
        refresh_token: str | None = None,
        body: _Body = "",
        scope: _Scope = None,
        **kwargs: object,
    ) -> _Prepared: ...
    def prepare_token_revocation_request(
        self,
        revocation_url: str,
        token: str,
        token_type_hint: str | None = "access_token",
        body: _Body = "",
        **kwargs: object,
    ) -> _Prepared: ...
    def prepare_refresh_body(
        self, body: _Body = "", refresh_token: str | None = None, scope: _Scope = None, **kwargs: object
    ) -> str: ...
