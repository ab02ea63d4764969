"""
The attributes of the session, most of which are the client's, and its compliance hooks.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal, NoReturn, Self, SupportsIndex, cast, overload

import requests

from oauth_cc._io.log import LOGGER
from oauth_cc._io.source import TokenSource
from oauth_cc._wire.typing import NonStringCollection
from oauth_cc.compat._client import BackendApplicationClient
from oauth_cc.compat._randomness import generate_token
from oauth_cc.compat._scopes import Scopes
from oauth_cc.compat._token import OAuth2Token
from oauth_cc.compat.requests_oauthlib._calls import Recipients
from oauth_cc.compat.requests_oauthlib._types import (
    Hook,
    ProtectedRequestHook,
    RefreshHook,
    RequestHook,
    ResponseHook,
    SessionClient,
)
from oauth_cc.errors import InvalidInput

_OTHER_GRANTS: Final = frozenset({"authorization_code", "password"})


class SessionState(requests.Session):
    """The attributes of a session. `OAuth2Session` explains the arguments."""

    def __init__(
        self,
        client_id: str | None = None,
        client: SessionClient | None = None,
        auto_refresh_url: str | None = None,
        auto_refresh_kwargs: Mapping[str, object] | None = None,
        scope: Scopes | Iterable[str] = None,
        redirect_uri: str | None = None,
        token: Mapping[str, object] | None = None,
        state: str | Callable[[], str] | None = None,
        token_updater: Callable[[OAuth2Token], object] | None = None,
        pkce: Literal["S256", "plain"] | None = None,
        *,
        origins: NonStringCollection[str] | None = None,
    ) -> None:
        super().__init__()
        if getattr(client, "grant_type", None) in _OTHER_GRANTS or getattr(client, "response_type", None) == "token":
            kind = type(client).__name__
            reason = f"client must not be a {kind}, which is for another grant; pass a BackendApplicationClient"
            raise InvalidInput("client", f"{reason}, or keep the session of requests-oauthlib for it")
        if client and (isinstance(client, type) or not hasattr(client, "populate_token_attributes")):
            reason = f"client must be a BackendApplicationClient(client_id), not {type(client).__name__}"
            raise InvalidInput("client", f"{reason}; pass the secret to fetch_token()")
        if pkce not in {"S256", "plain", None}:
            raise AttributeError("pkce must be 'S256', 'plain' or None; this grant does not use it, so leave it out")
        # Copied, because an exhausted iterator would leave the next request without a scope.
        wanted: Scopes = scope if isinstance(scope, str | list | tuple | set | None) else list(scope)
        self._recipients = Recipients(origins)
        self._source: TokenSource | None = None
        # A client that the program passed sends its own scope, as in the original.
        self._client: SessionClient = client or BackendApplicationClient(cast("str", client_id), scope=wanted)
        self.token = token or {}
        self._scope = wanted
        self.redirect_uri = redirect_uri
        self.state: str | Callable[[], str] = state or generate_token
        self._state = state
        self.auto_refresh_url = auto_refresh_url
        self.auto_refresh_kwargs: Mapping[str, object] = auto_refresh_kwargs or {}
        self.token_updater = token_updater
        self._pkce = pkce
        _ignore_netrc(self)
        self.compliance_hook: dict[str, set[Hook]] = {
            "access_token_response": set(),
            "refresh_token_response": set(),
            "protected_request": set(),
            "refresh_token_request": set(),
            "access_token_request": set(),
        }
        if client is not None and wanted is not None and client.scope is None:
            LOGGER.debug("scope= of the session is not sent; pass it to the client or to fetch_token")

    def __copy__(self) -> Self:
        # A copy that requests makes has no client.
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        name = type(self).__name__
        raise TypeError(f"{name} cannot be pickled; make it in each process, and pass dict(session.token) as token=")

    @property
    def scope(self) -> Scopes:
        """The scope of the session, or else the scope of its client. The scope that is granted is compared with it."""
        return self._client.scope if self._scope is None else self._scope

    @scope.setter
    def scope(self, scope: Scopes) -> None:
        self._scope = scope

    @property
    def client_id(self) -> str | None:
        """The client identifier of the client."""
        return getattr(self._client, "client_id", None)

    @client_id.setter
    def client_id(self, value: str) -> None:
        self._client.client_id = value

    @client_id.deleter
    def client_id(self) -> None:
        del self._client.client_id

    @property
    def token(self) -> OAuth2Token:
        """
        The members of the token that was fetched last, or passed.

        A token that the program sets is not renewed.
        """
        # A token that was passed is another dict with the same members.
        return cast("OAuth2Token", getattr(self._client, "token", None))

    @token.setter
    def token(self, value: Mapping[str, object]) -> None:
        self._source = None
        # Stored without a copy, as in the original.
        self._client.token = cast("dict[str, object]", value)
        self._client.populate_token_attributes(value)

    @property
    def access_token(self) -> str | None:
        """The access token of the client."""
        return getattr(self._client, "access_token", None)

    @access_token.setter
    def access_token(self, value: str | None) -> None:
        self._source = None
        self._client.access_token = value

    @access_token.deleter
    def access_token(self) -> None:
        self._source = None
        del self._client.access_token

    @property
    def authorized(self) -> bool:
        """True if calls carry a token."""
        return bool(self.access_token)

    def new_state(self) -> str:
        """Return a new state. This grant has no use for it."""
        self._state = self.state() if callable(self.state) else self.state
        return self._state

    def authorization_url(self, url: str, state: str | None = None, **kwargs: object) -> tuple[str, str]:
        """Raise NotImplementedError for any arguments: this grant has no authorization endpoint."""
        raise NotImplementedError(
            "the client credentials grant has no authorization URL; call fetch_token(token_url, client_secret=...)"
        )

    def token_from_fragment(self, authorization_response: str) -> OAuth2Token:
        """Raise NotImplementedError: this grant has no authorization endpoint."""
        raise NotImplementedError(
            "the client credentials grant has no authorization response; call fetch_token(token_url, client_secret=...)"
        )

    @overload
    def register_compliance_hook(
        self, hook_type: Literal["access_token_response", "refresh_token_response"], hook: ResponseHook
    ) -> None: ...
    @overload
    def register_compliance_hook(self, hook_type: Literal["protected_request"], hook: ProtectedRequestHook) -> None: ...
    @overload
    def register_compliance_hook(self, hook_type: Literal["access_token_request"], hook: RequestHook) -> None: ...
    @overload
    def register_compliance_hook(self, hook_type: Literal["refresh_token_request"], hook: RefreshHook) -> None: ...
    def register_compliance_hook(self, hook_type: str, hook: Hook) -> None:
        """
        Register a function that changes requests or responses of a server that departs from the RFCs.

        Args:
            hook_type: ``access_token_response`` and ``refresh_token_response`` get the response of the token endpoint
                and return it. ``access_token_request`` gets URL, headers and the keywords ``data`` or ``params`` of the
                token request, ``refresh_token_request`` gets URL, headers and body, and ``protected_request`` gets URL,
                headers and data of a call. These three return what they get, changed.
            hook: The function.

        Raises:
            ValueError: For another *hook_type*.
        """
        if hook_type not in self.compliance_hook:
            names = ", ".join(sorted(self.compliance_hook))
            raise ValueError(f"hook type {hook_type!r} is unknown; use one of {names}")
        self.compliance_hook[hook_type].add(hook)


def _ignore_netrc(session: requests.Session) -> None:
    # A netrc file must not replace the token. In a function, as the attribute has the type of the base class.
    session.auth = _as_it_is


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
