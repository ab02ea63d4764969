"""
A program on oauthlib and requests-oauthlib, as in their tutorials, before it changes its imports.
"""

import io
from typing import assert_type

import requests
from oauthlib.oauth2 import (
    BackendApplicationClient,
    InvalidClientError,
    InvalidGrantError,
    MissingTokenTypeError,
    OAuth2Error,
    OAuth2Token,
    TokenExpiredError,
    UnauthorizedClientError,
    is_secure_transport,
)
from oauthlib.oauth2.rfc6749 import clients, parameters, tokens
from oauthlib.oauth2.rfc6749.clients import AUTH_HEADER
from oauthlib.oauth2.rfc6749.clients.backend_application import BackendApplicationClient as ByItsModule
from oauthlib.oauth2.rfc6749.clients.base import Client
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error, raise_from_error
from oauthlib.signals import scope_changed
from requests.auth import HTTPBasicAuth, HTTPDigestAuth
from requests_oauthlib import OAuth2, OAuth2Session, TokenUpdated

TOKEN_URL = "https://as.example/token"
API_URL = "https://api.example/things"


def fetched() -> OAuth2Token:
    """Fetch a token with each type of argument, as in the tutorial."""
    client = BackendApplicationClient(client_id="your_id", scope={"read"})
    oauth = OAuth2Session(client=client)
    token = oauth.fetch_token(TOKEN_URL, auth=HTTPBasicAuth("your_id", "s3cret"))
    assert_type(token, OAuth2Token)
    assert_type(token["access_token"], str)
    assert_type(token["expires_at"], float)
    assert_type(token["scope"], list[str])
    assert_type(token.get("refresh_token"), str | None)
    assert_type(token.get("expires_in", 3600), int)
    token["note"] = 1
    assert_type(token.scopes, list[str])
    oauth.fetch_token(token_url=TOKEN_URL, client_id="your_id", client_secret="s3cret", include_client_id=True)
    oauth.fetch_token(TOKEN_URL, auth=("your_id", "s3cret"), verify=False, timeout=(3.0, 5.0))
    oauth.fetch_token(TOKEN_URL, auth=HTTPDigestAuth("your_id", "s3cret"), proxies={"https": "http://p"}, timeout=5)
    oauth.fetch_token(TOKEN_URL, auth=unchanged, body="audience=x", method="GET", force_querystring=True)
    return token


def unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Return the request: an auth that is a function."""
    return request


def called(oauth: OAuth2Session) -> int:
    """Call an API with each type of body."""
    oauth.request("POST", API_URL, data=[("a", "b")])
    oauth.request("POST", API_URL, data={"a": ["b", "c"]}, headers={"X-Own": "1"}, timeout=(3.0, None))
    oauth.request("POST", API_URL, data=b"bytes")
    oauth.request("POST", API_URL, files={"file": ("name.txt", io.BytesIO(b"content"), "text/plain")})
    oauth.request("POST", API_URL, files=[("file", b"content")], client_id="your_id", client_secret="s3cret")
    oauth.post(API_URL, json={"a": 1})
    return oauth.get(API_URL, params={"page": 2}).status_code


def save(token: dict[str, object]) -> None:
    """Save a token as a plain dict."""
    print(sorted(token))


def log(token: OAuth2Token) -> None:
    """Log a token as oauthlib's class."""
    print(token["expires_in"])


def refreshed() -> None:
    """Refresh a token, by the session itself or by a call."""
    oauth = OAuth2Session(
        "your_id",
        scope={"a"},
        token={"access_token": "2YotnFZFEjr1zCsicMWpAA", "token_type": "Bearer"},
        auto_refresh_url=TOKEN_URL,
        auto_refresh_kwargs={"client_id": "your_id"},
        token_updater=save,
    )
    oauth.token_updater = log
    try:
        oauth.get(API_URL)
    except TokenUpdated as updated:
        save(updated.token)
        assert_type(updated.token["access_token"], str)
    oauth.token = {"access_token": "2YotnFZFEjr1zCsicMWpAA"}
    assert_type(oauth.token["token_type"], str)
    assert_type(oauth.refresh_token(TOKEN_URL, auth=("your_id", "s3cret")), OAuth2Token)


def corrected(response: requests.Response) -> requests.Response:
    """Correct a response in a hook."""
    return response


def in_json(url: str, headers: dict[str, str], data: str | None) -> tuple[str, dict[str, str], str | None]:
    """Change a request in a hook."""
    return url, {**headers, "Content-Type": "application/json"}, data


def attributes(oauth: OAuth2Session) -> requests.Session:
    """Use the attributes and the hooks of a session."""
    assert_type(oauth.client_id, str | None)
    assert_type(oauth.access_token, str | None)
    oauth.access_token = "2YotnFZFEjr1zCsicMWpAA"
    oauth.redirect_uri = "https://client.example/back"
    oauth.scope = ["read"]
    oauth.auto_refresh_kwargs = {"client_id": "your_id"}
    assert_type(oauth.new_state(), str)
    assert_type(oauth.authorization_url("https://as.example/authorize", prompt="none"), tuple[str, str])
    oauth.register_compliance_hook("access_token_response", corrected)
    oauth.register_compliance_hook("refresh_token_response", corrected)
    oauth.register_compliance_hook("protected_request", in_json)
    oauth.register_compliance_hook("access_token_request", lambda url, headers, sent: (url, headers, sent))
    oauth.register_compliance_hook("refresh_token_request", lambda url, headers, body: (url, headers, body))
    print(len(oauth.compliance_hook), oauth.state)
    session = requests.Session()
    session.auth = OAuth2("your_id", token={"access_token": "2YotnFZFEjr1zCsicMWpAA", "token_type": "Bearer"})
    return session


def composed(client: ByItsModule, answer: bytearray) -> str:
    """Use the client alone."""
    base: Client = client
    assert_type(base.prepare_request_uri(API_URL), str)
    assert_type(clients.BackendApplicationClient("your_id", AUTH_HEADER).grant_type, str)
    assert_type(tokens.OAuth2Token({}, old_scope="read").missing_scopes, list[str])
    client.default_token_placement = "query"
    client.token["expires_in"] = -30
    client.populate_token_attributes(client.token)
    assert_type(client.parse_request_body_response(answer), OAuth2Token)
    url, headers, body = client.prepare_token_request(TOKEN_URL, scope={"a"}, client_secret="s3cret")
    assert_type(headers, dict[str, str])
    return url + body if is_secure_transport(url) else ""


def by_functions(answer: str) -> OAuth2Token:
    """Use the functions below the client."""
    assert_type(parameters.prepare_token_request("client_credentials", scope="read", include_client_id=False), str)
    token = parameters.parse_token_response(answer, scope="read")
    headers = tokens.prepare_bearer_headers(token["access_token"], {"X-Own": "1"})
    print(headers["Authorization"])
    return token


def listen(sender: object, message: str, old: list[str], new: list[str]) -> None:
    """Receive a signal."""
    print(sender, message, old, new)


def described(members: dict[str, str]) -> str:
    """Use errors and signals."""
    scope_changed.connect(listen)
    scope_changed.disconnect(listen)
    try:
        raise_from_error(members.get("error"), members)
    except (InvalidClientError, InvalidGrantError, UnauthorizedClientError, CustomOAuth2Error) as error:
        return error.description
    except (MissingTokenTypeError, TokenExpiredError) as error:
        return str(error.status_code)
    except OAuth2Error as error:
        return error.json
