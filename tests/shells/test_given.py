"""
Rejection of wrong arguments at construction, on each library.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests

import oauth_cc.aiohttp
import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import ClientCredentials, Options, Retries, errors, token_request
from tests.shells.asking import WAYS, Ask

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))
ENDPOINT = "https://as.example/token"
SOURCES: list[tuple[Any, type[object]]] = [
    (oauth_cc.httpx2.TokenSource, httpx2.Client),
    (oauth_cc.httpx2.AsyncTokenSource, httpx2.AsyncClient),
    (oauth_cc.httpx.TokenSource, httpx.Client),
    (oauth_cc.httpx.AsyncTokenSource, httpx.AsyncClient),
    (oauth_cc.requests.TokenSource, requests.Session),
    (oauth_cc.aiohttp.AsyncTokenSource, aiohttp.ClientSession),
]
CLIENTS = (httpx2.Client, httpx2.AsyncClient, httpx.Client, httpx.AsyncClient, requests.Session, object)
NAMES = [f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for _, kind in SOURCES]


@pytest.mark.parametrize(("source", "fitting"), SOURCES, ids=NAMES)
def test_a_client_of_another_class_is_rejected_by_every_source(source: Any, fitting: type[object]) -> None:
    """A client for the other mode, of another library, or no client at all."""
    for kind in CLIENTS:
        client = kind()
        if isinstance(client, fitting):
            assert source(REQUEST, ENDPOINT, client=client).context.terms.request == REQUEST
        else:
            with pytest.raises(errors.InvalidInput, match=rf"client must be of the type \w+\.{fitting.__name__}, not"):
                source(REQUEST, ENDPOINT, client=client)


@pytest.mark.parametrize("ask", WAYS, ids=lambda ask: f"{ask.library.__name__}-{ask.backend}")
def test_a_client_of_another_class_is_rejected_for_one_request(ask: Ask) -> None:
    """The request may be for a token, for metadata or for an endpoint."""
    issuer = "https://as.example"
    for ask_for in (
        lambda: ask.token(REQUEST, ENDPOINT, client=object()),
        lambda: ask.metadata(issuer, client=object()),
        lambda: ask.token_from_issuer(issuer, REQUEST, client=object()),
    ):
        with pytest.raises(errors.InvalidInput, match=r"client must be of the type \w+\.\w+, not builtins\.object"):
            ask_for()


@pytest.mark.parametrize(("source", "_fitting"), SOURCES, ids=NAMES)
@pytest.mark.parametrize(
    "option", [{"timeout": timedelta(seconds=5)}, {"retries": 3}, {"renewal_window": 0.8}], ids=str
)
def test_an_option_of_another_type_is_rejected(source: Any, _fitting: type[object], option: dict[str, Any]) -> None:
    """A number in place of a record, and the reverse."""
    (name,) = option
    with pytest.raises(errors.InvalidInput, match=f"{name} must be a"):
        source(REQUEST, ENDPOINT, options=Options(**option))


@pytest.mark.parametrize(("source", "_fitting"), SOURCES, ids=NAMES)
@pytest.mark.parametrize("options", [{"timeout": 5.0}, 5.0, Retries()], ids=["a dict", "a number", "retries"])
def test_options_that_are_not_a_record_are_rejected(source: Any, _fitting: type[object], options: object) -> None:
    """The error says what to pass."""
    with pytest.raises(errors.InvalidInput, match=r"options must be an Options, not \w+; use Options\("):
        source(REQUEST, ENDPOINT, options=options)


AUTHS: dict[str, Any] = {
    "httpx2": oauth_cc.httpx2.ClientCredentialsAuth,
    "httpx": oauth_cc.httpx.ClientCredentialsAuth,
    "requests": oauth_cc.requests.ClientCredentialsAuth,
    "aiohttp": oauth_cc.aiohttp.ClientCredentialsAuth,
}
API = "http://127.0.0.1:9/things"


async def by_async_client(library: Any, auth: Any) -> None:
    """Call an API on *library*, httpx2 or httpx, in async code."""
    async with library.AsyncClient(auth=auth) as client:
        await client.get(API)


async def by_session(auth: Any) -> None:
    """Call an API on aiohttp."""
    async with aiohttp.ClientSession(middlewares=(auth,)) as session:
        await session.get(API)


CALLS: list[tuple[str, Callable[[Any], object]]] = [
    ("httpx2", lambda auth: httpx2.get(API, auth=auth)),
    ("httpx2", lambda auth: asyncio.run(by_async_client(httpx2, auth))),
    ("httpx", lambda auth: httpx.get(API, auth=auth)),
    ("httpx", lambda auth: asyncio.run(by_async_client(httpx, auth))),
    ("requests", lambda auth: requests.get(API, auth=auth, timeout=9)),
    ("aiohttp", lambda auth: asyncio.run(by_session(auth))),
]


@pytest.mark.parametrize(("library", "call"), CALLS, ids=[f"{name} {number}" for number, (name, _) in enumerate(CALLS)])
@pytest.mark.parametrize("own", AUTHS)
def test_an_auth_of_another_library_names_the_auth_to_use(
    own: str, library: str, call: Callable[[Any], object]
) -> None:
    """Nothing is sent. Only the auth of the library itself gets as far as the token request."""
    auth = AUTHS[own](REQUEST, "http://127.0.0.1:9/token", options=Options(retries=Retries(attempts=1)))
    if own == library:
        with pytest.raises(Exception, match=r"^token endpoint at 127\.0\.0\.1:9: no connection"):
            call(auth)
        return
    with pytest.raises(errors.InvalidInput) as caught:
        call(auth)
    assert str(caught.value) == f"this auth is for {own}; with {library} use oauth_cc.{library}.ClientCredentialsAuth"


@pytest.mark.parametrize("own", AUTHS)
def test_an_auth_that_is_called_as_a_function_says_which_library_it_is_for(own: str) -> None:
    """A library that oauth_cc has no auth for."""
    with pytest.raises(errors.InvalidInput, match=f"^this auth is for {own}$"):
        AUTHS[own](REQUEST, ENDPOINT)(object())
