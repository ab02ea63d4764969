from collections.abc import Mapping, Sequence

class OAuth2Error(Exception):
    error: str | None
    def __init__(
        self,
        description: str | None = None,
        uri: str | None = None,
        status_code: int | None = None,
        state: str | None = None,
        redirect_uri: str | None = None,
        redirect_fragment: bool = False,
        error: str | None = None,
    ) -> None: ...
    def __call__(self, uri: str | None = None) -> tuple[int, Mapping[str, object], Sequence[tuple[str, str]]]: ...
