"""
Fresh tokens on requests, with an auth and with a session.
"""

from typing import assert_type

import requests
from requests.auth import HTTPBasicAuth

from oauth_cc import ClientCredentials, ClientSecretBasic, Endpoint, Options, Scope, Secret, Token, token_request
from oauth_cc.compat import BackendApplicationClient, OAuth2Token
from oauth_cc.compat.requests_oauthlib import OAuth2Session, TokenUpdated
from oauth_cc.requests import ClientCredentialsAuth, TokenSource, fetch_token

ENDPOINT = "https://as.example/token"
request = token_request(ClientCredentials("your_id", "s3cret"), Scope.of("read"))


def calls(session: requests.Session) -> int:
    """Call an API."""
    assert_type(fetch_token(request, ENDPOINT, client=session), Token)
    auth = ClientCredentialsAuth(request, ENDPOINT, client=session, options=Options(timeout=3.0))
    assert_type(auth.with_resource("https://api.example/"), ClientCredentialsAuth)
    with TokenSource(request, ENDPOINT) as source:
        assert_type(source, TokenSource)
        assert_type(source.token(), Token)
    session.auth = auth
    return session.get("https://api.example/things").status_code


def replaced() -> str | None:
    """Replace requests-oauthlib's session."""
    with OAuth2Session(client=BackendApplicationClient("your_id", scope=["read"])) as session:
        token = session.fetch_token(ENDPOINT, client_secret="s3cret", audience="https://api.example/")
        assert_type(token, OAuth2Token)
        assert_type(token["access_token"], str)
        assert_type(token["expires_at"], float)
        assert_type(token.get("access_token"), str | None)
        assert_type(token.get("expires_in", 0), int)
        assert_type(token.get("audience"), object)
        token["note"] = 1
        auth = HTTPBasicAuth("your_id", "s3cret")
        session.fetch_token(ENDPOINT, auth=auth, body="x=1", headers={"User-Agent": "mine"}, timeout=(3.0, None))
        session.fetch_token(ENDPOINT, auth=("your_id", Secret("s3cret")), verify=True, proxies={}, timeout=5)
        session.fetch_token(Endpoint(ENDPOINT), client_secret=Secret("s3cret"), include_client_id=True, method="POST")
        session.fetch_token(ENDPOINT, auth=ClientSecretBasic("s3cret"))
        session.fetch_token(ENDPOINT, auth=unchanged)
        assert_type(session.token["token_type"], str)
        assert_type(session.authorized, bool)
        return session.access_token


def unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Return the request: an auth that is a function."""
    return request


def corrected(response: requests.Response) -> requests.Response:
    """Correct a response in a hook."""
    return response


def save(token: OAuth2Token) -> None:
    """Save a token."""
    print(token["expires_in"])


def migrated() -> int:
    """Use what a program for requests-oauthlib uses."""
    session = OAuth2Session(
        "your_id",
        scope={"a"},
        token={"access_token": "2YotnFZFEjr1zCsicMWpAA", "token_type": "Bearer"},
        auto_refresh_url=ENDPOINT,
        auto_refresh_kwargs={"client_id": "your_id"},
        token_updater=save,
        origins=["https://api.example"],
    )
    session.register_compliance_hook("access_token_response", corrected)
    session.register_compliance_hook("access_token_request", lambda url, headers, sent: (url, headers, sent))
    session.register_compliance_hook("refresh_token_request", lambda url, headers, body: (url, headers, body))
    session.register_compliance_hook("protected_request", lambda url, headers, data: (url, headers, data))
    try:
        session.request("POST", "https://api.example/", data={"a": ["b"]}, withhold_token=True, timeout=(3.0, None))
    except TokenUpdated as updated:
        assert_type(updated.token, OAuth2Token)
    session.token = {"access_token": "2YotnFZFEjr1zCsicMWpAA"}
    session.scope = ["read"]
    assert_type(session.client_id, str | None)
    assert_type(session.refresh_token(ENDPOINT, auth=("your_id", "s3cret")), OAuth2Token)
    assert_type(session.new_state(), str)
    return session.get("https://api.example/things", params={"page": 2}).status_code
