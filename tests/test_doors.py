"""
Arguments of the wrong type at every public function and class.
"""

import asyncio
import contextlib
import importlib
import inspect
import re
from collections.abc import Callable, Generator, Mapping
from functools import partial
from pathlib import Path
from types import FunctionType, NoneType
from typing import Any, Final

import pytest
import redis
import redis.asyncio

import oauth_cc.aiohttp
import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import (
    Certificate,
    ClientCredentials,
    Endpoint,
    HttpRequest,
    HttpResponse,
    InvalidInput,
    InvalidResponse,
    Options,
    PrivateKeyJwt,
    RenewalWindow,
    Retries,
    Scope,
    Secret,
    SigningKey,
    Token,
    compose_body,
    doctor,
    fapi,
    flows,
    http_request,
    is_expired,
    metadata,
    parse_token_response,
    token_request,
    unsigned_assertion,
)
from oauth_cc.flows import Load, Observe
from oauth_cc.settings import Issuer
from oauth_cc.stores.file import FileStore
from oauth_cc.stores.redis import RedisStore
from tests.test_exports import PUBLIC

CREDENTIALS = ClientCredentials("your_id", "s3cret")
KEY = SigningKey(
    "ES256", lambda _: bytes(64), "k", public_jwk={"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}
)
SIGNED = ClientCredentials("id", PrivateKeyJwt(SigningKey("ES256", lambda _: bytes(64), "k"), "https://as.example"))
ENDPOINT = "https://as.example/token"
METADATA = metadata.ServerMetadata("https://as.example", ENDPOINT)
TOKEN = Token(Secret("tok-1"), "Bearer", 1.7e9)
RESPONSE = HttpResponse(200, (), b'{"access_token": "tok-1", "token_type": "Bearer"}')
SOURCE = oauth_cc.requests.TokenSource(CREDENTIALS, ENDPOINT)


def flow() -> Generator[Observe, object, None]:
    """Return a flow that has not started."""
    yield Observe()


class Configuration:
    """A stand-in for the ``Configuration`` of a generated client."""

    access_token = None


RIGHT: Mapping[str, Callable[[], object]] = {
    "access_token": lambda: Secret("tok-1"),
    "active": lambda: True,
    "algorithm": lambda: "ES256",
    "audience": lambda: "https://as.example",
    "certificate": lambda: Certificate("A" * 43),
    "client": lambda: CREDENTIALS,
    "client_id": lambda: "your_id",
    "configuration": Configuration,
    "credentials": lambda: CREDENTIALS,
    "directory": lambda: "/tmp/never-made",  # noqa: S108  # no directory is made
    "effect": lambda: Load("0" * 64),
    "endpoint": lambda: ENDPOINT,
    "file": lambda: "key.pem",
    "flow": flow,
    "issuer": lambda: "https://as.example",
    "jwk": dict[str, str],
    "key": lambda: KEY,
    "metadata": lambda: METADATA,
    "method": lambda: "GET",
    "name": lambda: "TOKEN",
    "now": lambda: 1.7e9,
    "observed": lambda: doctor.Observed(ENDPOINT),
    "options": Options,
    "path": lambda: "secret.txt",
    "pem": lambda: "-----BEGIN PRIVATE KEY-----",
    "perform": lambda: oauth_cc.requests.perform,
    "prefix": lambda: "NEVER_SET_",
    "read": lambda: lambda: "s3cret",
    "received_at": lambda: 1.7e9,
    "request": lambda: token_request(CREDENTIALS),
    "resource": lambda: "https://api.example",
    "response": lambda: RESPONSE,
    "result": lambda: None,
    "scheme": lambda: "bearer",
    "scope": Scope,
    "secret": lambda: "s3cret" * 8,
    "sent": lambda: "n-1",
    "signer": lambda: lambda _: b"",
    "source": lambda: SOURCE,
    "status": lambda: 200,
    "thumbprint": lambda: "A" * 43,
    "token": lambda: TOKEN,
    "token_endpoint": lambda: ENDPOINT,
    "token_type": lambda: "Bearer",
    "unique_id": lambda: "u",
    "url": lambda: ENDPOINT,
    "user": lambda: "me@example.com",
    "value": lambda: "s3cret",
    "values": list[str],
}
"""A value of the right kind for each parameter of this name."""
SHELLS = ("oauth_cc.httpx2", "oauth_cc.httpx", "oauth_cc.requests", "oauth_cc.aiohttp", "oauth_cc.integrations.urllib")
TASKS = (oauth_cc.httpx2, oauth_cc.httpx, oauth_cc.aiohttp)
NOT_OURS = ("oauth_cc.compat", "oauth_cc.testing")
"""Modules with other rules: compat raises what oauthlib raises, and testing raises ValueError in tests."""
RESULTS = frozenset(
    """
    Alternative AssertionDraft AssertionSource Diagnosis Entry Failed Failure FetchAssertion Finding GrantDraft
    Introspection KeySource Load Lock Moment Observe Observed ReadKey ReadSecret Received Report Requirement Returned
    Save Send Sign Sleep UnsignedJwt""".split()
)
"""Records that the library makes: effects, results and drafts. Besides them, events. They check nothing."""
PER_FUNCTION: Mapping[str, Mapping[str, Callable[[], object]]] = {
    "authorize": {"request": lambda: HttpRequest("GET", ENDPOINT)},
    "unsigned_assertion": {"request": lambda: token_request(SIGNED)},
    "request_for_resource": {
        "metadata": lambda: metadata.ResourceMetadata("https://api.example", ("https://as.example",))
    },
    "TokenProvider": {"source": lambda: oauth_cc.aiohttp.AsyncTokenSource(CREDENTIALS, ENDPOINT)},
    "MacKey": {"algorithm": lambda: "HS256"},
    "RedisStore": {"client": lambda: redis.Redis(socket_timeout=1.0)},
    "AsyncRedisStore": {"client": lambda: redis.asyncio.Redis(socket_timeout=1.0)},
    "ClientAssertion": {"source": lambda: lambda: "assertion"},
}
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
FITS: Mapping[str, tuple[type, ...]] = {
    "ClientSecretBasic.secret": (Secret, FunctionType),
    "ClientSecretJwt.secret": (Secret, FunctionType),
    "ClientSecretPost.secret": (Secret, FunctionType),
    "Token.received_at": (int,),
    "check_revocation_response.received_at": (int,),
    "dpop_proof.now": (int,),
    "introspect.token": (str, Secret),
    "introspection_request.token": (str, Secret),
    "is_expired.now": (int,),
    "parse_challenges.values": (str, tuple, dict),
    "parse_introspection_response.received_at": (int,),
    "parse_token_response.received_at": (int,),
    "retry_nonce.sent": (NoneType,),
    "revocation_request.token": (str, Secret),
    "revoke.token": (str, Secret),
    "unsigned_assertion.now": (int,),
}
"""Further types of WRONG that a parameter accepts."""
URLS = frozenset({"endpoint", "issuer", "token_endpoint", "url"})
"""Parameters that reject text that is not a URL."""
NO_URL_CHECK = frozenset({"HttpRequest", "alternatives"})
"""They take any text as a URL: a request may be relative, and a diagnosis is about what a user typed."""

NEEDS_MORE: Final = re.compile("fetch_|from_|client_context")
"""Functions that need a server, a file, a key or an environment."""


def doors() -> list[tuple[str, Callable[..., object]]]:
    """Return every public function and class that a program calls with values of its own, and its name."""
    found: dict[Callable[..., object], str] = {}
    for module in PUBLIC:
        if module.startswith((*NOT_OURS, "oauth_cc.events")):
            continue
        for name in PUBLIC[module].split():
            item: object = getattr(importlib.import_module(module), name)
            if inspect.isfunction(item) or (inspect.isclass(item) and not is_made_by_the_library(item)):
                found.setdefault(item, f"{item.__module__}.{name}".removeprefix("oauth_cc."))
    return [(name, item) for item, name in found.items()]


def is_made_by_the_library(kind: type) -> bool:
    """Return whether *kind* is an error, a protocol, or a record in RESULTS."""
    return issubclass(kind, Exception) or getattr(kind, "_is_protocol", False) or kind.__name__ in RESULTS


def right(function: Callable[..., object], parameter: str) -> object:
    """Return a valid value of *parameter* of *function*."""
    return {**RIGHT, **PER_FUNCTION.get(function.__name__, {})}[parameter]()


def parameters_of(function: Callable[..., object]) -> list[str]:
    """Return the required parameters of *function*, and options."""
    parameters = inspect.signature(function).parameters.values()
    return [each.name for each in parameters if each.default is each.empty or each.name == "options"]


def cases() -> list[Any]:
    """Return each door with each of its parameters and each wrong value for it."""
    found = []
    for name, function in doors():
        for parameter in parameters_of(function):
            if parameter == "result":
                continue
            value = right(function, parameter)
            for wrong in WRONG:
                fits = isinstance(wrong, (type(value), *FITS.get(f"{function.__name__}.{parameter}", ())))
                if not fits or (wrong == "text" and parameter in URLS and function.__name__ not in NO_URL_CHECK):
                    found.append(
                        pytest.param(function, parameter, wrong, id=f"{name}-{parameter}-{type(wrong).__name__}")
                    )
    return found


def call(function: Callable[..., object], arguments: dict[str, object]) -> object:
    """Return the result of *function*, or of the first step of the flow that it returns."""
    result: Any = function(**arguments)
    if isinstance(result, Generator):
        return flows.advance(result, None)
    return asyncio.run(result) if inspect.iscoroutine(result) else result


@pytest.mark.parametrize(("function", "parameter", "wrong"), cases())
def test_an_argument_of_the_wrong_type_is_invalid_input(
    function: Callable[..., object], parameter: str, wrong: object
) -> None:
    """No error shows a value that may be a secret."""
    arguments = {name: right(function, name) for name in parameters_of(function)}
    with pytest.raises(InvalidInput) as caught:
        call(function, {**arguments, parameter: wrong})
    assert "M4RKER" not in f"{caught.value}{caught.value!r}"


@pytest.mark.parametrize(
    "function", [pytest.param(each, id=name) for name, each in doors() if not NEEDS_MORE.search(name)]
)
def test_arguments_of_the_right_type_are_valid_input(function: Callable[..., object]) -> None:
    """So each error of the test above is about the wrong argument."""
    with contextlib.suppress(InvalidResponse):
        call(function, {name: right(function, name) for name in parameters_of(function)})


@pytest.mark.parametrize(
    "wrong", [wrong for wrong in WRONG if wrong is not TOKEN], ids=lambda wrong: type(wrong).__name__
)
def test_the_methods_that_take_a_token_check_it(wrong: Any, tmp_path: Path) -> None:
    """They are those of sources and of stores in files."""
    store = FileStore(tmp_path / "tokens")
    with oauth_cc.requests.TokenSource(CREDENTIALS, ENDPOINT, store=store) as source:
        for method in (partial(store.save, "0" * 64), partial(store.discard, "0" * 64), source.discard):
            with pytest.raises(InvalidInput, match="token must be a Token, not"):
                method(wrong)
    with pytest.raises(InvalidInput, match="token must be a Token, not"):
        asyncio.run(oauth_cc.aiohttp.AsyncTokenSource(CREDENTIALS, ENDPOINT).discard(wrong))


@pytest.mark.parametrize("wrong", [None, 5, b"bytes", object()], ids=lambda wrong: type(wrong).__name__)
def test_the_settings_of_stores_are_checked(wrong: Any) -> None:
    """None is the usual directory."""
    with pytest.raises(InvalidInput, match="prefix must be a str"):
        RedisStore(redis.Redis(socket_timeout=1.0), prefix=wrong)
    if wrong is not None:
        with pytest.raises(InvalidInput, match="directory must be a str or a path"):
            FileStore(wrong)


@pytest.mark.parametrize("wrong", [None, "5", b"bytes", ["a"], object()], ids=lambda wrong: type(wrong).__name__)
@pytest.mark.parametrize(
    ("function", "parameter"),
    [
        *[(Retries, name) for name in ("attempts", "base", "ceiling")],
        *[(RenewalWindow, name) for name in ("opens", "closes", "first_opens")],
        *[(partial(kind, "https://as.example"), "allow_http") for kind in (Endpoint, Issuer)],
        (partial(RedisStore, redis.Redis(socket_timeout=1.0)), "lock_lifetime"),
    ],
)
def test_numbers_and_switches_are_not_text(function: Callable[..., object], parameter: str, wrong: object) -> None:
    """A setting from a file or the environment is often text, and "False" would allow http."""
    with pytest.raises(InvalidInput, match=r"must (be|have|satisfy)"):
        function(**{parameter: wrong})


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


SOURCES: tuple[Callable[..., object], ...] = (
    *(oauth_cc.httpx2.TokenSource, oauth_cc.httpx2.AsyncTokenSource, oauth_cc.httpx2.ClientCredentialsAuth),
    *(oauth_cc.httpx.TokenSource, oauth_cc.httpx.AsyncTokenSource, oauth_cc.httpx.ClientCredentialsAuth),
    *(oauth_cc.requests.TokenSource, oauth_cc.requests.ClientCredentialsAuth),
    *(oauth_cc.aiohttp.AsyncTokenSource, oauth_cc.aiohttp.ClientCredentialsAuth),
)


@pytest.mark.parametrize("door", SOURCES, ids=lambda source: f"{source.__module__}.{source.__qualname__}")
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
