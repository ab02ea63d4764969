"""
A session in place of requests-oauthlib's, for the client credentials grant: change one import.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

import requests
from requests.auth import HTTPBasicAuth

from oauth_cc.authentication import ClientSecretPost
from oauth_cc.credentials import ClientCredentials
from oauth_cc.errors import InvalidInput
from oauth_cc.events import EventHook
from oauth_cc.request import token_request
from oauth_cc.requests.auth import ClientCredentialsAuth
from oauth_cc.requests.sending import DEFAULT_TIMEOUT
from oauth_cc.scope import Scope
from oauth_cc.several import Several
from oauth_cc.stores.memory import MemoryStore
from oauth_cc.stores.protocol import Store
from oauth_cc.token import Token

__all__ = ["OAuth2Session"]


class _Client(Protocol):
    @property
    def client_id(self) -> str: ...
    @property
    def scope(self) -> str | Iterable[str] | None: ...


class OAuth2Session(requests.Session):
    """
    A session whose calls carry a token that is kept fresh, with the signatures of requests-oauthlib's `OAuth2Session`.

    *client_id*, or *client*, which has a ``client_id`` and a ``scope`` (oauthlib's `BackendApplicationClient`, or that
    of `oauth_cc.compat`): who asks; *scope*: what for; *origins*, *store*, *on_event*, *allow_http_loopback*: as
    `ClientCredentialsAuth` has them. `fetch_token` is called once; the session sees to the rest.

        >>> OAuth2Session("your_id", scope="hello world").authorized
        False

    Raises `InvalidInput` if nobody asks, and for what only other grants have.
    """

    def __init__(
        self,
        client_id: str | None = None,
        client: _Client | None = None,
        *,
        scope: str | Iterable[str] | None = None,
        origins: Several[str] | None = None,
        store: MemoryStore | Store | None = None,
        on_event: EventHook | None = None,
        allow_http_loopback: bool = False,
        **others: object,
    ) -> None:
        super().__init__()
        if others:
            reason = "is not for the client credentials grant, whose session renews its token by itself: leave it out"
            raise InvalidInput(min(others), reason)
        if client is None and client_id is None:
            raise InvalidInput("client_id", "say who asks: OAuth2Session('your_id')")
        self.client_id: str = client_id or (client.client_id if client is not None else "")
        self.scope: str | Iterable[str] | None = scope if scope is not None or client is None else client.scope
        self._origins, self._store, self._on_event = origins, store, on_event
        self._allow_http_loopback = allow_http_loopback

    def fetch_token(
        self,
        token_url: str,
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
        auth: tuple[str, str] | HTTPBasicAuth | None = None,
        include_client_id: bool | None = None,
        scope: str | Iterable[str] | None = None,
        timeout: float | None = None,
        verify: bool | str | None = None,
        cert: str | tuple[str, str] | None = None,
        proxies: Mapping[str, str] | None = None,
        **parameters: str,
    ) -> dict[str, object]:
        """
        Gets a token from *token_url*, puts it on every call from now on, and gives its members.

        *client_secret*, or *auth*, id and secret: sent by HTTP Basic, in the body if *include_client_id*; *scope*: None
        for that of the session; *timeout*: seconds, None for `DEFAULT_TIMEOUT`; *verify*, *cert*, *proxies*: None for
        those of the session; *parameters*: further ones for the body, such as ``audience``.
        Raises what `oauth_cc.requests.fetch_token` raises.
        """
        if isinstance(auth, HTTPBasicAuth):
            auth = (str(auth.username), str(auth.password))
        secret = client_secret if auth is None else auth[1]
        if secret is None:
            raise InvalidInput("client_secret", "give it, or auth=(client_id, client_secret)")
        way = ClientSecretPost(secret) if include_client_id else secret
        who = ClientCredentials((auth[0] if auth is not None else client_id) or self.client_id, way)
        request = token_request(who, _scope(self.scope if scope is None else scope))
        for name, value in parameters.items():
            request = request.with_parameter(name, value)
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
            timeout=DEFAULT_TIMEOUT if timeout is None else timeout,
            on_event=self._on_event,
            allow_http_loopback=self._allow_http_loopback,
        )
        token = kept.source.token()
        _put_on(self, kept)
        return _members(token)

    @property
    def authorized(self) -> bool:
        """Whether calls carry a token."""
        return isinstance(self.auth, ClientCredentialsAuth)

    @property
    def token(self) -> dict[str, object]:
        """The members of the token that a call would carry now, which may ask the server; none before `fetch_token`."""
        return _members(self.auth.source.token()) if isinstance(self.auth, ClientCredentialsAuth) else {}

    @property
    def access_token(self) -> str | None:
        """The token that a call would carry now, None before `fetch_token`."""
        return self.auth.source.token().access_token.reveal() if isinstance(self.auth, ClientCredentialsAuth) else None


def _put_on(session: requests.Session, auth: ClientCredentialsAuth) -> None:
    # Assigned by a method of the subclass, it would be declared anew, and narrower than `requests.Session` has it.
    session.auth = auth


def _scope(scope: str | Iterable[str] | None) -> Scope:
    if scope is None:
        return Scope()
    return Scope.parse(scope) if isinstance(scope, str) else Scope.of(*scope)


def _members(token: Token) -> dict[str, object]:
    return {
        **token.members,
        "access_token": token.access_token.reveal(),
        "token_type": token.token_type,
        "expires_at": token.expires_at,
        "scope": list(token.scope.tokens),
    }
