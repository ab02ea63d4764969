from collections.abc import Sequence

from authlib.oauth2.rfc6749 import AuthorizationServer

class RevocationEndpoint:
    CLIENT_AUTH_METHODS: Sequence[str]
    def __init__(self, server: AuthorizationServer | None = None) -> None: ...
