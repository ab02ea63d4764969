"""
The effect of every field of `Options` on each source.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
import attrs
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
    Options,
    RenewalWindow,
    Retries,
    Scope,
    Secret,
    Token,
    TokenCache,
    TokenRequestRefused,
    token_request,
)
from oauth_cc.errors import InvalidInput, OAuthError, RenewalTimedOut
from oauth_cc.events import Event, TokenObtained
from oauth_cc.flows import revoke
from tests.resting import at_rest, at_rest_async
from tests.shells.asking import Ask
from tests.shells.scripted import TOKEN, Answer, Held, Silence, serve

TIMEOUTS = (httpx2.TimeoutException, httpx.TimeoutException, requests.Timeout, aiohttp.ServerTimeoutError)
CREDENTIALS = ClientCredentials("your_id", "s3cret")


@attrs.frozen
class Door:
    """A source of one library, for threads or for async code."""

    source: Callable[..., Any]
    is_async: bool
    timeout_error: type[Exception]

    def tokens(self, url: str, options: Options, count: int = 1, store: TokenCache | None = None) -> list[Token]:
        """Request the token of a source with *options* *count* times."""
        if not self.is_async:
            source = self.source(CREDENTIALS, f"{url}/token", store=store, options=options)
            tokens: list[Token] = []
            for _ in range(count):
                tokens.append(source.token())
                at_rest(source)
            return tokens

        async def main() -> list[Token]:
            source = self.source(CREDENTIALS, f"{url}/token", store=store, options=options)
            tokens: list[Token] = []
            for _ in range(count):
                tokens.append(await source.token())
                await at_rest_async(source)
            return tokens

        return asyncio.run(main(), debug=False)


DOORS = {
    "httpx2": Door(oauth_cc.httpx2.TokenSource, False, httpx2.TimeoutException),
    "httpx2-async": Door(oauth_cc.httpx2.AsyncTokenSource, True, httpx2.TimeoutException),
    "httpx": Door(oauth_cc.httpx.TokenSource, False, httpx.TimeoutException),
    "httpx-async": Door(oauth_cc.httpx.AsyncTokenSource, True, httpx.TimeoutException),
    "requests": Door(oauth_cc.requests.TokenSource, False, requests.Timeout),
    "aiohttp": Door(oauth_cc.aiohttp.AsyncTokenSource, True, aiohttp.ServerTimeoutError),
}


@pytest.fixture(params=DOORS.values(), ids=list(DOORS))
def door(request: pytest.FixtureRequest) -> Door:
    """Return each source."""
    found: Door = request.param
    return found


@pytest.fixture
def held() -> Iterator[Held]:
    """Yield a response that waits. It is released at the end of the test."""
    answer = Held(TOKEN)
    yield answer
    answer.released.set()


def test_every_field_of_options_has_a_test_here() -> None:
    """A new field fails this test."""
    tested = {
        name.removeprefix("test_the_").partition("_of_a")[0] for name in globals() if name.startswith("test_the_")
    }
    assert {field.name for field in attrs.fields(Options)} == tested


def test_the_timeout_of_an_attempt(door: Door, held: Held) -> None:
    """An attempt ends after `timeout` when the server sends nothing."""
    with serve(held) as server, pytest.raises(door.timeout_error):
        door.tokens(server.url, Options(timeout=0.1, retries=Retries(attempts=1)))


def test_the_retries_of_an_attempt(door: Door) -> None:
    """`retries` sets how often a busy server is retried."""
    with serve(Answer(status=503), TOKEN) as server, pytest.raises(TokenRequestRefused):
        door.tokens(server.url, Options(retries=Retries(attempts=1)))
    with serve(Answer(status=503), TOKEN) as server:
        door.tokens(server.url, Options(retries=Retries(2, 0, 0)))
        assert len(server.asked) == 2


def test_the_renewal_window_of_a_token(door: Door) -> None:
    """A window that opens at once makes the second call renew. The default window does not."""
    at_once = RenewalWindow(opens=1e-12, closes=1e-12)
    for options, asked in ((Options(), 1), (Options(renewal_window=at_once), 2)):
        with serve(TOKEN) as server:
            door.tokens(server.url, options, count=2)
            assert len(server.asked) == asked


def test_the_background_renewal_of_a_token(door: Door) -> None:
    """The second call gets the token that it has. Without `background_renewal` it performs the renewal."""
    at_once = RenewalWindow(opens=1e-12, closes=1e-12)
    second = Answer(chunks=(b'{"access_token": "tok-2", "token_type": "Bearer", "expires_in": 3600}',))
    for background, expected in ((True, "tok-1"), (False, "tok-2")):
        with serve(TOKEN, second) as server:
            options = Options(renewal_window=at_once, background_renewal=background)
            assert door.tokens(server.url, options, count=2)[1].access_token.reveal() == expected


def test_the_wait_timeout_of_a_caller(door: Door, held: Held) -> None:
    """`wait_timeout` ends the wait for another caller's token request."""
    cache = TokenCache()
    with serve(held) as server, ThreadPoolExecutor(1) as pool:
        leader = oauth_cc.httpx2.TokenSource(CREDENTIALS, f"{server.url}/token", store=cache)
        leading = pool.submit(leader.token)
        while not server.asked:
            threading.Event().wait(0.001)
        with pytest.raises(RenewalTimedOut, match=r"within 0\.05 seconds"):
            door.tokens(server.url, Options(wait_timeout=0.05), store=cache)
        held.released.set()
        assert leading.result(30).access_token.reveal() == "tok-1"


def test_the_on_event_of_a_source(door: Door) -> None:
    """`on_event` is called with each event."""
    seen: list[Event] = []
    with serve(TOKEN) as server:
        door.tokens(server.url, Options(on_event=seen.append))
    assert [type(event) for event in seen] == [TokenObtained]


def test_the_scopes_allowed_of_a_source(door: Door) -> None:
    """`scopes_allowed` is what an API may ask for. tests/shells/test_step_up.py makes the calls."""
    response = HttpResponse(403, {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="write"'})
    token = Token(Secret("tok-1"), "Bearer", 1700000000.0, 1700003600.0)
    for allowed in (Scope(), Scope.of("read"), Scope.of("read", "write")):
        source = door.source(CREDENTIALS, "https://as.example/token", options=Options(scopes_allowed=allowed))
        wider = source.widened(response, token)
        assert (wider is not None) == ("write" in allowed)
        assert wider is None or Scope.of("write") == wider.context.terms.request.scope


BUSY = Answer(status=503)


def test_one_request_takes_the_timeout_of_its_options(ask: Ask) -> None:
    """For a token, for metadata and for another endpoint."""
    options = Options(timeout=0.05, retries=Retries(attempts=1))
    with serve(Silence) as server:
        for step in (
            lambda: ask.token(token_request(CREDENTIALS), f"{server.url}/token", options=options),
            lambda: ask.metadata(server.url, options=options),
            lambda: ask.perform(revoke(Secret("tok-1"), CREDENTIALS, f"{server.url}/revoke"), options=options),
        ):
            with pytest.raises(TIMEOUTS, match=r"within 0\.05 seconds"):
                step()


def test_one_request_takes_the_retries_of_its_options(ask: Ask) -> None:
    """For a token and for metadata. A flow of `oauth_cc.flows` has its own."""
    for attempts in (1, 3):
        options = Options(retries=Retries(attempts, 0, 0))
        with serve(BUSY) as server:
            with pytest.raises(TokenRequestRefused, match="503"):
                ask.token(token_request(CREDENTIALS), f"{server.url}/token", options=options)
            assert len(server.asked) == attempts
        with serve(BUSY) as server:
            with pytest.raises(OAuthError, match="503"):
                ask.metadata(server.url, options=options)
            first = server.asked[0].path
            assert [asked.path for asked in server.asked].count(first) == attempts


def test_one_request_goes_through_the_client_that_was_passed(ask: Ask) -> None:
    """For a token, for metadata and for another endpoint."""
    flow = revoke(Secret("tok-1"), CREDENTIALS, "https://as.example/revoke")
    for step in (
        lambda client: ask.token(token_request(CREDENTIALS), "https://as.example/token", client=client),
        lambda client: ask.metadata("https://as.example", client=client),
        lambda client: ask.perform(flow, client=client),
    ):
        with pytest.raises(InvalidInput, match=r"^client must be of the type \w+\.\w+, not builtins\.int$"):
            step(5)


def test_plain_http_beyond_loopback_is_logged_once_for_each_source(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    """Plain http on loopback is not logged."""
    door.source(CREDENTIALS, Endpoint("http://127.0.0.1:1/token", allow_http=True))
    assert caplog.messages == []
    door.source(CREDENTIALS, Endpoint("http://keycloak:8080/token", allow_http=True))
    (line,) = caplog.messages
    assert "client your_id go to http://keycloak:8080 over plain http" in line
