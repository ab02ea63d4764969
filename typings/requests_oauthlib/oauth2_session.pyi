from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, overload

import requests
from oauthlib.oauth2 import OAuth2Token
from oauthlib.oauth2.rfc6749.tokens import _Scope
from requests.auth import AuthBase

_T_co = TypeVar("_T_co", covariant=True)

class _SupportsRead(Protocol[_T_co]):
    def read(self, length: int = ..., /) -> _T_co: ...

class _SupportsItems(Protocol):
    def items(self) -> Iterable[tuple[object, object]]: ...

# Types of requests, whose names there are private.
_Auth: TypeAlias = tuple[str, str] | AuthBase | Callable[[requests.PreparedRequest], requests.PreparedRequest] | None
_Timeout: TypeAlias = float | tuple[float | None, float | None] | None
_Headers: TypeAlias = Mapping[str, str | bytes] | None
_Data: TypeAlias = (
    str
    | bytes
    | bytearray
    | Iterable[tuple[object, object]]
    | Iterable[str | bytes]
    | _SupportsItems
    | _SupportsRead[str | bytes]
    | None
)
_Content: TypeAlias = _SupportsRead[str | bytes] | str | bytes
_File: TypeAlias = (
    _Content
    | tuple[str | None, _Content]
    | tuple[str | None, _Content, str]
    | tuple[str | None, _Content, str, Mapping[str, str]]
)
_Files: TypeAlias = Mapping[str, _File] | Iterable[tuple[str, _File]] | None

# Any for values that requests-oauthlib passes to a hook unchecked: their type depends on the program.
_Fields: TypeAlias = dict[str, str]
_Respond: TypeAlias = Callable[[requests.Response], requests.Response]
_Protect: TypeAlias = Callable[[str, Any, Any], tuple[str, object, object]]
_Ask: TypeAlias = Callable[[str, _Fields, dict[str, Any]], tuple[str, Mapping[str, str], Mapping[str, object]]]
_Refresh: TypeAlias = Callable[[str, _Fields, str], tuple[str, Mapping[str, str], str]]

# The attributes of a client that a session uses.
class _Client(Protocol):
    client_id: str
    access_token: str | None
    token: MutableMapping[str, object]
    @property
    def scope(self) -> _Scope: ...
    # Each grant has different parameters.
    @property
    def prepare_request_body(self) -> Callable[..., str]: ...
    def parse_request_body_response(self, body: str, scope: _Scope = None) -> Mapping[str, object]: ...
    def add_token(
        self,
        uri: str,
        http_method: str = "GET",
        body: str | bytes | None = None,
        headers: MutableMapping[str, str] | None = None,
    ) -> tuple[str, MutableMapping[str, str] | None, str | bytes | None]: ...
    def populate_token_attributes(self, response: Mapping[str, object]) -> None: ...

class TokenUpdated(Warning):
    token: OAuth2Token
    def __init__(self, token: OAuth2Token) -> None: ...

class OAuth2Session(requests.Session):
    redirect_uri: str | None
    state: str | Callable[[], str]
    auto_refresh_url: str | None
    auto_refresh_kwargs: Mapping[str, object]
    token_updater: Callable[[OAuth2Token], object] | None
    compliance_hook: dict[str, set[Callable[..., object]]]
    def __init__(
        self,
        client_id: str | None = None,
        client: _Client | None = None,
        auto_refresh_url: str | None = None,
        auto_refresh_kwargs: Mapping[str, object] | None = None,
        scope: _Scope = None,
        redirect_uri: str | None = None,
        token: Mapping[str, object] | None = None,
        state: str | Callable[[], str] | None = None,
        token_updater: Callable[[OAuth2Token], object] | None = None,
        pkce: Literal["S256", "plain"] | None = None,
        **kwargs: object,
    ) -> None: ...
    @property
    def scope(self) -> _Scope: ...
    @scope.setter
    def scope(self, scope: _Scope) -> None: ...
    @property
    def client_id(self) -> str | None: ...
    @client_id.setter
    def client_id(self, value: str | None) -> None: ...
    @client_id.deleter
    def client_id(self) -> None: ...
    # A token that was not fetched is the dict that was passed, with the same members.
    @property
    def token(self) -> OAuth2Token: ...
    @token.setter
    def token(self, value: Mapping[str, object]) -> None: ...
    @property
    def access_token(self) -> str | None: ...
    @access_token.setter
    def access_token(self, value: str | None) -> None: ...
    @access_token.deleter
    def access_token(self) -> None: ...
    @property
    def authorized(self) -> bool: ...
    def new_state(self) -> str: ...
    def authorization_url(self, url: str, state: str | None = None, **kwargs: object) -> tuple[str, str]: ...
    def fetch_token(
        self,
        token_url: str,
        code: str | None = None,
        authorization_response: str | None = None,
        body: str = "",
        auth: _Auth = None,
        username: str | None = None,
        password: str | None = None,
        method: str = "POST",
        force_querystring: bool = False,
        timeout: _Timeout = None,
        headers: _Headers = None,
        verify: bool | str | None = None,
        proxies: Mapping[str, str] | None = None,
        include_client_id: bool | None = None,
        client_secret: str | None = None,
        cert: str | tuple[str, str] | None = None,
        **kwargs: object,
    ) -> OAuth2Token: ...
    def token_from_fragment(self, authorization_response: str) -> OAuth2Token: ...
    def refresh_token(
        self,
        token_url: str,
        refresh_token: str | None = None,
        body: str = "",
        auth: _Auth = None,
        timeout: _Timeout = None,
        headers: _Headers = None,
        verify: bool | str | None = None,
        proxies: Mapping[str, str] | None = None,
        **kwargs: object,
    ) -> OAuth2Token: ...
    # The package overrides requests' method with other parameters.
    def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        data: _Data = None,
        headers: _Headers = None,
        withhold_token: bool = False,
        client_id: str | None = None,
        client_secret: str | None = None,
        files: _Files = None,
        **kwargs: object,
    ) -> requests.Response: ...
    @overload
    def register_compliance_hook(
        self, hook_type: Literal["access_token_response", "refresh_token_response"], hook: _Respond
    ) -> None: ...
    @overload
    def register_compliance_hook(self, hook_type: Literal["protected_request"], hook: _Protect) -> None: ...
    @overload
    def register_compliance_hook(self, hook_type: Literal["access_token_request"], hook: _Ask) -> None: ...
    @overload
    def register_compliance_hook(self, hook_type: Literal["refresh_token_request"], hook: _Refresh) -> None: ...
