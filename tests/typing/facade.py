"""
A program that takes oauthlib's client or ours, and one that goes on with requests-oauthlib.
"""

from collections.abc import Mapping, MutableMapping
from typing import Protocol, assert_type

from oauthlib.oauth2 import BackendApplicationClient as Original
from requests_oauthlib import OAuth2Session

from oauth_cc import ClientCredentials, Scope, Token, TokenRequest
from oauth_cc.compat import BackendApplicationClient, OAuth2Token


class Client(Protocol):
    """What a program of this grant calls on its client."""

    @property
    def client_id(self) -> str:
        """Who asks."""
        ...

    @property
    def access_token(self) -> str | None:
        """The token at hand."""
        ...

    @property
    def token(self) -> Mapping[str, object]:
        """All that came with it."""
        ...

    def prepare_request_body(
        self, body: str = "", scope: str | list[str] | None = None, include_client_id: bool = False, **kwargs: object
    ) -> str:
        """Composes a token request."""
        ...

    def parse_request_body_response(
        self, body: str, scope: str | list[str] | None = None, **kwargs: object
    ) -> Mapping[str, object]:
        """Reads the answer."""
        ...

    def add_token(
        self,
        uri: str,
        http_method: str = "GET",
        body: str | None = None,
        headers: MutableMapping[str, str] | None = None,
    ) -> tuple[str, MutableMapping[str, str] | None, str | bytes | None]:
        """Puts the token on a call."""
        ...


def body(client: Client) -> str:
    """Takes either."""
    return client.prepare_request_body(scope=["hello", "world"], audience="https://api.example/")


ours = BackendApplicationClient("your_id", scope=("hello", "world"))
assert_type(body(ours), str)
assert_type(body(Original("your_id")), str)

assert_type(ours.prepare_request_body(scope={"hello"}, include_client_id=True), str)
assert_type(ours.prepare_request_body("x=1", ("hello", "world")), str)
assert_type(ours.parse_request_body_response("{}", scope="hello world"), OAuth2Token)
assert_type(ours.credentials("s3cret"), ClientCredentials)
assert_type(ours.to_request("s3cret"), TokenRequest)
assert_type(ours.to_request("s3cret").scope, Scope)
assert_type(ours.to_token(received_at=1700000000.0), Token)

session = OAuth2Session(client=ours)
assert_type(session.authorized, bool)
