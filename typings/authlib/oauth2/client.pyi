from collections.abc import Mapping, Sequence

class OAuth2Client:
    def __init__(
        self,
        session: object,
        client_id: str | None = None,
        client_secret: str | None = None,
        token_endpoint_auth_method: str | None = None,
        revocation_endpoint_auth_method: str | None = None,
        scope: str | Sequence[str] | None = None,
        state: str | None = None,
        redirect_uri: str | None = None,
        code_challenge_method: str | None = None,
        token: Mapping[str, object] | None = None,
        token_placement: str = "header",
        update_token: object = None,
        leeway: int = 60,
        **metadata: object,
    ) -> None: ...
    def _prepare_token_endpoint_body(self, body: str, grant_type: str, **kwargs: object) -> str: ...
