"""
Rejection of wrong arguments at construction, on each library.
"""

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
