"""
From the URL of an API to calls with a token, on each library, against real servers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

import oauth_cc.httpx2
from oauth_cc import ClientCredentials, Endpoint, MetadataCache, Options, Retries, Scope, errors, token_request
from oauth_cc.events import Event, RenewalFailed, TokenObtained
from oauth_cc.jose import new_key
from oauth_cc.settings import Issuer
from oauth_cc.stores._pending import StartRenewal
from oauth_cc.stores.file import FileStore
from oauth_cc.testing import AuthorizationServer, Fault, ProtectedResource, RegisteredClient
from tests.shells.asking import Ask
from tests.shells.calling import CALLS, Call, name

CREDENTIALS = ClientCredentials("your_id", "s3cret-of-client")
KNOWN = RegisteredClient("your_id", "s3cret-of-client", Scope.of("read", "write"))

each_call = pytest.mark.parametrize("call", CALLS, ids=name)


@contextmanager
def servers(**options: Any) -> Iterator[tuple[AuthorizationServer, ProtectedResource]]:
    """Run an authorization server and an API."""
    with AuthorizationServer(clients=[KNOWN]) as server, ProtectedResource(server, **options) as api:
        yield server, api


def auth_of(call: Call, server: AuthorizationServer, api: ProtectedResource, **options: Any) -> Any:
    """Return an auth of the library for the URL of *api* and the issuer."""
    request = options.pop("request", CREDENTIALS)
    return call.shell.ClientCredentialsAuth.from_resource(api.url, request, issuer=server.issuer, **options)


@each_call
def test_the_url_of_an_api_and_the_issuer_lead_to_calls_with_one_token(call: Call) -> None:
    """The token has the scope that the API names, and is for the API alone."""
    events: list[Event] = []
    with servers(scope=Scope.of("read")) as (server, api):
        auth = auth_of(call, server, api, options=Options(on_event=events.append))
        assert [200, 200, 200] == call.get(auth, api.url, f"{api.url}/things", api.url)
        (seen,) = server.token_requests
        assert ("grant_type", "scope", "resource") == seen.parameters
        assert [False, False, True, True, True] == [each.has_token for each in api.calls]
        assert [401, 200, 200, 200, 200] == [each.status for each in api.calls]
        # Another origin gets no token.
        assert [401] == call.get(auth, server.resource_url)
    assert 1 == len([event for event in events if isinstance(event, TokenObtained)])


def test_a_source_returns_a_token_for_the_api(ask: Ask) -> None:
    """Metadata is fetched once for sources with one cache."""
    with servers(scope=Scope.of("write")) as (server, api):
        cache = MetadataCache()
        for _ in range(2):
            token = ask.token_from_resource(api.url, CREDENTIALS, server.issuer, cache=cache)
            assert (Scope.of("write"), (api.url,)) == (token.scope, server.audience(token.access_token.reveal()))
        assert 2 == len(api.calls)
        wider = token_request(CREDENTIALS, Scope.of("read", "write"))
        assert wider.scope == ask.token_from_resource(api.url, wider, server.issuer, cache=cache).scope


@each_call
def test_an_api_that_does_not_name_the_issuer_gets_nothing_on_any_library(call: Call) -> None:
    """The authorization server that it names sees no connection."""
    with servers() as (server, api), AuthorizationServer() as other:
        api.misbehave(Fault(members={"authorization_servers": [other.issuer]}))
        with pytest.raises(errors.IssuerNotNamed, match=f"names {other.issuer} as authorization servers, not"):
            call.get(auth_of(call, server, api), api.url)
        assert () == server.token_requests == other.token_requests
        assert not any(each.has_token for each in api.calls)


@pytest.mark.parametrize("is_async", [False, True])
def test_a_resource_that_no_longer_names_the_issuer_gets_no_token_any_more(tmp_path: Path, *, is_async: bool) -> None:
    """The metadata is requested again when a renewal is due. The good token is dropped, in the store too."""
    events: list[Event] = []
    store, cache = FileStore(tmp_path / "tokens"), MetadataCache()
    kind: Any = oauth_cc.httpx2.AsyncTokenSource if is_async else oauth_cc.httpx2.TokenSource
    options = Options(on_event=events.append, retries=Retries(1))

    async def main() -> None:
        async def done(result: Any) -> Any:
            return await result if is_async else result

        source = kind.from_resource(
            api.url, CREDENTIALS, issuer=server.issuer, store=store, cache=cache, options=options
        )
        first = await done(source.token())
        assert (first, 1) == (source.peek(), len(list(store.entries())))
        cache.forget_resource(api.url)
        with api.misbehaving(Fault(members={"authorization_servers": ["https://evil.example"]})):
            context = source.context
            answer = context.cache.ask(context.terms.slot, first.expires_at - 3.0)
            assert isinstance(answer, StartRenewal)
            assert first == answer.held
            await done(source._lead(answer.pending))
            assert (None, []) == (source.peek(), list(store.entries()))
            with pytest.raises(errors.IssuerNotNamed):
                await done(source.token())

    with AuthorizationServer(clients=[KNOWN], lifetime=30) as server, ProtectedResource(server) as api:
        anyio.run(main)
        failed = [event for event in events if isinstance(event, RenewalFailed)]
        assert {(errors.IssuerNotNamed, None)} == {(type(event.error), event.seconds_left) for event in failed}
        assert 1 == len(server.token_requests)


@each_call
def test_an_issuer_is_text_an_endpoint_or_a_record(call: Call) -> None:
    """Each is the one issuer that is contacted, and the API must name it."""
    with servers() as (server, api), AuthorizationServer() as other:
        for found in (server.issuer, Endpoint(server.issuer), Issuer(server.issuer)):
            for issuer, statuses in ((found, [200]), (type(found)(other.issuer), None)):
                auth = call.shell.ClientCredentialsAuth.from_resource(api.url, CREDENTIALS, issuer=issuer)
                if statuses is None:
                    with pytest.raises(errors.IssuerNotNamed):
                        call.get(auth, api.url)
                else:
                    assert statuses == call.get(auth, api.url)
        assert [200] == call.get(
            call.shell.ClientCredentialsAuth.from_issuer(Issuer(server.issuer), CREDENTIALS), server.resource_url
        )
        assert () == other.token_requests


@each_call
def test_a_rejected_token_has_the_metadata_asked_for_again(call: Call) -> None:
    """They may have changed (RFC 9728 section 5.2)."""
    with servers() as (server, api):
        auth = auth_of(call, server, api)
        assert [200] == call.get(auth, api.url)
        server.revoke_all()
        assert [200, 200] == call.get(auth, api.url, api.url)
        paths = [each.path for each in api.calls]
        assert 2 == len([path for path in paths if path.startswith("/.well-known/")])
        assert 2 == len(server.token_requests)


@each_call
def test_another_resource_must_name_the_issuer_too(call: Call) -> None:
    """The auth for it is made from an existing one."""
    with servers() as (server, api), ProtectedResource(server, "/other") as second:
        auth = auth_of(call, server, api)
        assert [200] == call.get(auth.with_resource(second.url), second.url)
        assert () == api.calls
        second.misbehave(Fault(members={"authorization_servers": []}), Fault(status=404))
        with pytest.raises(errors.IssuerNotNamed):
            call.get(auth_of(call, server, api).with_resource(second.url), second.url)
        with pytest.raises(errors.InvalidInput, match="absolute URL"):
            auth.with_resource("urn:example:api")


@each_call
def test_wrong_arguments_are_refused_before_anything_is_sent(call: Call) -> None:
    """An issuer is required."""
    kind = call.shell.ClientCredentialsAuth
    with pytest.raises(TypeError, match="issuer"):
        kind.from_resource("https://api.example/", CREDENTIALS)
    for url, issuer, match in (
        ("http://api.example/", "https://as.example", "^resource must use https"),
        ("https://api.example/", "http://as.example", "^issuer must use https"),
        ("https://api.example/", None, "^issuer must not be None"),
    ):
        with pytest.raises(errors.InvalidInput, match=match):
            kind.from_resource(url, CREDENTIALS, issuer=issuer)
    named = token_request(CREDENTIALS).with_resource("https://b.example/")
    with pytest.raises(errors.InvalidInput, match="no resource but the one that is discovered"):
        kind.from_resource("https://api.example/", named, issuer="https://as.example")


@each_call
def test_an_api_may_ask_for_an_allowed_scope(call: Call) -> None:
    """The new token has both scopes, and is for the API."""
    with servers(scope=Scope.of("write")) as (server, api):
        request = token_request(CREDENTIALS, Scope.of("read"))
        auth = auth_of(call, server, api, request=request, options=Options(scopes_allowed=Scope.of("write")))
        assert [200, 200] == call.get(auth, api.url, api.url)
        assert 2 == len(server.token_requests)
        source = auth.async_source if call.backend is not None else auth.source
        token = source.peek()
        assert (Scope.of("read", "write"), (api.url,)) == (token.scope, server.audience(token.access_token.reveal()))


@each_call
def test_an_api_that_needs_bound_tokens_gets_one_with_proofs(call: Call) -> None:
    """A request without a key is not sent as a bearer token request."""
    with servers(needs_dpop=True) as (server, api):
        with pytest.raises(errors.InvalidInput, match=r"accepts only tokens that are bound to a key; add \.with_dpop"):
            call.get(auth_of(call, server, api), api.url)
        assert () == server.token_requests
        bound = token_request(CREDENTIALS).with_dpop(new_key())
        assert [200, 200] == call.get(auth_of(call, server, api, request=bound), api.url, f"{api.url}/things")
        assert 1 == len(server.token_requests)
