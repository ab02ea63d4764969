"""
Copies of auths, sources and sessions share tokens, and pickling them says what to do.
"""

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import requests

import oauth_cc.aiohttp
import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import ClientCredentials, TokenCache
from oauth_cc.testing import AuthorizationServer

CREDENTIALS = ClientCredentials("your_id", "s3cret")
MAKERS: list[Any] = [
    *(oauth_cc.httpx2.ClientCredentialsAuth, oauth_cc.httpx2.TokenSource, oauth_cc.httpx2.AsyncTokenSource),
    *(oauth_cc.httpx.ClientCredentialsAuth, oauth_cc.httpx.TokenSource, oauth_cc.httpx.AsyncTokenSource),
    *(oauth_cc.requests.ClientCredentialsAuth, oauth_cc.requests.TokenSource),
    *(oauth_cc.aiohttp.ClientCredentialsAuth, oauth_cc.aiohttp.AsyncTokenSource),
]


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """Run a server that records its requests."""
    with AuthorizationServer() as running:
        yield running


@pytest.mark.parametrize("copying", [copy.copy, copy.deepcopy])
def test_copy_of_a_source_shares_its_token(server: AuthorizationServer, copying: Any) -> None:
    """A deep copy, too."""
    source = oauth_cc.httpx2.TokenSource(CREDENTIALS, server.token_endpoint)
    assert copying(source).token() == source.token() == copying([source])[0].token()
    assert len(server.token_requests) == 1


def test_deep_copy_of_a_session_shares_the_token_of_its_auth(server: AuthorizationServer) -> None:
    """Programs copy sessions for their threads."""
    with requests.Session() as session:
        session.auth = oauth_cc.requests.ClientCredentialsAuth(CREDENTIALS, server.token_endpoint)
        with copy.deepcopy(session) as other:
            statuses = [each.get(server.resource_url, timeout=9).status_code for each in (session, other)]
    assert statuses == [200, 200]
    assert len(server.token_requests) == 1


def test_deep_copy_of_an_auth_works_in_another_client(server: AuthorizationServer) -> None:
    """It shares the token."""
    auth = oauth_cc.httpx2.ClientCredentialsAuth(CREDENTIALS, server.token_endpoint)
    for each in (auth, copy.deepcopy(auth)):
        with httpx2.Client(auth=each) as client:
            assert client.get(server.resource_url).status_code == 200
    assert len(server.token_requests) == 1


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: f"{make.__module__}.{make.__name__}")
def test_pickling_says_what_to_do(make: Any) -> None:
    """Another process needs an auth of its own."""
    made = make(CREDENTIALS, "https://as.example/token")
    with pytest.raises(TypeError) as caught:
        pickle.dumps(made)
    advice = "make it in each process, and give it a FileStore or a RedisStore to share tokens"
    assert str(caught.value) == f"{make.__module__}.{make.__qualname__} cannot be pickled; {advice}"
    assert type(copy.deepcopy(made)) is type(made)


def test_cache_is_shared_by_copies_and_not_pickled() -> None:
    """It holds tokens."""
    cache = TokenCache()
    assert copy.copy(cache) is copy.deepcopy(cache) is cache
    with pytest.raises(TypeError) as caught:
        pickle.dumps(cache)
    advice = "make it in each process, and give it a FileStore or a RedisStore to share tokens"
    assert str(caught.value) == f"a TokenCache cannot be pickled; {advice}"
