"""
What the constructors of sources and auths do with each argument, on each library.
"""

import asyncio
from collections.abc import Callable
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
from oauth_cc import (
    ClientCredentials,
    Endpoint,
    HttpResponse,
    MetadataCache,
    Options,
    RenewalWindow,
    Retries,
    Scope,
    TokenCache,
    TokenRequest,
    errors,
    http_request,
    token_request,
)
from oauth_cc._io.arguments import metadata_flow, token_flow
from oauth_cc.flows.metadata_cache import Discovery
from oauth_cc.issuer import Issuer
from oauth_cc.metadata import metadata_urls
from tests.world import World, token_answer

REQUEST = token_request(ClientCredentials("your_id", "s3cret"), Scope.of("a"))
ENDPOINT, ISSUER, API = "https://as.example/token", "https://as.example", "https://api.example/mcp"
OPTIONS = Options(5.0, Retries(7), RenewalWindow(0.5, 0.6), 7.0)
KINDS: list[tuple[Any, Callable[[], Any]]] = [
    (oauth_cc.httpx2.TokenSource, httpx2.Client),
    (oauth_cc.httpx2.AsyncTokenSource, httpx2.AsyncClient),
    (oauth_cc.httpx2.ClientCredentialsAuth, httpx2.Client),
    (oauth_cc.httpx.TokenSource, httpx.Client),
    (oauth_cc.httpx.AsyncTokenSource, httpx.AsyncClient),
    (oauth_cc.httpx.ClientCredentialsAuth, httpx.Client),
    (oauth_cc.requests.TokenSource, requests.Session),
    (oauth_cc.requests.ClientCredentialsAuth, requests.Session),
    (oauth_cc.aiohttp.AsyncTokenSource, aiohttp.ClientSession),
    (oauth_cc.aiohttp.ClientCredentialsAuth, aiohttp.ClientSession),
]
NAMES = [f"{kind.__module__}.{kind.__name__}" for kind, _ in KINDS]


def source_of(made: Any) -> Any:
    """Return the source of an auth, or the source itself."""
    return made if "Source" in type(made).__name__ else getattr(made, "source", None) or made.async_source


@pytest.mark.parametrize("kind", [kind for kind, _ in KINDS], ids=NAMES)
def test_each_argument_of_a_constructor_is_used(kind: Any) -> None:
    """The token endpoint is given, or discovered by the issuer or the resource."""
    store, cache = TokenCache(), MetadataCache()
    named = REQUEST.with_resource(API)
    more: dict[str, Any] = {"store": store, "options": OPTIONS}
    made: list[tuple[Any, TokenRequest, str, Discovery | None]] = [
        (kind(REQUEST, ENDPOINT, **more), REQUEST, ENDPOINT, None),
        (kind.from_issuer(ISSUER, REQUEST, cache=cache, **more), REQUEST, ISSUER, Discovery(cache)),
        *[
            (
                kind.from_resource(API, request, issuer=ISSUER, cache=cache, **more),
                *(named, ISSUER, Discovery(cache, by_resource=True)),
            )
            for request in (REQUEST, named)
        ],
    ]
    for each, request, endpoint, discovery in made:
        context = source_of(each).context
        assert (context.cache, context.options) == (store, OPTIONS)
        assert (context.terms.request, context.terms.endpoint) == (request, Endpoint(endpoint))
        assert (context.terms.discovery, context.terms.shared) == (discovery, False)
        assert (context.terms.retries, context.terms.wait_timeout) == (OPTIONS.retries, 7.0)
        assert context.terms.renewal_window == OPTIONS.renewal_window
        assert (context.limits.background, context.limits.wait) == (10.0, 7.0)
        assert context.limits.renewal_window == OPTIONS.renewal_window


@pytest.mark.parametrize("kind", [kind for kind, _ in KINDS], ids=NAMES)
def test_a_source_has_its_own_caches_by_default(kind: Any) -> None:
    """An `Issuer` in place of the endpoint is discovered."""
    made = [source_of(make).context for make in (kind(REQUEST, Issuer(ISSUER)), kind.from_issuer(ISSUER, REQUEST))]
    assert len({id(context.cache) for context in made}) == 2
    assert len({id(context.terms.discovery.cache) for context in made}) == 2
    assert [context.terms.endpoint for context in made] == [Endpoint(ISSUER)] * 2
    assert [context.options for context in made] == [Options()] * 2


@pytest.mark.parametrize(("kind", "make_client"), KINDS, ids=NAMES)
def test_the_client_and_the_origins_are_those_of_the_caller(kind: Any, make_client: Callable[[], Any]) -> None:
    """A source that is derived from another has the same client."""

    async def main() -> None:
        client = make_client()
        is_auth = kind.__name__ == "ClientCredentialsAuth"
        more = {"origins": ["https://a.example", "https://b.example"]} if is_auth else {}
        for made in (
            kind(REQUEST, ENDPOINT, client=client, **more),
            kind.from_issuer(ISSUER, REQUEST, client=client, **more),
            kind.from_resource(API, REQUEST, issuer=ISSUER, client=client, **more),
        ):
            # It is asked whether it is closed. A session of requests stays open.
            assert source_of(made)._client is (None if isinstance(client, requests.Session) else client)
            assert not is_auth or made._origins.are_several
        if isinstance(client, aiohttp.ClientSession | httpx.AsyncClient | httpx2.AsyncClient):
            await (client.close() if isinstance(client, aiohttp.ClientSession) else client.aclose())
        else:
            client.close()

    asyncio.run(main())


BUSY = HttpResponse(503)
SERVER = HttpResponse(200, (), b'{"issuer": "https://as.example", "token_endpoint": "https://as.example/token"}')


@pytest.mark.parametrize("attempts", [1, 2])
def test_one_request_is_retried_as_its_options_say(attempts: int) -> None:
    """So are the requests for metadata before it."""
    options = Options(retries=Retries(attempts, 0.0, 0.0))
    urls = len(metadata_urls(ISSUER))
    flows: list[tuple[Callable[[], Any], int]] = [
        (lambda: token_flow(REQUEST, ENDPOINT, None, options), 1),
        (lambda: token_flow(REQUEST, Issuer(ISSUER), None, options), urls),
        (lambda: metadata_flow(ISSUER, None, options), urls),
    ]
    for make, places in flows:
        world = World([BUSY])
        with pytest.raises((errors.TokenRequestRefused, errors.InvalidResponse)):
            world.run(make())
        assert len(world.sent) == attempts * places
    world = World([SERVER, BUSY])
    with pytest.raises(errors.TokenRequestRefused):
        world.run(token_flow(REQUEST, Issuer(ISSUER), None, options))
    assert world.sent[1:] == [http_request(REQUEST, ENDPOINT)] * attempts


def test_one_request_is_sent_to_the_endpoint_that_an_issuer_names() -> None:
    """Credentials alone request no scope."""
    credentials = ClientCredentials("your_id", "s3cret")
    world = World([SERVER, token_answer()])
    assert world.run(token_flow(credentials, Issuer(ISSUER), None, Options())).access_token.reveal() == "tok-1"
    assert world.sent[-1] == http_request(credentials, ENDPOINT)
    cache = MetadataCache()
    world = World([SERVER])
    for _ in range(2):
        assert world.run(metadata_flow(ISSUER, cache, Options())).token_endpoint == ENDPOINT
    assert len(world.sent) == 1
