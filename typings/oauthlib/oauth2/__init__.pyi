from collections.abc import Callable, Mapping, Sequence

class OAuth2Token(dict[str, object]):
    def __init__(self, params: Mapping[str, object], old_scope: str | None = None) -> None: ...

class BackendApplicationClient:
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
        scope: str | Sequence[str] | set[str] | None = None,
        state: str | None = None,
        redirect_url: str | None = None,
        state_generator: Callable[[], str] = ...,
        code_verifier: str | None = None,
        code_challenge: str | None = None,
        code_challenge_method: str | None = None,
        **kwargs: object,
    ) -> None: ...
    def prepare_request_body(
        self,
        body: str = "",
        scope: str | Sequence[str] | set[str] | None = None,
        include_client_id: bool = False,
        **kwargs: object,
    ) -> str: ...
    def parse_request_body_response(
        self, body: str | bytes, scope: str | Sequence[str] | set[str] | None = None, **kwargs: object
    ) -> OAuth2Token: ...
