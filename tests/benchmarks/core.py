"""
Composing, parsing and importing, compared with oauthlib, Authlib and requests_oauth2client.
"""

import json
from urllib.parse import quote_plus

import requests
from authlib.oauth2.client import OAuth2Client as AuthlibClient
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauth2client import BearerToken, OAuth2Client

from oauth_cc import ClientCredentials, HttpResponse, Scope, compose_body, parse_token_response, token_request
from tests.benchmarks.measure import Row, imports, microseconds

ENDPOINT = "https://as.example/token"
SCOPE = ["hello", "world"]
ANSWER = json.dumps(
    {"access_token": "2YotnFZFEjr1zCsicMWpAA", "token_type": "Bearer", "expires_in": 3600, "scope": "hello world"}
)


def composing_from_nothing() -> Row:
    """Measure a body from new records or clients."""
    figures = microseconds(
        {
            "oauth_cc": lambda: compose_body(token_request(ClientCredentials("your_id"), Scope.of("hello", "world"))),
            "oauthlib": lambda: BackendApplicationClient("your_id").prepare_request_body(scope=SCOPE),
            "Authlib": lambda: _authlib(_authlib_client()),
            "requests_oauth2client": lambda: _requests_oauth2client(OAuth2Client(ENDPOINT, client_id="your_id")),
        }
    )
    return Row("compose from nothing", figures, "2x oauthlib", figures["oauthlib"] >= 2 * figures["oauth_cc"])


def composing_again() -> Row:
    """Measure the same body from existing records or clients."""
    request = token_request(ClientCredentials("your_id"), Scope.of("hello", "world"))
    oauthlib, authlib = BackendApplicationClient("your_id"), _authlib_client()
    theirs, text = OAuth2Client(ENDPOINT, client_id="your_id"), " ".join(SCOPE)
    figures = microseconds(
        {
            "oauth_cc": lambda: compose_body(request),
            "oauthlib": lambda: oauthlib.prepare_request_body(scope=SCOPE),
            "Authlib": lambda: _authlib(authlib),
            "requests_oauth2client": lambda: _requests_oauth2client(theirs),
            "f-string + quote_plus": lambda: f"grant_type=client_credentials&scope={quote_plus(text)}",
        }
    )
    met = (
        figures["oauthlib"] >= 7 * figures["oauth_cc"] and figures["oauth_cc"] <= 1.5 * figures["f-string + quote_plus"]
    )
    return Row("compose again", figures, "7x oauthlib, 1.5x f-string", met)


def parsing() -> Row:
    """Measure an ordinary response, from its text to the token of each library."""
    request = token_request(ClientCredentials("your_id"), Scope.of("hello", "world"))
    content = ANSWER.encode()
    response = HttpResponse(200, {"Content-Type": "application/json"}, content)
    oauthlib = BackendApplicationClient("your_id")
    figures = microseconds(
        {
            "oauth_cc": lambda: parse_token_response(response, request, received_at=1700000000.0),
            "oauthlib": lambda: oauthlib.parse_request_body_response(ANSWER, scope=SCOPE),
            "requests_oauth2client": lambda: BearerToken(**json.loads(content)),
            "json.loads": lambda: json.loads(content),
        }
    )
    return Row("parse a response", figures, "2.5x json.loads", figures["oauth_cc"] <= 2.5 * figures["json.loads"])


def importing() -> tuple[Row, Row]:
    """Measure what the import adds to a bare interpreter: time, and peak memory."""
    times, peaks = imports(
        {
            "oauth_cc": "import oauth_cc",
            "oauthlib": "from oauthlib.oauth2 import BackendApplicationClient",
            "Authlib": "from authlib.oauth2.client import OAuth2Client",
            "requests_oauth2client": "from requests_oauth2client import OAuth2Client",
            "attrs": "import attrs",
        }
    )
    met = times["oauth_cc"] <= times["oauthlib"] and times["oauth_cc"] <= 1.5 * times["attrs"]
    return Row("import", times, "<= oauthlib, 1.5x attrs", met), Row("peak memory of the import", peaks)


def _authlib_client() -> AuthlibClient:
    return AuthlibClient(session=requests.Session(), client_id="your_id", scope=SCOPE)


def _authlib(client: AuthlibClient) -> object:
    # Its fetch_token calls this before it sends.
    return client._prepare_token_endpoint_body("", "client_credentials", scope=SCOPE)


def _requests_oauth2client(client: OAuth2Client) -> object:
    # requests composes the body from the data of this library.
    data = {"grant_type": "client_credentials", "scope": " ".join(SCOPE), "client_id": client.client_id}
    return requests.Request("POST", ENDPOINT, data=data).prepare().body
