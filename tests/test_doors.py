"""
Arguments of the wrong type at every public function and class.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import pytest

import oauth_cc.aiohttp
import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import (
    ClientCredentials,
    Endpoint,
    HttpRequest,
    HttpResponse,
    InvalidInput,
    Options,
    PrivateKeyJwt,
    Scope,
    Secret,
    SigningKey,
    Token,
    authorize,
    compose_body,
    fapi,
    flows,
    http_request,
    is_expired,
    metadata,
    parse_token_response,
    token_request,
    unsigned_assertion,
)

CREDENTIALS = ClientCredentials("your_id", "s3cret")
SIGNED = ClientCredentials("id", PrivateKeyJwt(SigningKey("ES256", lambda _: bytes(64), "k"), "https://as.example"))
ENDPOINT = "https://as.example/token"
METADATA = metadata.ServerMetadata("https://as.example", ENDPOINT)
TOKEN = Token(Secret("tok-1"), "Bearer", 1.7e9)
RESPONSE = HttpResponse(200, (), b'{"access_token": "tok-1", "token_type": "Bearer"}')
RIGHT: Mapping[str, object] = {
    "credentials": CREDENTIALS,
    "request": token_request(CREDENTIALS),
    "endpoint": ENDPOINT,
    "response": RESPONSE,
    "token": TOKEN,
    "metadata": METADATA,
    "issuer": "https://as.example",
    "scope": Scope(),
    "received_at": 1.7e9,
    "now": 1.7e9,
    "unique_id": "u",
    "options": Options(),
}
FUNCTIONS: tuple[Callable[..., object], ...] = (
    token_request,
    compose_body,
    http_request,
    parse_token_response,
    authorize,
    metadata.endpoint_for,
    metadata.metadata_urls,
    fapi.fapi2,
    Endpoint,
)
SOURCES: tuple[Callable[..., object], ...] = (
    *(oauth_cc.httpx2.TokenSource, oauth_cc.httpx2.AsyncTokenSource, oauth_cc.httpx2.ClientCredentialsAuth),
    *(oauth_cc.httpx.TokenSource, oauth_cc.httpx.AsyncTokenSource, oauth_cc.httpx.ClientCredentialsAuth),
    *(oauth_cc.requests.TokenSource, oauth_cc.requests.ClientCredentialsAuth, oauth_cc.requests.fetch_token),
    *(oauth_cc.aiohttp.AsyncTokenSource, oauth_cc.aiohttp.ClientCredentialsAuth),
    *(oauth_cc.httpx2.fetch_token, oauth_cc.httpx.fetch_token),
)
WRONG: tuple[object, ...] = (
    None,
    5,
    1.5,
    True,
    b"bytes",
    "text",
    ("a", "b"),
    ["a"],
    {},
    object(),
    Secret("M4RKER"),
    lambda: None,
    TOKEN,
)


def required(function: Callable[..., object]) -> dict[str, object]:
    """Return valid arguments for the required parameters of *function*."""
    parameters = inspect.signature(function).parameters.values()
    named = [each.name for each in parameters if each.default is each.empty and each.kind is not each.VAR_KEYWORD]
    right = {**RIGHT, "url": ENDPOINT, **({"request": HttpRequest("GET", ENDPOINT)} if function is authorize else {})}
    return {name: right[name] for name in named}


def cases() -> list[Any]:
    """Return each function with each of its parameters and each wrong value for it."""
    found = []
    for function in (*FUNCTIONS, *SOURCES):
        name = f"{function.__module__}.{function.__qualname__}".removeprefix("oauth_cc.")
        arguments = {**required(function), **({"options": Options()} if function in SOURCES else {})}
        for parameter, right in arguments.items():
            for wrong in WRONG:
                fits = isinstance(wrong, type(right)) or (parameter == "received_at" and type(wrong) is int)
                if not fits or (isinstance(right, str) and parameter != "unique_id"):
                    label = f"{name}-{parameter}-{type(wrong).__name__}"
                    found.append(pytest.param(function, {**arguments, parameter: wrong}, id=label))
    return found


@pytest.mark.parametrize(("function", "arguments"), cases())
def test_an_argument_of_the_wrong_type_is_invalid_input(
    function: Callable[..., object], arguments: dict[str, object]
) -> None:
    """No error shows a value that may be a secret."""
    with pytest.raises(InvalidInput) as caught:
        function(**arguments)
    assert "M4RKER" not in f"{caught.value}{caught.value!r}"


@pytest.mark.parametrize("function", [compose_body, lambda request: http_request(request, ENDPOINT)])
def test_credentials_compose_as_a_request_without_scope(function: Callable[[object], object]) -> None:
    """They are accepted in place of a request."""
    assert function(CREDENTIALS) == function(token_request(CREDENTIALS))


def test_credentials_are_accepted_wherever_a_request_is() -> None:
    """This includes reading, metadata, the FAPI checklist and assertions."""
    asked = token_request(CREDENTIALS)
    assert parse_token_response(RESPONSE, CREDENTIALS, received_at=1.7e9) == parse_token_response(
        RESPONSE, asked, received_at=1.7e9
    )
    assert metadata.endpoint_for(METADATA, CREDENTIALS) == metadata.endpoint_for(METADATA, asked)
    assert fapi.fapi2(CREDENTIALS, ENDPOINT) == fapi.fapi2(asked, ENDPOINT)
    one = unsigned_assertion(SIGNED, now=1.7e9, unique_id="u")
    assert one == unsigned_assertion(token_request(SIGNED), now=1.7e9, unique_id="u")
    assert isinstance(flows.advance(flows.exchange(CREDENTIALS, ENDPOINT), None), flows.Observe)


@pytest.mark.parametrize("door", SOURCES[:11], ids=lambda source: f"{source.__module__}.{source.__qualname__}")
def test_sources_and_auths_of_every_library_accept_credentials(door: Any) -> None:
    """The result is the same as for a request."""
    if inspect.isclass(door):
        make: Callable[..., object] = door
        assert repr(make(CREDENTIALS, ENDPOINT)) == repr(make(token_request(CREDENTIALS), ENDPOINT))


@pytest.mark.parametrize("url", ["https://as.example/token\n", " https://as.example/token", '"https://as.example"'])
def test_the_error_for_white_space_around_a_url_says_to_remove_it(url: str) -> None:
    """Quotes around it count, too."""
    with pytest.raises(InvalidInput, match="white space or a quote; remove it"):
        Endpoint(url)


def test_common_mistakes_from_other_libraries_get_advice() -> None:
    """They are `expires_in` and a Secret in an f-string."""
    token: Any = TOKEN
    with pytest.raises(AttributeError, match=r"no attribute 'expires_in'; use token\.expires_at - time\.time\(\)"):
        token.expires_in  # noqa: B018
    with pytest.raises(AttributeError, match=r"no attribute 'nonsense'$"):
        token.nonsense  # noqa: B018
    with pytest.raises(InvalidInput, match=r"\.reveal\(\)"):
        HttpRequest("GET", ENDPOINT, {"Authorization": f"Bearer {TOKEN.access_token}"})
    assert not Secret("")
    assert is_expired(TOKEN, 1.7e9 + 300)
