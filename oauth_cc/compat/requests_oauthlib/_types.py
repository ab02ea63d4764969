"""
The types of the session's arguments, hooks and client.
"""

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from http.cookiejar import CookieJar
from typing import Any, Literal, Protocol, TypeAlias, TypedDict, TypeVar, final

import requests
from requests.auth import AuthBase

from oauth_cc.authentication.methods import ClientSecretBasic
from oauth_cc.compat._scopes import Scopes
from oauth_cc.compat._token import OAuth2Token
from oauth_cc.secret import Secret

T_co = TypeVar("T_co", covariant=True)


class SupportsRead(Protocol[T_co]):
    """A file that is open for reading."""

    def read(self, length: int = ..., /) -> T_co:
        """Return up to *length* characters or bytes."""
        ...


class SupportsItems(Protocol):
    """A mapping, as requests takes it."""

    def items(self) -> Iterable[tuple[object, object]]:
        """Return the pairs."""
        ...


# requests has these types too, but its names for them are private.
CallAuth: TypeAlias = tuple[str, str] | AuthBase | Callable[[requests.PreparedRequest], requests.PreparedRequest]
Auth: TypeAlias = CallAuth | tuple[str, Secret] | ClientSecretBasic
Timeout: TypeAlias = float | tuple[float | None, float | None]
Headers: TypeAlias = Mapping[str, str | bytes]
Data: TypeAlias = (
    str
    | bytes
    | bytearray
    | Iterable[tuple[object, object]]
    | Iterable[str | bytes]
    | SupportsItems
    | SupportsRead[str | bytes]
    | None
)
Content: TypeAlias = SupportsRead[str | bytes] | str | bytes
File: TypeAlias = (
    Content
    | tuple[str | None, Content]
    | tuple[str | None, Content, str]
    | tuple[str | None, Content, str, Mapping[str, str]]
)
Files: TypeAlias = Mapping[str, File] | Iterable[tuple[str, File]] | None

HookName: TypeAlias = Literal[
    "access_token_response",
    "refresh_token_response",
    "protected_request",
    "refresh_token_request",
    "access_token_request",
]
"""The names of the compliance hooks."""

# Any for the arguments that a hook gets unchecked: their types depend on the program.
ResponseHook: TypeAlias = Callable[[requests.Response], requests.Response]
ProtectedRequestHook: TypeAlias = Callable[[str, Any, Any], tuple[str, object, object]]  # type: ignore[explicit-any]  # above
RequestHook: TypeAlias = Callable[  # type: ignore[explicit-any]  # above
    [str, dict[str, str], dict[str, Any]], tuple[str, Mapping[str, str], Mapping[str, object]]
]
RefreshHook: TypeAlias = Callable[[str, dict[str, str], str], tuple[str, Mapping[str, str], str]]

Hook: TypeAlias = Callable[..., Any]  # type: ignore[explicit-any]  # one of the above
"""A compliance hook of any name."""

ResponseHooks: TypeAlias = Mapping[str, Iterable[Hook] | Hook]
"""The hooks of a call, as requests takes them."""


class CallOptions(TypedDict, total=False):
    """The further arguments of `requests.Session.request`."""

    params: Mapping[str, object] | Iterable[tuple[str, object]] | str | bytes | None
    cookies: CookieJar | Mapping[str, str] | None
    auth: CallAuth | None
    timeout: Timeout | None
    allow_redirects: bool
    proxies: Mapping[str, str] | None
    hooks: ResponseHooks | None
    stream: bool | None
    verify: bool | str | None
    cert: str | tuple[str, str] | None
    json: object


class SessionClient(Protocol):
    """The attributes of a client that a session uses: a `BackendApplicationClient` of oauthlib or of this package."""

    client_id: str
    access_token: str | None
    token: MutableMapping[str, object]

    @property
    def scope(self) -> Scopes:
        """The scope to request."""
        ...

    # Subclasses in the field take other parameters.
    @property
    def prepare_request_body(self) -> Callable[..., str]:  # type: ignore[explicit-any]  # above
        """Compose the body of a token request."""
        ...

    @property
    def prepare_refresh_body(self) -> Callable[..., str]:  # type: ignore[explicit-any]  # above
        """Compose the body of a refresh request."""
        ...

    def parse_request_body_response(self, body: str, scope: Scopes = None) -> Mapping[str, object]:
        """
        Parse a token response and store the token.

        Args:
            body: The body of the response, JSON.
            scope: The scope that was requested.
        """
        ...

    def add_token(
        self,
        uri: str,
        http_method: str = "GET",
        body: str | bytes | None = None,
        headers: MutableMapping[str, str] | None = None,
    ) -> tuple[str, MutableMapping[str, str] | None, str | bytes | None]:
        """
        Return URL, headers and body of a call with the token added.

        Args:
            uri: The URL.
            http_method: The HTTP method.
            body: The body, or None.
            headers: The headers, which may be changed in place, or None.
        """
        ...

    def populate_token_attributes(self, response: Mapping[str, object]) -> None:
        """Set the attributes that are named by the members of a token."""
        ...


@final
class TokenUpdated(Warning):
    """
    The token was refreshed by `OAuth2Session.request` and there is no ``token_updater`` to pass it to.

    Args:
        token: The new token.
    """

    def __init__(self, token: OAuth2Token) -> None:
        super().__init__()
        self.token = token
