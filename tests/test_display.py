"""
Requests, responses and metadata as text for people.
"""

import shlex

import attrs
import pytest
from hypothesis import given

from oauth_cc import ClientCredentials, ClientSecretPost, HttpRequest, HttpResponse, TokenRequest, http_request
from oauth_cc.cli.display import curl, http_message, http_response, metadata_table
from oauth_cc.metadata import ServerMetadata
from tests import strategies

ENDPOINT = "https://as.example/token"


@given(strategies.token_requests())
def test_the_request_is_shown_with_its_secret_redacted(request_: TokenRequest) -> None:
    """Both forms show the request as it is sent, except for what may be secret."""
    secret = "M4RKER"
    for way in (secret, ClientSecretPost(secret)):
        request = attrs.evolve(request_, credentials=ClientCredentials("id", way))
        composed = http_request(request, ENDPOINT)
        for shown in (http_message(composed), curl(composed)):
            assert secret not in shown
            assert "aWQ6TTRSS0VS" not in shown
            assert _redacted(composed.body.decode("ascii")) in shown


def _redacted(form: str) -> str:
    known = {"grant_type", "client_id", "scope", "resource", "audience", "authorization_details", "tenant", "version"}
    pairs = [piece.partition("=") for piece in form.split("&")]
    return "&".join([f"{name}={value if name in known else '***'}" for name, _, value in pairs])


@pytest.mark.parametrize(
    ("url", "body", "shown"),
    [
        (ENDPOINT, b"scope=a&api_key=M4RKER", "scope=a&api_key=***"),
        (ENDPOINT, b'{"scope": "a", "client_secret": "M4RKER", "apikey": ["M4RKER"]}', '"client_secret":"***"'),
        (f"{ENDPOINT}?subscription-key=M4RKER&api-version=1", b"", f"{ENDPOINT}?subscription-key=***&api-version=1"),
        (f"{ENDPOINT}?%zzM4RKER", b"", f"{ENDPOINT}?***"),
    ],
)
def test_a_parameter_that_is_not_known_to_be_harmless_is_redacted(url: str, body: bytes, shown: str) -> None:
    """That holds for a form, a JSON body and the query of the URL."""
    request = HttpRequest("POST", url, (), body)
    for text in (http_message(request), curl(request)):
        assert shown in text
        assert "M4RKER" not in text


@given(strategies.ascii_texts(max_size=20))
def test_curl_is_quoted_for_the_shell(text: str) -> None:
    """A shell splits the command into its words with any characters in the values."""
    request = HttpRequest("POST", ENDPOINT, {"Accept": f"a{text}b"}, b"scope=1")
    # A shell joins lines at a backslash before it splits words.
    words = shlex.split(curl(request).replace("\\\n", ""))
    assert words == ["curl", "--request", "POST", "--header", f"Accept: a{text}b", "--data", "scope=1", ENDPOINT]


def test_unknown_headers_and_bodies_are_redacted() -> None:
    """Headers that may be secret, and bodies that are not a form, are not shown."""
    request = HttpRequest("POST", ENDPOINT, {"Cookie": "a=b", "Authorization": "raw"}, b'["x"]')
    assert http_message(request) == f"POST {ENDPOINT}\nCookie: ***\nAuthorization: ***\n\n***"


def test_harmless_members_of_a_response_are_shown() -> None:
    """A response is shown with its harmless members, or with the reason why it is not JSON."""
    response = HttpResponse(200, (), b'{"access_token": "tok-1", "scope": "a", "id_token": "x", "other": ["y"]}')
    assert http_response(response) == '200\n{"access_token":"***","scope":"a","id_token":"***","other":"***"}'
    assert http_response(HttpResponse(502, (), b"<html>")) == "502\n(the response is not JSON)"


def test_a_request_without_a_body_is_its_head() -> None:
    """A request without a body is shown as its head."""
    request = HttpRequest("GET", "https://api.example/", {"Authorization": "Bearer tok-1"})
    assert http_message(request) == "GET https://api.example/\nAuthorization: Bearer ***"
    assert "--data" not in curl(request)


def test_the_table_has_all_metadata() -> None:
    """The table has everything that a server supports, and warns if that excludes this grant."""
    table = metadata_table(
        ServerMetadata(
            "https://as.example",
            ENDPOINT,
            ("attest_jwt_client_auth", "none"),
            ("ES256", "ES256K"),
            ("authorization_code",),
            ("read", "write"),
            dpop_signing_alg_values_supported=("none", "ES256"),
            mtls_token_endpoint="https://mtls.example/token",
            tls_client_certificate_bound_access_tokens=True,
            revocation_endpoint="https://as.example/revoke",
        )
    )
    assert table.splitlines() == [
        "issuer               https://as.example",
        "token endpoint       https://as.example/token",
        "mTLS token endpoint  https://mtls.example/token",
        "revocation           https://as.example/revoke",
        "introspection        -",
        "authentication       attest_jwt_client_auth, none *",
        "signing algorithms   ES256 *, ES256K",
        "DPoP algorithms      ES256 *",
        "binds to certificate yes",
        "grants               authorization_code",
        "scopes               read, write",
        "",
        "* supported by this client",
        "! the server does not list client_credentials",
    ]
