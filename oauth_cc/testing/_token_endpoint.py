"""
The token endpoint of the test server, decided by Authlib: the two grants and the tokens they issue.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer as Engine
from authlib.oauth2.rfc6749 import InvalidRequestError, InvalidScopeError, OAuth2Request
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant

from oauth_cc.testing._authentication import METHODS, authenticators
from oauth_cc.testing._clients import JWT_BEARER, Known
from oauth_cc.testing._dpop import ProofRejected
from oauth_cc.testing._messages import Call, Reply
from oauth_cc.testing._requests import Request, client_id, fields, is_bound, thumbprint
from oauth_cc.testing._state import State
from oauth_cc.testing._token_management import Introspection, Revocation

_REPEATABLE: Final = frozenset({"resource"})


class _Grant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def validate_token_request(self) -> None:
        form = fields(self.request)
        repeated = [name for name, values in form.datalist.items() if len(values) > 1]
        if set(repeated) - _REPEATABLE:
            raise InvalidRequestError("A parameter must not be repeated.")
        methods = [name for name in ("client_secret", "client_assertion") if name in form.data]
        if len(methods) + ("Authorization" in self.request.headers) > 1:
            raise InvalidRequestError("The request must not use more than one client authentication method.")
        super().validate_token_request()
        if form.data.get("client_id", client_id(self.request)) != client_id(self.request):
            raise InvalidRequestError("The client_id must be the client that authenticates.")
        if not all(urlsplit(uri).scheme and "#" not in uri for uri in form.datalist.get("resource", ())):
            raise OAuth2Error("A resource must be an absolute URI without a fragment.", error="invalid_target")
        if is_bound(self.request) and thumbprint(self.request) is None:
            raise InvalidRequestError("The client needs a certificate, and the connection has none.")
        _check_proof(self.server, self.request)

    def create_token_response(self) -> tuple[int, Mapping[str, object], Sequence[tuple[str, str]]]:
        # Authlib's method logs the token.
        token = self.generate_token(scope=fields(self.request).data.get("scope"), include_refresh_token=False)
        token = _typed(token, self.request)
        self.save_token(token)
        return 200, token, self.TOKEN_RESPONSE_HEADER


class _JwtGrant(ClientCredentialsGrant):
    # Not Authlib's grant of this type, which does not accept each assertion once.
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    GRANT_TYPE = JWT_BEARER
    claims: Mapping[str, object]

    def validate_token_request(self) -> None:
        if not isinstance(self.server, TokenEndpoint):
            raise TypeError(f"Authlib passed a {type(self.server).__name__}")
        state = self.server.state
        clients = list(state.clients.values())
        client, self.claims = state.grants.client_of(clients, fields(self.request).data.get("assertion"))
        if client.authentication_methods:
            super().validate_token_request()
        if client.authentication_methods and client_id(self.request) != client.client_id:
            raise InvalidRequestError("The client must be the one of the assertion.")
        self.request.client = Known(client)
        _check_proof(self.server, self.request)

    def create_token_response(self) -> tuple[int, Mapping[str, object], Sequence[tuple[str, str]]]:
        scope = self.claims.get("scope", fields(self.request).data.get("scope"))
        token = self.generate_token(scope=f"{scope}" if scope else None, include_refresh_token=False)
        token = _typed(token, self.request)
        self.save_token(token)
        return 200, token, self.TOKEN_RESPONSE_HEADER


def _check_proof(server: object, request: OAuth2Request) -> None:
    if not isinstance(server, TokenEndpoint) or not isinstance(request, Request):
        raise TypeError("Authlib passed another server or request")
    try:
        request.dpop_jkt = server.state.token_proofs.thumbprint(request.call)
    except ProofRejected as rejected:
        raise OAuth2Error(rejected.reason, error=rejected.code) from rejected
    if request.dpop_jkt is None and isinstance(request.client, Known) and request.client.client.dpop_bound:
        raise OAuth2Error("The client must send a DPoP proof.", error="invalid_dpop_proof")


def _typed(token: Mapping[str, object], request: OAuth2Request) -> Mapping[str, object]:
    is_bound_to_key = isinstance(request, Request) and request.dpop_jkt is not None
    return {**token, "token_type": "DPoP"} if is_bound_to_key else token


class TokenEndpoint(Engine):
    """The token endpoint of a server, with its revocation and introspection endpoints."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self.state = state
        for method, authenticate in authenticators(state.audience, state.now).items():
            self.register_client_auth_method(method, authenticate)
        self.register_token_generator("default", self.issue)
        self.register_grant(_Grant)
        self.register_grant(_JwtGrant)
        self.register_endpoint(Revocation(state))
        self.register_endpoint(Introspection(state))

    def query_client(self, client_id: str) -> Known | None:
        """Return the client with that id, or None."""
        client = self.state.clients.get(client_id)
        return None if client is None else Known(client)

    def issue(
        self,
        grant_type: str,
        client: Known,
        user: object = None,
        scope: str | None = None,
        expires_in: int | None = None,
        include_refresh_token: bool = False,
    ) -> dict[str, object]:
        """Return the members of a token response for *client* with *scope*, as Authlib calls it."""
        granted = client.get_allowed_scope(scope)
        if granted is None:
            raise InvalidScopeError("The client is not registered for this scope.")
        token: dict[str, object] = {"access_token": secrets.token_urlsafe(32), "token_type": "Bearer"}
        if self.state.lifetime is not None:
            token["expires_in"] = self.state.lifetime
        return token | {"scope": granted}

    def validate_requested_scope(self, scope: str | None) -> None:
        """Accept each scope here, since `issue` checks it against the client's."""
        return

    def save_token(self, token: Mapping[str, object], request: Request) -> None:
        """Store a token that was issued for *request*, as Authlib calls it."""
        bound_to = thumbprint(request) if is_bound(request) else None
        resources = request.fields.datalist.get("resource", [])
        self.state.keep(token, client_id(request) or "", resources, bound_to, request.dpop_jkt)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Ignore a signal, as Authlib calls it."""
        return

    def create_oauth2_request(self, request: Call | Request) -> Request:
        """Return *request* as Authlib reads it."""
        return request if isinstance(request, Request) else Request(request)

    def handle_response(self, status: int, body: Mapping[str, object], headers: Sequence[tuple[str, str]]) -> Reply:
        """Return a response as a `Reply`, as Authlib calls it."""
        return Reply(status, dict(body), tuple(headers))
