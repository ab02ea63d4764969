"""
A replacement for requests-oauthlib's session, for the client credentials grant: change one import.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, Never, Protocol

import attrs
import requests
from requests.auth import HTTPBasicAuth, HTTPProxyAuth

from oauth_cc._io.options import DEFAULT_TIMEOUT, Options, check_hook
from oauth_cc._io.origins import Origins
from oauth_cc._wire.json import thaw
from oauth_cc._wire.typing import NonStringCollection
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.authentication.methods import AuthenticationFields, ClientSecretBasic, ClientSecretPost
from oauth_cc.compat._token_dict import TokenDict
from oauth_cc.compose import proof_of
from oauth_cc.errors import InvalidInput
from oauth_cc.events import EventHook
from oauth_cc.request import TokenRequest, token_request
from oauth_cc.requests import ClientCredentialsAuth, Timeout, sender
from oauth_cc.scope import Scope
from oauth_cc.secret import Secret
from oauth_cc.stores._protocol import Store, check_store
from oauth_cc.stores.cache import TokenCache
from oauth_cc.token import Token

__all__ = ["OAuth2Session"]


def __dir__() -> list[str]:
    return __all__


_OF_OTHERS: Final[Mapping[str, tuple[object, str]]] = {
    "code": (None, "code belongs to the authorization code grant; leave it out"),
    "authorization_response": (None, "authorization_response belongs to the authorization code grant; leave it out"),
    "username": (None, "username belongs to the password grant; pass auth=(client_id, client_secret)"),
    "password": (None, "password belongs to the password grant; pass auth=(client_id, client_secret)"),
    "method": ("POST", "method must be POST (RFC 6749 section 3.2); leave it out"),
    "force_querystring": (False, "force_querystring must be False; a URL with the secret would be logged"),
}
"""Arguments of requests-oauthlib for other grants and servers: the default, and the error for any other value."""

_FIXED: Final = frozenset({"accept", "content-type"})
"""The headers that every token request sets itself."""


class _Client(Protocol):
    @property
    def client_id(self) -> str: ...
    @property
    def scope(self) -> str | Iterable[str] | None: ...


@attrs.frozen
class _WithHeaders:
    """A client authentication method, and further headers."""

    way: ClientSecretBasic | ClientSecretPost
    headers: tuple[tuple[str, Secret], ...]

    def authenticate(self, client_id: str) -> AuthenticationFields:
        fields = self.way.authenticate(client_id)
        return attrs.evolve(fields, headers=(*fields.headers, *self.headers))


class OAuth2Session(requests.Session):
    """
    A session that sends a valid token with each call and renews it, with the signatures of requests-oauthlib's class.

    Call `fetch_token` once; the session renews the token from then on.

    Args:
        client_id: The client identifier.
        client: An object with a ``client_id`` and a ``scope``, such as a `BackendApplicationClient` of oauthlib or of
            `oauth_cc.compat`, to copy both from if they are not passed.
        scope: The scope to request.
        origins: The origins that receive the token, as in `ClientCredentialsAuth`.
        store: The token cache or store, as in `ClientCredentialsAuth`.
        on_event: A function that is called with each event.
        **others: Rejected: no other option of requests-oauthlib applies to this grant.

    Raises:
        InvalidInput: If neither *client_id* nor *client* is passed, or for one of *others*.

    Example:
        >>> OAuth2Session("your_id", scope="hello world").authorized
        False
    """

    def __init__(
        self,
        client_id: str | None = None,
        client: _Client | None = None,
        *,
        scope: str | Iterable[str] | None = None,
        origins: NonStringCollection[str] | None = None,
        store: TokenCache | Store | None = None,
        on_event: EventHook | None = None,
        **others: Never,
    ) -> None:
        super().__init__()
        if others:
            name = min(others)
            raise InvalidInput(name, f"{name} is not an option of this session, which renews its token; leave it out")
        if client is None and client_id is None:
            raise InvalidInput("client_id", "no client_id; pass it as OAuth2Session('your_id'), or pass client=")
        self.client_id: str = client_id or (client.client_id if client is not None else "")
        wanted = scope if scope is not None or client is None else client.scope
        # Copied, because an exhausted iterator would leave the next request without a scope.
        self.scope: str | Iterable[str] | None = wanted if wanted is None or isinstance(wanted, str) else tuple(wanted)
        # Checked here, so that a mistake fails before a token is fetched.
        Origins(origins)
        check_hook(on_event)
        if store is not None and not isinstance(store, TokenCache):
            check_store(store)
        self._origins, self._store, self._on_event = origins, store, on_event

    def fetch_token(
        self,
        token_url: str,
        *,
        code: None = None,
        authorization_response: None = None,
        body: str = "",
        auth: tuple[str, str | Secret] | HTTPBasicAuth | None = None,
        username: None = None,
        password: None = None,
        method: Literal["POST"] = "POST",
        force_querystring: Literal[False] = False,
        timeout: float | tuple[float | None, float | None] | None = None,
        headers: Mapping[str, str] | None = None,
        verify: bool | str | None = None,
        proxies: Mapping[str, str] | None = None,
        include_client_id: bool | None = None,
        client_secret: str | Secret | None = None,
        cert: str | tuple[str, str] | None = None,
        client_id: str | None = None,
        scope: str | Iterable[str] | None = None,
        **parameters: str,
    ) -> TokenDict:
        """
        Fetch a token, send it with every call from now on, and return its members.

        The signature is requests-oauthlib's. Arguments that do not apply to this grant are rejected.

        Args:
            token_url: The token endpoint.
            code: Rejected.
            authorization_response: Rejected.
            body: Form text to embed in the body.
            auth: The client_id and the secret, sent by HTTP Basic.
            username: Rejected.
            password: Rejected.
            method: Rejected unless ``POST``.
            force_querystring: Rejected if true.
            timeout: Seconds, or a pair of seconds to connect and to read; None means `DEFAULT_TIMEOUT`.
            headers: Further headers. Accept and Content-Type are ignored.
            verify: As in requests; None means the session's.
            proxies: As in requests; None means the session's.
            include_client_id: Whether client_id is in the body, and *client_secret* too, instead of HTTP Basic.
            client_secret: The client secret, unless *auth* is passed.
            cert: As in requests; None means the session's.
            client_id: The client identifier; None means the session's.
            scope: The scope to request; None means the session's.
            **parameters: Further parameters of the body, such as ``audience``.

        Raises:
            InvalidInput: If an argument is missing or rejected.
            OAuthError: As `oauth_cc.requests.fetch_token` does.
        """
        request = _refusal(
            code=code,
            authorization_response=authorization_response,
            username=username,
            password=password,
            method=method,
            force_querystring=force_querystring,
        ) or _request(
            client_id or self.client_id,
            auth,
            client_secret,
            include_client_id=bool(include_client_id),
            scope=self.scope if scope is None else scope,
            body=body,
            headers=headers or {},
            parameters=parameters,
        )
        # Tracebacks show local variables, and each of these may hold a secret.
        del code, authorization_response, body, auth, username, password, headers, client_secret, parameters
        if isinstance(request, InvalidInput):
            raise request
        through = requests.Session()
        through.trust_env, through.adapters = False, self.adapters
        through.verify = self.verify if verify is None else verify
        through.cert = self.cert if cert is None else cert
        through.proxies.update(self.proxies if proxies is None else proxies)
        kept = ClientCredentialsAuth(
            request,
            token_url,
            client=through,
            origins=self._origins,
            store=self._store,
            options=Options(on_event=self._on_event),
        )
        kept.source.send = sender(through, _timeout(timeout))
        token = kept.source.token()
        _put_on(self, kept)
        return _members(token)

    @property
    def authorized(self) -> bool:
        """True if calls carry a token."""
        return isinstance(self.auth, ClientCredentialsAuth)

    @property
    def token(self) -> TokenDict:
        """The members of a valid token, renewed if needed; empty before `fetch_token`."""
        return _members(self.auth.source.token()) if isinstance(self.auth, ClientCredentialsAuth) else TokenDict()

    @property
    def access_token(self) -> str | None:
        """A valid token, renewed if needed; None before `fetch_token`."""
        return self.auth.source.token().access_token.reveal() if isinstance(self.auth, ClientCredentialsAuth) else None


def _put_on(session: requests.Session, auth: ClientCredentialsAuth) -> None:
    # A method of the subclass would declare the attribute again, narrower than `requests.Session` does.
    session.auth = auth


def _refusal(**given: object) -> InvalidInput | None:
    for name, value in given.items():
        default, reason = _OF_OTHERS[name]
        if value != default:
            return InvalidInput(name, reason)
    return None


def _request(
    client_id: str,
    auth: tuple[str, str | Secret] | HTTPBasicAuth | None,
    client_secret: str | Secret | None,
    *,
    include_client_id: bool,
    scope: str | Iterable[str] | None,
    body: str,
    headers: Mapping[str, str],
    parameters: Mapping[str, str],
) -> TokenRequest | InvalidInput:
    proof = _proof(auth, client_secret)
    if isinstance(proof, InvalidInput):
        return proof
    named, secret = proof
    if not all([isinstance(text, str) for field in headers.items() for text in field]):
        return InvalidInput("headers", "headers must have names and values of type str")
    fields = tuple([(name, Secret(value)) for name, value in headers.items() if name.lower() not in _FIXED])
    try:
        way = ClientSecretPost(secret) if include_client_id and auth is None else ClientSecretBasic(secret)
        who = ClientCredentials(named or client_id, _WithHeaders(way, fields) if fields else way)
        request = token_request(who, _scope(scope)).with_body(body).with_parameters(parameters)
        # Rejects headers that cannot be sent, or that authenticate the client a second time.
        proof_of(request)
    except InvalidInput as fault:
        return fault.with_traceback(None)
    return request.with_client_id_in_body() if include_client_id else request


def _proof(
    auth: tuple[str, str | Secret] | HTTPBasicAuth | None, client_secret: str | Secret | None
) -> tuple[str | None, str | Secret] | InvalidInput:
    match auth:
        case None if client_secret is not None:
            return None, client_secret
        case None:
            return InvalidInput("client_secret", "no client_secret; pass it, or pass auth=(client_id, client_secret)")
        # HTTPProxyAuth is a subclass, whose credentials are for a proxy.
        case HTTPBasicAuth(username=str(name), password=str(secret)) if not isinstance(auth, HTTPProxyAuth):
            return name, secret
        case (str(name), str() | Secret() as secret):
            return name, secret
        case _:
            return InvalidInput("auth", "auth must be (client_id, client_secret) or HTTPBasicAuth, both of type str")


def _timeout(timeout: float | tuple[float | None, float | None] | None) -> Timeout:
    if isinstance(timeout, tuple) and len(timeout) == 2:
        return _seconds(timeout[0]), _seconds(timeout[1])
    return _seconds(timeout)


def _seconds(given: float | None) -> float:
    return DEFAULT_TIMEOUT if given is None else given


def _scope(scope: str | Iterable[str] | None) -> Scope:
    if scope is None:
        return Scope()
    return Scope.parse(scope) if isinstance(scope, str) else Scope.of(*scope)


def _members(token: Token) -> TokenDict:
    members = TokenDict({name: thaw(value) for name, value in token.extra.items()})
    members.update(access_token=token.access_token.reveal(), token_type=token.token_type)
    members.update(scope=list(token.scope.tokens))
    if not token.lifetime_assumed:
        members.update(expires_in=round(token.expires_at - token.received_at), expires_at=token.expires_at)
    return members
