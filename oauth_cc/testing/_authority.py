"""
The decisions of the test server, made by Authlib: client authentication, tokens and their validation.

Without HTTP: a `Call` is the input, a `Reply` the output.
"""

import base64
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, final
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import attrs
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer as Engine
from authlib.oauth2.rfc6749 import (
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Payload,
    OAuth2Request,
    ResourceProtector,
)
from authlib.oauth2.rfc6749.errors import MissingAuthorizationError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6750 import BearerTokenValidator, InsufficientScopeError, InvalidTokenError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from oauth_cc.testing._assertions import ASSERTION_METHODS, by_assertion
from oauth_cc.testing._certificates import SELF_SIGNED, TLS, TLS_METHODS, ShownCertificate
from oauth_cc.testing._clients import BASIC, JWT_BEARER, POST, Known, RegisteredClient
from oauth_cc.testing._grants import GrantAssertions

METHODS: Final = (BASIC, POST, *ASSERTION_METHODS, *TLS_METHODS)
_FORM: Final = "application/x-www-form-urlencoded"
_REPEATABLE: Final = frozenset({"resource"})


@final
@attrs.frozen
class TokenRequestSeen:
    """
    A token request that the server received, without its secrets.

    Args:
        parameters: The names of its form parameters, in order.
        client_id: The client, if it was authenticated, or None.
        authentication_method: How it was authenticated, or None.
        status: The status of the response.
        certificate: The thumbprint of the connection's certificate (``x5t#S256``), or None.
    """

    parameters: tuple[str, ...]
    client_id: str | None
    authentication_method: str | None
    status: int
    certificate: str | None = None


@final
@attrs.frozen
class Call:
    """
    An HTTP request as received.

    Args:
        method: The method.
        headers: The headers by name, each in its canonical case.
        body: The body as text.
        certificate: The client certificate of the connection, or None.
    """

    method: str
    headers: Mapping[str, str]
    body: str = attrs.field(default="", repr=False)
    certificate: ShownCertificate | None = None


@final
@attrs.frozen
class Reply:
    """An HTTP response; *body* is sent as JSON."""

    status: int
    body: Mapping[str, object] = attrs.field(repr=False)
    headers: tuple[tuple[str, str], ...] = ()


@final
@attrs.define
class _Issued:
    # A token with the methods that Authlib calls.
    value: str = attrs.field(repr=False)
    client_id: str
    scope: str
    audience: tuple[str, ...]
    issued_at: float
    expires_at: float | None
    certificate: str | None
    revoked: bool = False

    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= time.time()

    def is_revoked(self) -> bool:
        return self.revoked

    def get_scope(self) -> str:
        return self.scope

    def check_client(self, client: "Known") -> bool:
        return self.client_id == client.client_id


class _Form(OAuth2Payload):
    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs = pairs

    @property
    def data(self) -> dict[str, str]:
        return dict(self.pairs)

    @property
    def datalist(self) -> dict[str, list[str]]:
        return {name: [value for key, value in self.pairs if key == name] for name, _ in self.pairs}


class _Request(OAuth2Request):
    def __init__(self, call: Call) -> None:
        # Authlib rejects http unless an environment variable allows it. This server always allows it on loopback.
        super().__init__(call.method, "https://localhost/", headers=call.headers)
        form = call.headers.get("Content-Type", "").partition(";")[0].strip().lower() == _FORM
        self.fields = _Form(parse_qsl(call.body, keep_blank_values=True) if form else ())
        self.payload = self.fields
        self.certificate = call.certificate

    @property
    def form(self) -> dict[str, str]:
        return self.fields.data


def _fields(request: OAuth2Request) -> _Form:
    if isinstance(request, _Request):
        return request.fields
    raise TypeError(f"Authlib made a {type(request).__name__}")


class _Grant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def validate_token_request(self) -> None:
        fields = _fields(self.request)
        repeated = [name for name, values in fields.datalist.items() if len(values) > 1]
        if set(repeated) - _REPEATABLE:
            raise InvalidRequestError("A parameter must not be repeated.")
        methods = [name for name in ("client_secret", "client_assertion") if name in fields.data]
        if len(methods) + ("Authorization" in self.request.headers) > 1:
            raise InvalidRequestError("The request must not use more than one client authentication method.")
        super().validate_token_request()
        if fields.data.get("client_id", _client_id(self.request)) != _client_id(self.request):
            raise InvalidRequestError("The client_id must be the client that authenticates.")
        if not all(urlsplit(uri).scheme and "#" not in uri for uri in fields.datalist.get("resource", ())):
            raise OAuth2Error("A resource must be an absolute URI without a fragment.", error="invalid_target")
        if _is_bound(self.request) and _thumbprint(self.request) is None:
            raise InvalidRequestError("The client needs a certificate, and the connection has none.")

    def create_token_response(self) -> tuple[int, Mapping[str, object], Sequence[tuple[str, str]]]:
        # Authlib's method logs the token.
        token = self.generate_token(scope=_fields(self.request).data.get("scope"), include_refresh_token=False)
        self.save_token(token)
        return 200, token, self.TOKEN_RESPONSE_HEADER


class _JwtGrant(ClientCredentialsGrant):
    # Not Authlib's grant of this type, which does not accept each assertion once.
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    GRANT_TYPE = JWT_BEARER
    claims: Mapping[str, object]

    def validate_token_request(self) -> None:
        if not isinstance(self.server, _Engine):
            raise TypeError(f"Authlib passed a {type(self.server).__name__}")
        authority = self.server.authority
        clients = list(authority.clients.values())
        client, self.claims = authority.grants.client_of(clients, _fields(self.request).data.get("assertion"))
        if client.authentication_methods:
            super().validate_token_request()
        if client.authentication_methods and _client_id(self.request) != client.client_id:
            raise InvalidRequestError("The client must be the one of the assertion.")
        self.request.client = Known(client)

    def create_token_response(self) -> tuple[int, Mapping[str, object], Sequence[tuple[str, str]]]:
        scope = self.claims.get("scope", _fields(self.request).data.get("scope"))
        token = self.generate_token(scope=f"{scope}" if scope else None, include_refresh_token=False)
        self.save_token(token)
        return 200, token, self.TOKEN_RESPONSE_HEADER


class _Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = METHODS

    def __init__(self, authority: "Authority") -> None:
        super().__init__()
        self.authority = authority

    def query_token(self, token_string: str, token_type_hint: str | None) -> _Issued | None:
        return self.authority.find(token_string)

    def revoke_token(self, token: _Issued, request: OAuth2Request) -> None:
        token.revoked = True


class _Introspection(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = METHODS

    def __init__(self, authority: "Authority") -> None:
        super().__init__()
        self.authority = authority

    def query_token(self, token_string: str, token_type_hint: str | None) -> _Issued | None:
        return self.authority.find(token_string)

    def check_permission(self, token: _Issued, client: Known, request: OAuth2Request) -> bool:
        return True

    def introspect_token(self, token: _Issued) -> dict[str, object]:
        members: dict[str, object] = {"client_id": token.client_id, "scope": token.scope, "token_type": "Bearer"}
        members |= {"iat": int(token.issued_at), "iss": self.authority.issuer}
        if token.expires_at is not None:
            members["exp"] = int(token.expires_at)
        if token.audience:
            members["aud"] = list(token.audience)
        if token.certificate is not None:
            members["cnf"] = {"x5t#S256": token.certificate}
        return members


class _Validator(BearerTokenValidator):
    def __init__(self, authority: "Authority") -> None:
        super().__init__(realm="oauth_cc")
        self.authority = authority

    def authenticate_token(self, token_string: str) -> _Issued | None:
        return self.authority.find(token_string)

    def validate_token(self, token: object, scopes: Sequence[str] | None, request: OAuth2Request) -> None:
        # RFC 8705 section 3: a bound token is valid only with its certificate.
        if isinstance(token, _Issued) and token.certificate not in (None, _thumbprint(request)):
            raise InvalidTokenError(realm=self.realm)
        super().validate_token(token, scopes, request)


def _authenticate_by_certificate(method: str) -> Callable[[Callable[[str], Known | None], _Request], Known | None]:
    def authenticate(query_client: Callable[[str], Known | None], request: _Request) -> Known | None:
        shown = request.certificate
        known = query_client(request.form.get("client_id", ""))
        if shown is None or known is None:
            return None
        client = known.client
        registered = shown.authenticates(method, client.certificate_subject, client.certificate_thumbprint)
        return known if registered else None

    return authenticate


def _authenticate_basic(query_client: Callable[[str], Known | None], request: OAuth2Request) -> Known | None:
    # Authlib's function does not decode '+', and fails on bytes that are not UTF-8 (RFC 6749 2.3.1 and appendix B).
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    try:
        pair = base64.b64decode(credentials, validate=True).decode("utf-8")
    except ValueError:
        return None
    client_id, colon, secret = pair.partition(":")
    client = query_client(unquote_plus(client_id)) if scheme.lower() == "basic" and colon else None
    return client if client is not None and client.check_client_secret(unquote_plus(secret)) else None


class _Engine(Engine):
    def __init__(self, authority: "Authority") -> None:
        super().__init__()
        self.authority = authority
        self.register_client_auth_method(BASIC, _authenticate_basic)
        for method, authenticate in by_assertion(authority.audience).items():
            self.register_client_auth_method(method, authenticate)
        self.register_client_auth_method(TLS, _authenticate_by_certificate(TLS))
        self.register_client_auth_method(SELF_SIGNED, _authenticate_by_certificate(SELF_SIGNED))
        self.register_token_generator("default", self.issue)
        self.register_grant(_Grant)
        self.register_grant(_JwtGrant)
        self.register_endpoint(_Revocation(authority))
        self.register_endpoint(_Introspection(authority))

    def query_client(self, client_id: str) -> Known | None:
        client = self.authority.clients.get(client_id)
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
        granted = client.get_allowed_scope(scope)
        if granted is None:
            raise InvalidScopeError("The client is not registered for this scope.")
        token: dict[str, object] = {"access_token": secrets.token_urlsafe(32), "token_type": "Bearer"}
        if self.authority.lifetime is not None:
            token["expires_in"] = self.authority.lifetime
        return token | {"scope": granted}

    def validate_requested_scope(self, scope: str | None) -> None:
        # `issue` checks the scope against the client's.
        return None

    def save_token(self, token: Mapping[str, object], request: _Request) -> None:
        bound_to = _thumbprint(request) if _is_bound(request) else None
        self.authority.keep(token, _client_id(request) or "", request.fields.datalist.get("resource", []), bound_to)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        return None

    def create_oauth2_request(self, request: Call | _Request) -> _Request:
        return request if isinstance(request, _Request) else _Request(request)

    def handle_response(self, status: int, body: Mapping[str, object], headers: Sequence[tuple[str, str]]) -> Reply:
        return Reply(status, dict(body), tuple(headers))


@final
class Authority:
    """
    The decisions of one server and the tokens that it has issued, under a lock.

    Args:
        issuer: The issuer identifier.
        audience: The audience of assertions that clients sign.
        clients: The registered clients by id.
        lifetime: The lifetime of tokens in seconds; None means tokens without ``expires_in``.
    """

    def __init__(
        self, issuer: str, audience: str, clients: Mapping[str, RegisteredClient], lifetime: int | None
    ) -> None:
        self.issuer = issuer
        self.audience = audience
        self.clients = dict(clients)
        self.lifetime = lifetime
        self.grants = GrantAssertions()
        self._issued: dict[str, _Issued] = {}
        self._seen: list[TokenRequestSeen] = []
        self._lock = threading.Lock()
        self._engine = _Engine(self)
        self._protector = ResourceProtector()
        self._protector.register_token_validator(_Validator(self))

    @property
    def seen(self) -> tuple[TokenRequestSeen, ...]:
        """The requests that the token endpoint has received, in order."""
        with self._lock:
            return tuple(self._seen)

    def register(self, client: RegisteredClient) -> None:
        """Register *client*, in place of an earlier client of this id."""
        with self._lock:
            self.clients = {**self.clients, client.client_id: client}

    def token(self, call: Call) -> Reply:
        """Return the response of the token endpoint (RFC 6749 section 3.2)."""
        request = _Request(call)
        reply = _reply(self._engine.create_token_response(request))
        names = tuple(name for name, _ in request.fields.pairs)
        with self._lock:
            self._seen.append(
                TokenRequestSeen(names, _client_id(request), request.auth_method, reply.status, _thumbprint(request))
            )
        return reply

    def introspect(self, call: Call) -> Reply:
        """Return the response of the introspection endpoint (RFC 7662)."""
        return _reply(self._engine.create_endpoint_response("introspection", call))

    def revoke(self, call: Call) -> Reply:
        """Return the response of the revocation endpoint (RFC 7009)."""
        return _reply(self._engine.create_endpoint_response("revocation", call))

    def resource(self, call: Call, scope: str) -> Reply:
        """Return the response of the protected resource, which requires *scope* unless it is empty (RFC 6750)."""
        try:
            token = self._protector.validate_request([scope] if scope else None, _Request(call))
        except MissingAuthorizationError:
            # Section 3.1: a request without a token gets a challenge without an error code.
            return Reply(401, {}, (("WWW-Authenticate", 'Bearer realm="oauth_cc"'),))
        except InsufficientScopeError as error:
            challenge = f'Bearer realm="oauth_cc", error="insufficient_scope", scope="{scope}"'
            return Reply(403, {"error": error.error}, (("WWW-Authenticate", challenge),))
        except OAuth2Error as error:
            status, body, headers = error()
            return Reply(status, dict(body), tuple(headers))
        if not isinstance(token, _Issued):
            raise TypeError("Authlib accepted a token that this server did not issue")
        return Reply(200, {"client_id": token.client_id, "scope": token.scope, "method": call.method})

    def find(self, value: str) -> _Issued | None:
        """Return the token with that *value*, expired and revoked ones included, or None."""
        with self._lock:
            return self._issued.get(value)

    def keep(
        self, token: Mapping[str, object], client_id: str, audience: Sequence[str], certificate: str | None
    ) -> None:
        """
        Store a token that was issued.

        Args:
            token: The members of the token response.
            client_id: The client.
            audience: The resources that the token is for.
            certificate: The thumbprint that the token is bound to, or None.
        """
        now = time.time()
        expires_at = None if self.lifetime is None else now + self.lifetime
        value = str(token["access_token"])
        with self._lock:
            self._issued[value] = _Issued(
                value, client_id, str(token["scope"]), tuple(audience), now, expires_at, certificate
            )

    def end_all(self, *, revoked: bool) -> None:
        """Revoke every token issued so far if *revoked* is True, else let each expire."""
        with self._lock:
            for token in self._issued.values():
                token.revoked = token.revoked or revoked
                token.expires_at = token.expires_at if revoked else 0.0


def _client_id(request: OAuth2Request) -> str | None:
    # Authlib sets the client when it is authenticated.
    return request.client.client_id if isinstance(request.client, Known) else None


def _is_bound(request: OAuth2Request) -> bool:
    if not isinstance(request.client, Known):
        return False
    return request.client.client.certificate_bound or request.auth_method in TLS_METHODS


def _thumbprint(request: OAuth2Request) -> str | None:
    certificate = request.certificate if isinstance(request, _Request) else None
    return None if certificate is None else certificate.thumbprint


def _reply(response: object) -> Reply:
    if isinstance(response, Reply):
        return response
    raise TypeError(f"Authlib returned {type(response).__name__}, not a Reply")


def encoded(reply: Reply) -> bytes:
    """Return the body of *reply* as sent."""
    return json.dumps(dict(reply.body)).encode("utf-8")
