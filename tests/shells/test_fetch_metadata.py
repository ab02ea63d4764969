"""
Discovery of metadata and endpoint from an issuer, on each library, against real servers.
"""

from types import ModuleType
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest

import oauth_cc.httpx
import oauth_cc.httpx2
from oauth_cc import (
    ClientCredentials,
    ClientSecretPost,
    MetadataCache,
    Options,
    Retries,
    Scope,
    TlsClientAuth,
    TokenCache,
    errors,
    token_request,
)
from oauth_cc.authentication import Certificate
from oauth_cc.metadata import endpoint_for
from oauth_cc.testing import AuthorizationServer, RegisteredClient
from tests.shells.asking import Ask
from tests.shells.scripted import TOKEN, Answer, Drop, serve

KNOWN = RegisteredClient("your_id", "s3cret-of-client", Scope.of("read", "write"))
CREDENTIALS = ClientCredentials("your_id", "s3cret-of-client")


def test_an_issuer_leads_to_its_metadata_and_endpoint(ask: Ask) -> None:
    """The issuer is all that the client needs."""
    with AuthorizationServer(clients=[KNOWN]) as server:
        metadata = ask.metadata(server.issuer)
        assert server.token_endpoint == endpoint_for(metadata, token_request(CREDENTIALS)).url
        token = ask.token_from_issuer(server.issuer, token_request(CREDENTIALS, Scope.of("read")))
        assert Scope.of("read") == token.scope
        assert [200] == [each.status for each in server.token_requests]
    assert {"client_secret_basic", "private_key_jwt"} < set(metadata.token_endpoint_auth_methods_supported or ())
    assert ("read", "write") == metadata.scopes_supported
    assert not metadata.tls_client_certificate_bound_access_tokens


def test_an_unsupported_authentication_method_is_rejected_and_not_replaced(ask: Ask) -> None:
    """The error names the methods that the server supports."""
    by_certificate = ClientCredentials("your_id", TlsClientAuth(Certificate("A" * 43)))
    with AuthorizationServer(clients=[KNOWN]) as server:
        with pytest.raises(errors.InvalidInput, match=r"tls_client_auth is missing .* lists client_secret_basic, "):
            ask.token_through_client(server.issuer, by_certificate)
        bound = token_request(CREDENTIALS).with_certificate(Certificate("A" * 43))
        with pytest.raises(errors.InvalidInput, match="does not list certificate-bound tokens"):
            ask.token_through_client(server.issuer, bound)
        assert () == server.token_requests


def test_metadata_requests_are_bare_and_follow_one_redirect(ask: Ask) -> None:
    """All well-known URLs are requested, with no credentials."""
    with serve(Answer(302, headers=(("Location", "/elsewhere"),)), Answer(302), Answer(404)) as server:
        with pytest.raises(errors.UnexpectedRedirect):
            ask.token_from_issuer(f"{server.url}/t", ClientCredentials("id", ClientSecretPost("s")))
        inserted = "/.well-known/openid-configuration/t"
        paths = [
            *["/.well-known/oauth-authorization-server/t", "/elsewhere", "/t/.well-known/openid-configuration"],
            inserted,
        ]
        assert [("GET", path, b"") for path in paths] == [(one.method, one.path, one.body) for one in server.asked]
        # Nor a header of a body: a server may reject a GET that announces one.
        sent = {name.title() for one in server.asked for name in one.headers}
        assert not {"Authorization", "Cookie", "Content-Type", "Content-Length", "Transfer-Encoding"} & sent


def test_metadata_of_another_issuer_are_rejected(ask: Ask) -> None:
    """Neither well-known URL has the metadata of the configured issuer."""
    with serve(
        Answer(chunks=(b'{"issuer": "https://as.example", "token_endpoint": "https://as.example/token"}',))
    ) as s:
        with pytest.raises(errors.IssuerMismatch, match=r"another issuer, 'https://as\.example'"):
            ask.token_from_issuer(s.url, CREDENTIALS)
        assert 2 == len(s.asked)


def test_metadata_beyond_the_size_limit_are_rejected(ask: Ask) -> None:
    """Reading stops at the limit."""
    with serve(Answer(chunks=(b" " * 65536,) * 40)) as server, pytest.raises(errors.InvalidResponse):
        ask.metadata(server.url)


def test_a_metadata_cache_saves_requests_while_it_is_passed(ask: Ask) -> None:
    """Calls without the cache request the metadata again."""
    with serve(Answer(404), TOKEN) as server:
        content = f'{{"issuer": "{server.url}", "token_endpoint": "{server.url}/token"}}'.encode()
        server.steps[0] = Answer(chunks=(content,), headers=(("Cache-Control", "max-age=600"),))
        cache = MetadataCache()
        for _ in range(3):
            ask.metadata(server.url, cache=cache)
            assert "tok-1" == ask.token_from_issuer(server.url, CREDENTIALS, cache=cache).access_token.reveal()
        assert ["GET", "POST", "POST", "POST"] == [each.method for each in server.asked]


def test_a_source_fetches_the_metadata_once_and_a_stored_token_needs_none(ask: Ask) -> None:
    """The issuer is part of the key of the token, so another source with the same store finds it."""
    store = TokenCache()
    with AuthorizationServer(clients=[KNOWN]) as server:
        first = ask.token_from_issuer(server.issuer, CREDENTIALS, store=store)
        assert first == ask.token_from_issuer(server.issuer, CREDENTIALS, store=store)
        assert 1 == len(server.token_requests)
    assert first == ask.token_from_issuer(server.issuer, CREDENTIALS, store=store)


@pytest.mark.parametrize("backend", [None, "asyncio", "trio"])
@pytest.mark.parametrize(("library", "shell"), [(httpx2, oauth_cc.httpx2), (httpx, oauth_cc.httpx)])
def test_metadata_are_fetched_through_the_passed_client(library: Any, shell: ModuleType, backend: str | None) -> None:
    """Its transport is used, and its credentials are not sent."""
    kind = library.Client if backend is None else library.AsyncClient
    content = b'{"issuer": "https://as.example", "token_endpoint": "https://as.example/token"}'
    answers = library.MockTransport(lambda request: library.Response(200, content=content))
    metadata = Ask(library, shell, backend).metadata(
        "https://as.example", client=kind(transport=answers, auth=("a", "b"))
    )
    assert "https://as.example/token" == metadata.token_endpoint


def test_a_dropped_connection_raises_the_error_of_the_library(ask: Ask) -> None:
    """It is raised after the last attempt."""
    names = ("TransportError", "RequestException", "ClientError")
    (error,) = [getattr(ask.library, name) for name in names if hasattr(ask.library, name)]
    with serve(Drop) as server:
        with pytest.raises(error):
            ask.metadata(server.url, options=Options(retries=Retries(2, 0, 0)))
        # aiohttp repeats a failed GET once by itself.
        assert (4 if ask.library is aiohttp else 2) == len(server.asked)
