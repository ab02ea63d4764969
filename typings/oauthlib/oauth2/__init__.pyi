from collections.abc import Callable, Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import TypeAlias

from oauthlib.oauth2.rfc6749.errors import (
    FatalClientError as FatalClientError,
)
from oauthlib.oauth2.rfc6749.errors import (
    InsecureTransportError as InsecureTransportError,
)
from oauthlib.oauth2.rfc6749.errors import (
    InvalidClientError as InvalidClientError,
)
from oauthlib.oauth2.rfc6749.errors import (
    InvalidScopeError as InvalidScopeError,
)
from oauthlib.oauth2.rfc6749.errors import (
    MissingTokenError as MissingTokenError,
)
from oauthlib.oauth2.rfc6749.errors import (
    OAuth2Error as OAuth2Error,
)
from oauthlib.oauth2.rfc6749.errors import (
    TokenExpiredError as TokenExpiredError,
)

_Scope: TypeAlias = str | Sequence[str] | set[str] | tuple[str, ...] | None
_Body: TypeAlias = str | bytes | None
_Headers: TypeAlias = MutableMapping[str, str] | None
_Placed: TypeAlias = tuple[str, _Headers, _Body]
_Prepared: TypeAlias = tuple[str, dict[str, str], str]

class OAuth2Token(dict[str, object]):
    def __init__(self, params: Mapping[str, object], old_scope: _Scope = None) -> None: ...
    @property
    def scope_changed(self) -> bool: ...
    @property
    def old_scope(self) -> str | None: ...
    @property
    def old_scopes(self) -> list[str]: ...
    @property
    def scope(self) -> str | None: ...
    @property
    def scopes(self) -> list[str]: ...
    @property
    def missing_scopes(self) -> list[str]: ...
    @property
    def additional_scopes(self) -> list[str]: ...

class Client:
    refresh_token_key: str
    client_id: str
    default_token_placement: str
    token_type: str
    access_token: str | None
    refresh_token: str | None
    mac_key: str | bytes | None
    mac_algorithm: str | None
    token: Mapping[str, object]
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
        default_token_placement: str = "auth_header",
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
    def add_token(
        self,
        uri: str,
        http_method: str = "GET",
        body: _Body = None,
        headers: _Headers = None,
        token_placement: str | None = None,
        **kwargs: str | int | datetime | None,
    ) -> _Placed: ...
    def create_code_verifier(self, length: int) -> str: ...
    def create_code_challenge(self, code_verifier: str, code_challenge_method: str | None = None) -> str | None: ...
    def populate_code_attributes(self, response: Mapping[str, str]) -> None: ...
    def populate_token_attributes(self, response: Mapping[str, object]) -> None: ...
    def parse_request_body_response(self, body: str | bytes, scope: _Scope = None, **kwargs: object) -> OAuth2Token: ...
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

class BackendApplicationClient(Client):
    grant_type: str
    def prepare_request_body(
        self, body: _Body = "", scope: _Scope = None, include_client_id: bool = False, **kwargs: object
    ) -> str: ...
