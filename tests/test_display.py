"""
Requests for human eyes.
"""

import shlex

import attrs
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import ClientCredentials, ClientSecretPost, HttpRequest, HttpResponse, TokenRequest, http_request
from oauth_cc.cli.display import curl, http_answer, http_message, metadata_table
from oauth_cc.metadata import ServerMetadata
from tests import strategies

ENDPOINT = "https://as.example/token"


@given(strategies.token_requests())
def test_the_secret_is_redacted(request_: TokenRequest) -> None:
    """What is shown is the request that is sent but for its secret, in both forms."""
    secret = "M4RKER"
    for way in (secret, ClientSecretPost(secret)):
        request = attrs.evolve(request_, credentials=ClientCredentials("id", way))
        composed = http_request(request, ENDPOINT)
        for shown in (http_message(composed), curl(composed)):
            assert secret not in shown
            assert "aWQ6TTRSS0VS" not in shown
            assert composed.body.decode("ascii").replace(secret, "***") in shown


@given(st.text(strategies.VSCHAR, max_size=20))
def test_curl_is_quoted(text: str) -> None:
    """A shell reads the command as the words it is made of, whatever the values are."""
    request = HttpRequest("POST", ENDPOINT, {"Accept": f"a{text}b"}, b"x=1")
    # A shell joins lines at a backslash before it splits words.
    words = shlex.split(curl(request).replace("\\\n", ""))
    assert words == ["curl", "--request", "POST", "--header", f"Accept: a{text}b", "--data", "x=1", ENDPOINT]


def test_whatever_may_be_secret_is_hidden() -> None:
    """Fields that are not known to be harmless, and bodies that are no form, are not shown at all."""
    request = HttpRequest("POST", ENDPOINT, {"Cookie": "a=b", "Authorization": "raw"}, b'{"password": "x"}')
    assert http_message(request) == f"POST {ENDPOINT}\nCookie: ***\nAuthorization: ***\n\n***"


def test_an_answer() -> None:
    """Of an answer the harmless members are shown, and of one that is no JSON why it is none."""
    answer = HttpResponse(200, (), b'{"access_token": "tok-1", "scope": "a", "id_token": "x", "other": ["y"]}')
    assert http_answer(answer) == '200\n{"access_token":"***","scope":"a","id_token":"***","other":"***"}'
    assert http_answer(HttpResponse(502, (), b"<html>")) == "502\n(the answer is not JSON)"


def test_without_a_body() -> None:
    """A request without a body is its head."""
    request = HttpRequest("GET", "https://api.example/", {"Authorization": "Bearer tok-1"})
    assert http_message(request) == "GET https://api.example/\nAuthorization: Bearer ***"
    assert "--data" not in curl(request)


def test_metadata() -> None:
    """A table has all that a server supports, and says if that is not this grant."""
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
        )
    )
    assert table.splitlines() == [
        "issuer               https://as.example",
        "token endpoint       https://as.example/token",
        "mTLS token endpoint  https://mtls.example/token",
        "authentication       attest_jwt_client_auth, none *",
        "signing algorithms   ES256 *, ES256K",
        "DPoP algorithms      ES256",
        "binds to certificate yes",
        "grants               authorization_code",
        "scopes               read, write",
        "",
        "* this client can use it",
        "! client_credentials is not among the grants",
    ]
