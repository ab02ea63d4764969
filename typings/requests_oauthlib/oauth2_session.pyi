from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Protocol

import requests

# What a session asks of its client.
class _Client(Protocol):
    client_id: str
    access_token: str | None
    token: Mapping[str, object]
    def add_token(
        self,
        uri: str,
        http_method: str = "GET",
        body: str | bytes | None = None,
        headers: MutableMapping[str, str] | None = None,
    ) -> tuple[str, MutableMapping[str, str] | None, str | bytes | None]: ...
    def populate_token_attributes(self, response: Mapping[str, object]) -> None: ...

class TokenUpdated(Warning):
    token: Mapping[str, object]
    def __init__(self, token: Mapping[str, object]) -> None: ...

class OAuth2Session(requests.Session):
    auto_refresh_url: str | None
    token_updater: Callable[[Mapping[str, object]], object] | None
    token: Mapping[str, object]
    scope: str | Sequence[str] | None
    @property
    def authorized(self) -> bool: ...
    def __init__(
        self,
        client_id: str | None = None,
        client: _Client | None = None,
        auto_refresh_url: str | None = None,
        auto_refresh_kwargs: Mapping[str, object] | None = None,
        scope: str | Sequence[str] | None = None,
        redirect_uri: str | None = None,
        token: Mapping[str, object] | None = None,
        state: str | None = None,
        token_updater: Callable[[Mapping[str, object]], object] | None = None,
        pkce: str | None = None,
        **kwargs: object,
    ) -> None: ...
    def fetch_token(
        self,
        token_url: str,
        code: str | None = None,
        authorization_response: str | None = None,
        body: str = "",
        auth: tuple[str, str] | None = None,
        username: str | None = None,
        password: str | None = None,
        method: str = "POST",
        force_querystring: bool = False,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
        verify: bool | str | None = None,
        proxies: Mapping[str, str] | None = None,
        include_client_id: bool | None = None,
        client_secret: str | None = None,
        cert: str | tuple[str, str] | None = None,
        **kwargs: object,
    ) -> Mapping[str, object]: ...
    def refresh_token(
        self,
        token_url: str,
        refresh_token: str | None = None,
        body: str = "",
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
        verify: bool | str | None = None,
        proxies: Mapping[str, str] | None = None,
        **kwargs: object,
    ) -> Mapping[str, object]: ...
    # Not the parameters of requests' own method, in this order: the package overrides it so.
    def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        data: str | bytes | Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        withhold_token: bool = False,
        client_id: str | None = None,
        client_secret: str | None = None,
        files: Mapping[str, bytes] | None = None,
        **kwargs: object,
    ) -> requests.Response: ...
