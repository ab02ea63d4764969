"""
A program that accepts oauthlib's client or the facade, and a program that uses the facade with requests-oauthlib.
"""

from collections.abc import Mapping, MutableMapping
from typing import Literal, Protocol, TypeAlias, assert_type, overload

from oauthlib.oauth2 import BackendApplicationClient as Original
from requests_oauthlib import OAuth2Session

from oauth_cc import ClientCredentials, Scope, Token, TokenRequest
from oauth_cc.compat import BackendApplicationClient, OAuth2Token

Placed: TypeAlias = tuple[str, MutableMapping[str, str] | None, str | bytes | None]
Prepared: TypeAlias = tuple[str, dict[str, str], str]
Scopes: TypeAlias = str | list[str] | tuple[str, ...] | set[str] | None


class Received(Protocol):
    """The parts of a token that a program of this grant reads."""

    @property
    def scopes(self) -> list[str]:
        """The scopes that were granted."""
        ...

    @property
    def missing_scopes(self) -> list[str]:
        """The scopes that were requested and not granted."""
        ...

    @property
    def scope_changed(self) -> bool:
        """True if another scope was granted than requested."""
        ...

    @overload
    def __getitem__(self, key: Literal["access_token", "token_type", "refresh_token"], /) -> str: ...
    @overload
    def __getitem__(self, key: Literal["expires_in"], /) -> int: ...
    @overload
    def __getitem__(self, key: Literal["expires_at"], /) -> float: ...
    @overload
    def __getitem__(self, key: Literal["scope"], /) -> list[str]: ...
    @overload
    def __getitem__(self, key: str, /) -> object: ...

    def __setitem__(self, key: str, value: object, /) -> None:
        """Store a note beside the members."""
        ...


class Client(Protocol):
    """The parts of a client that a program of this grant uses."""

    client_id: str
    grant_type: str
    default_token_placement: Literal["auth_header", "query", "body"]
    token_type: str
    access_token: str | None
    refresh_token: str | None
    token: MutableMapping[str, object]
    expires_in: int | None
    expires_at: float | str

    def prepare_request_body(
        self, body: str | bytes | None = "", scope: Scopes = None, include_client_id: bool = False, **kwargs: object
    ) -> str:
        """Compose the body of a token request."""
        ...

    def prepare_token_request(
        self,
        token_url: str,
        authorization_response: str | None = None,
        redirect_url: str | None = None,
        state: str | None = None,
        body: str | bytes | None = "",
        *,
        scope: str | list[str] | set[str] | None = None,
        include_client_id: bool = False,
        **kwargs: object,
    ) -> Prepared:
        """Compose a token request."""
        ...

    def parse_request_body_response(
        self, body: str | bytes | bytearray, scope: Scopes = None, **kwargs: object
    ) -> Received:
        """Parse a token response."""
        ...

    def populate_token_attributes(self, response: Mapping[str, object]) -> None:
        """Load a stored token."""
        ...

    def add_token(
        self,
        uri: str,
        http_method: str = "GET",
        body: str | bytes | None = None,
        headers: MutableMapping[str, str] | None = None,
        token_placement: Literal["auth_header", "query", "body"] | None = None,
    ) -> Placed:
        """Add the token to a request."""
        ...

    def prepare_refresh_token_request(
        self,
        token_url: str,
        refresh_token: str | None = None,
        body: str | bytes | None = "",
        scope: Scopes = None,
        **kwargs: object,
    ) -> Prepared:
        """Compose a refresh request."""
        ...

    def prepare_token_revocation_request(
        self,
        revocation_url: str,
        token: str,
        token_type_hint: str | None = ...,
        body: str | bytes | None = "",
        **kwargs: object,
    ) -> Prepared:
        """Compose a revocation request."""
        ...


def body(client: Client) -> str:
    """Accept either client."""
    return client.prepare_request_body(scope=["hello", "world"], audience="https://api.example/")


def through(client: Client, kept: dict[str, object], answer: bytes) -> Placed:
    """Load a stored token, request another, parse the response, and add the token to a call, with either client."""
    client.populate_token_attributes(kept)
    url, headers, sent = client.prepare_token_request("https://as.example/token", scope={"a"}, client_secret="s3cret")
    print(url, headers["Content-Type"], sent)
    token = client.parse_request_body_response(answer, scope=("a", "b"))
    assert_type(token["access_token"], str)
    assert_type(token["expires_at"], float)
    token["note"] = 1
    client.token["note"] = token.missing_scopes
    client.default_token_placement = "query"
    return client.add_token("https://api.example/things", headers={"X-Own": "1"})


ours = BackendApplicationClient("your_id", scope=("hello", "world"))
assert_type(body(ours), str)
assert_type(body(Original("your_id")), str)
assert_type(through(ours, {}, b"{}"), Placed)
assert_type(through(Original("your_id"), {}, b"{}"), Placed)

assert_type(ours.prepare_request_body(scope={"hello"}, include_client_id=True), str)
assert_type(ours.prepare_request_body("x=1", ("hello", "world")), str)
assert_type(ours.parse_request_body_response("{}", scope="hello world"), OAuth2Token)
assert_type(ours.credentials("s3cret"), ClientCredentials)
assert_type(ours.to_request("s3cret"), TokenRequest)
assert_type(ours.to_request("s3cret").scope, Scope)
assert_type(ours.to_token(received_at=1700000000.0), Token)

session = OAuth2Session(client=ours)
assert_type(session.authorized, bool)
