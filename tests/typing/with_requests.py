"""
Fresh tokens on requests, with an auth and with a session.
"""

from typing import assert_type

import requests
from requests.auth import HTTPBasicAuth

from oauth_cc import ClientCredentials, Options, Scope, Secret, Token, token_request
from oauth_cc.compat import BackendApplicationClient
from oauth_cc.compat._token_dict import TokenDict
from oauth_cc.compat.requests_oauthlib import OAuth2Session
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
        assert_type(token, TokenDict)
        assert_type(token["access_token"], str)
        assert_type(token["expires_at"], float)
        assert_type(token.get("access_token"), str | None)
        assert_type(token.get("expires_in", 0), int)
        assert_type(token.get("audience"), object)
        token["note"] = 1
        auth = HTTPBasicAuth("your_id", "s3cret")
        session.fetch_token(ENDPOINT, auth=auth, body="x=1", headers={"User-Agent": "mine"}, timeout=(3.0, 5.0))
        session.fetch_token(ENDPOINT, auth=("your_id", Secret("s3cret")), verify=True, proxies={}, timeout=5)
        session.fetch_token(ENDPOINT, client_secret=Secret("s3cret"), include_client_id=True, method="POST")
        assert_type(session.token["token_type"], str)
        assert_type(session.authorized, bool)
        return session.access_token
