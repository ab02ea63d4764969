"""
Token requests on httpx and httpx2 under the packages that programs use to replace the network in their tests.
"""

from typing import Any

import httpx
import httpx2
import pytest
import respx
from pytest_httpx import HTTPXMock
from pytest_httpx2 import HTTPXMock as Httpx2Mock

from oauth_cc import ClientCredentials, TokenRequestRefused, token_request
from tests.shells.asking import WAYS, Ask

REQUEST = token_request(ClientCredentials("id", "s3cr3t-marker"))
ENDPOINT = "https://as.example/token"
ANSWER = {"access_token": "tok-1", "token_type": "Bearer", "expires_in": 3600}

each_way_of_httpx = pytest.mark.parametrize(
    "way", [way for way in WAYS if way.library is httpx], ids=lambda way: way.backend
)
each_way_of_httpx2 = pytest.mark.parametrize(
    "way", [way for way in WAYS if way.library is httpx2], ids=lambda way: way.backend
)
each_client = pytest.mark.parametrize("is_own", [True, False], ids=["default client", "client of the user"])


def fetch(way: Ask, *, is_own: bool) -> str:
    """Return an access token that a default client gets, or the user's client."""
    kind = way.library.Client if way.backend is None else way.library.AsyncClient
    options: dict[str, Any] = {} if is_own else {"client": kind()}
    return way.token(REQUEST, ENDPOINT, **options).access_token.reveal()


@each_way_of_httpx
@each_client
def test_respx_answers_a_token_request(way: Ask, is_own: bool, respx_mock: respx.MockRouter) -> None:
    """It replaces httpcore."""
    route = respx_mock.post(ENDPOINT).mock(return_value=httpx.Response(200, json=ANSWER))
    assert fetch(way, is_own=is_own) == "tok-1"
    assert route.call_count == 1
    assert route.calls.last.request.headers["Authorization"].startswith("Basic ")


@each_way_of_httpx
@each_client
def test_respx_can_refuse_a_token_request(way: Ask, is_own: bool, respx_mock: respx.MockRouter) -> None:
    """The error has the words of the mock."""
    respx_mock.post(ENDPOINT).respond(400, json={"error": "invalid_scope", "error_description": "no such scope"})
    with pytest.raises(TokenRequestRefused, match="no such scope"):
        fetch(way, is_own=is_own)


@each_way_of_httpx
@each_client
def test_respx_can_break_a_token_request(way: Ask, is_own: bool, respx_mock: respx.MockRouter) -> None:
    """The error of the library reaches the caller."""
    respx_mock.post(ENDPOINT).mock(side_effect=httpx.ReadTimeout("of the mock"))
    with pytest.raises(httpx.ReadTimeout, match=r"token endpoint at as\.example: no complete response"):
        fetch(way, is_own=is_own)


@each_way_of_httpx
@each_client
def test_pytest_httpx_answers_a_token_request(way: Ask, is_own: bool, httpx_mock: HTTPXMock) -> None:
    """It replaces the transports of httpx."""
    httpx_mock.add_response(method="POST", url=ENDPOINT, json=ANSWER)
    assert fetch(way, is_own=is_own) == "tok-1"
    (asked,) = httpx_mock.get_requests()
    assert asked.headers["Authorization"].startswith("Basic ")


@each_way_of_httpx2
@each_client
def test_httpx2_pytest_answers_a_token_request(way: Ask, is_own: bool, httpx2_mock: Httpx2Mock) -> None:
    """It replaces the transports of httpx2."""
    httpx2_mock.add_response(method="POST", url=ENDPOINT, json=ANSWER)
    assert fetch(way, is_own=is_own) == "tok-1"
    (asked,) = httpx2_mock.get_requests()
    assert asked.headers["Authorization"].startswith("Basic ")


def test_an_auth_works_under_pytest_httpx(httpx_mock: HTTPXMock) -> None:
    """A rejected token is replaced, as it is on the network."""
    httpx_mock.add_response(method="POST", url=ENDPOINT, json=ANSWER)
    httpx_mock.add_response(url="https://api.example/things", status_code=401)
    httpx_mock.add_response(method="POST", url=ENDPOINT, json={**ANSWER, "access_token": "tok-2"})
    httpx_mock.add_response(url="https://api.example/things", json=[])
    way = next(way for way in WAYS if way.library is httpx and way.backend is None)
    with httpx.Client(auth=way.shell.ClientCredentialsAuth(REQUEST, ENDPOINT)) as api:
        assert api.get("https://api.example/things").status_code == 200
    asked = httpx_mock.get_requests()
    assert [each.method for each in asked] == ["POST", "GET", "POST", "GET"]
    assert asked[-1].headers["Authorization"] == "Bearer tok-2"
