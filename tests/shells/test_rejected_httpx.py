"""
What httpx2 and httpx do with the API's first response when a call is sent again, and whom a 401 concerns.
"""

import time
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import anyio
import httpx
import pytest

from oauth_cc import ClientCredentials, Dialect, Options, Placement, token_request
from oauth_cc.events import Event, ScopeInsufficient, TokenDiscarded
from oauth_cc.testing import AuthorizationServer, RegisteredClient
from tests.shells.calling import CALLS, Auth, Call, name
from tests.shells.scripted import TOKEN, Answer, ScriptedServer, elapsed_since, serve

REQUEST = token_request(ClientCredentials("id", "s3cret-of-client"))
PLACED = REQUEST.with_dialect(Dialect(placement=Placement("X-Shopify-Access-Token", None)))
SECOND = Answer(chunks=(b'{"access_token": "tok-2", "token_type": "Bearer", "expires_in": 3600}',))
DONE = Answer(chunks=(b"done",))
REJECTED = Answer(401, chunks=(b"no",))
EVERY_CALL = 30

each_httpx_call = pytest.mark.parametrize("call", [call for call in CALLS if call.is_httpx], ids=name)
each_request = pytest.mark.parametrize("request_", [REQUEST, PLACED], ids=["Authorization", "X-Shopify-Access-Token"])


def away(target: str, status: int = 307) -> Answer:
    """Return a redirect to *target*."""
    return Answer(status, (("Location", target),))


@cache
def bomb() -> bytes:
    """Return 100 MiB as gzip."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return b"".join([packer.compress(bytes(2**20)) for _ in range(100)]) + packer.flush()


def auth_for(call: Call, script: ScriptedServer, request: Any = REQUEST, **options: Any) -> Auth:
    """Return an auth for tokens of *script*."""
    return call.auth(request, f"{script.url}/token", **options)


def tokens(script: ScriptedServer) -> list[str | None]:
    """Return the token that each request to *script* carries."""
    found = [
        asked.headers.get("Authorization", asked.headers.get("X-Shopify-Access-Token", "")) for asked in script.asked
    ]
    return [value.removeprefix("Bearer ") or None for value in found]


def streamed(call: Call, auth: Auth, url: str, **options: Any) -> list[bytes]:
    """Return the body of each response to one streamed call, the first response first."""
    settings = {"auth": auth, "verify": False, **options}
    if call.backend is None:
        with call.library.Client(**settings) as client, client.stream("GET", url) as response:
            return [*(past.content for past in response.history), response.read()]

    async def main() -> list[bytes]:
        async with call.library.AsyncClient(**settings) as client, client.stream("GET", url) as response:
            return [*(past.content for past in response.history), await response.aread()]

    return anyio.run(main, backend=call.backend)


class TestConnection:
    """The connection of a rejected call."""

    @each_httpx_call
    def test_many_rejected_calls_share_one_connection_with_the_token_request(self, call: Call) -> None:
        """A call that kept its connection would wait for itself."""
        known = RegisteredClient("id", "s3cret-of-client")
        # In threads, httpcore may close an idle connection of its pool that another thread has just taken.
        kept = 0 if call.library is httpx and call.backend is None else 1
        limits = call.library.Limits(max_connections=1, max_keepalive_connections=kept)
        settings = {"limits": limits, "timeout": 60, "verify": False}
        with AuthorizationServer(clients=[known]) as server:
            request = token_request(ClientCredentials("id", "s3cret-of-client"))
            if call.backend is None:
                with call.library.Client(**settings) as api:
                    api.auth = call.auth(request, server.token_endpoint, client=api)
                    api.auth.source.token()
                    server.revoke_all()
                    with ThreadPoolExecutor(EVERY_CALL) as pool:
                        futures = [pool.submit(api.get, server.resource_url) for _ in range(EVERY_CALL)]
                    statuses = [future.result().status_code for future in futures]
            else:
                statuses = anyio.run(self._at_once, call, request, server, settings, backend=call.backend)
            assert statuses == [200] * EVERY_CALL
            assert len(server.token_requests) == 2

    async def _at_once(self, call: Call, request: Any, server: AuthorizationServer, settings: Any) -> list[int]:
        statuses: list[int] = []
        async with call.library.AsyncClient(**settings) as api:
            api.auth = call.auth(request, server.token_endpoint, client=api)
            await api.auth.async_source.token()
            server.revoke_all()

            async def get() -> None:
                statuses.append((await api.get(server.resource_url)).status_code)

            async with anyio.create_task_group() as group:
                for _ in range(EVERY_CALL):
                    group.start_soon(get)
        return statuses

    @each_httpx_call
    def test_a_short_response_keeps_its_connection(self, call: Call) -> None:
        """The second attempt is sent on it."""
        connections: list[str] = []

        def trace(event: str, info: Any) -> None:
            if event.endswith("connect_tcp.started"):
                connections.append(event)

        async def async_trace(event: str, info: Any) -> None:
            trace(event, info)

        with serve(TOKEN, SECOND) as script, serve(REJECTED, DONE, keep_alive=True) as api:
            given = {"trace": trace if call.backend is None else async_trace}
            assert call.get(auth_for(call, script), api.url, extensions=given) == [200]
            assert len(api.asked) == 2
        assert len(connections) == 1

    @each_httpx_call
    def test_an_endless_response_is_not_read(self, call: Call) -> None:
        """Its connection ends after 64 KiB."""
        with serve(TOKEN, SECOND) as script, serve(Answer(401, chunks=(b"x" * 65536,) * 2000), DONE) as api:
            assert streamed(call, auth_for(call, script), api.url) == [b"", b"done"]
            assert api.sent_bytes < 32 * 2**20

    @each_httpx_call
    def test_a_decompression_bomb_is_not_decoded(self, call: Call) -> None:
        """A streamed call holds no more memory than its own response."""
        steps = [Answer(401, (("Content-Encoding", "gzip"),), (bomb(),)), DONE]
        with serve(TOKEN, SECOND) as script, serve(*steps) as api:
            tracemalloc.start()
            try:
                assert streamed(call, auth_for(call, script), api.url) == [b"", b"done"]
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
        assert peak < 16 * 2**20

    @each_httpx_call
    @pytest.mark.parametrize("pause", [0.02, 60], ids=["dripping", "silent"])
    def test_a_slow_response_is_not_waited_for(self, call: Call, pause: float) -> None:
        """The timeout of the call is much longer."""
        started = time.monotonic()
        with serve(TOKEN, SECOND) as script, serve(Answer(401, chunks=(b" ",) * 1000, pause=pause), DONE) as api:
            assert streamed(call, auth_for(call, script), api.url, timeout=60) == [b"", b"done"]
            assert elapsed_since(started) < 10

    @each_httpx_call
    def test_a_response_that_is_broken_off_costs_no_call(self, call: Call) -> None:
        """The length that it promises does not come."""
        broken = Answer(401, (("Content-Encoding", "gzip"), ("Content-Length", "1000")), (b"no",))
        with serve(TOKEN, SECOND) as script, serve(broken, DONE) as api:
            assert streamed(call, auth_for(call, script), api.url) == [b"", b"done"]

    @each_httpx_call
    def test_the_response_is_readable_if_the_call_is_not_repeated(
        self, call: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The source says that a new token would not help."""
        with serve(TOKEN) as script, serve(REJECTED) as api:
            auth = auth_for(call, script)
            if call.backend is None:
                monkeypatch.setattr(auth.source, "discard", lambda token, **named: False)
            else:

                async def keep(token: Any, **named: Any) -> bool:
                    return False

                monkeypatch.setattr(auth.async_source, "discard", keep)
            assert streamed(call, auth, api.url) == [b"no"]
            assert len(api.asked) == 1

    @each_httpx_call
    def test_a_response_hook_that_raises_for_status_hides_no_rejection(self, call: Call) -> None:
        """The call fails, and the next one has a new token."""

        def check(response: Any) -> None:
            response.raise_for_status()

        async def async_check(response: Any) -> None:
            check(response)

        hooks = {"response": [check if call.backend is None else async_check]}
        with serve(TOKEN, SECOND) as script, serve(REJECTED, DONE) as api:
            auth = auth_for(call, script)
            with pytest.raises(call.library.HTTPStatusError, match="401"):
                streamed(call, auth, api.url, event_hooks=hooks)
            assert streamed(call, auth, api.url, event_hooks=hooks) == [b"done"]
            assert tokens(api) == ["tok-1", "tok-2"]

    @each_httpx_call
    def test_a_response_hook_that_raises_on_another_status_costs_no_token(self, call: Call) -> None:
        """The token is good."""

        def check(response: Any) -> None:
            response.raise_for_status()

        async def async_check(response: Any) -> None:
            check(response)

        hooks = {"response": [check if call.backend is None else async_check]}
        with serve(TOKEN, SECOND) as script, serve(Answer(500), DONE) as api:
            auth = auth_for(call, script)
            with pytest.raises(call.library.HTTPStatusError, match="500"):
                streamed(call, auth, api.url, event_hooks=hooks)
            assert streamed(call, auth, api.url, event_hooks=hooks) == [b"done"]
            assert tokens(api) == ["tok-1", "tok-1"]


class TestEvents:
    """What is reported about a rejected call."""

    @each_httpx_call
    def test_the_events_of_a_rejected_token_name_the_api(self, call: Call) -> None:
        """They have the origin of the API."""
        events: list[Event] = []
        lacking = Answer(403, (("WWW-Authenticate", 'Bearer error="insufficient_scope", scope="admin"'),))
        with serve(TOKEN, SECOND) as script, serve(REJECTED, lacking) as api:
            auth = auth_for(call, script, options=Options(on_event=events.append))
            assert streamed(call, auth, api.url) == [b"", b""]
            found = {
                type(event): event.api for event in events if isinstance(event, TokenDiscarded | ScopeInsufficient)
            }
            assert found == {TokenDiscarded: api.url, ScopeInsufficient: api.url}


class TestRedirects:
    """A response to a hop that carried no token says nothing about it."""

    @each_httpx_call
    @each_request
    def test_a_401_after_a_redirect_away_and_back_discards_no_token(self, call: Call, request_: Any) -> None:
        """The stranger chose the URL of the last hop, so it carries no token."""
        with serve(TOKEN, SECOND) as script, serve(DONE) as api, serve(DONE) as stranger:
            api.steps = [away(f"{stranger.url}/there"), REJECTED] * 3
            stranger.steps = [away(f"{api.url}/back")]
            assert call.get(auth_for(call, script, request_), *[api.url] * 3) == [401] * 3
            assert tokens(api) == ["tok-1", None] * 3
            assert tokens(stranger) == [None] * 3
            assert len(script.asked) == 1

    @each_httpx_call
    @each_request
    def test_an_error_after_a_redirect_away_and_back_discards_no_token(self, call: Call, request_: Any) -> None:
        """A response hook raises for the 401, and the request of that hop seems to have the token."""

        def check(response: Any) -> None:
            if response.status_code == 401:
                response.raise_for_status()

        async def async_check(response: Any) -> None:
            check(response)

        hooks = {"response": [check if call.backend is None else async_check]}
        with serve(TOKEN, SECOND) as script, serve(DONE) as api, serve(DONE) as stranger:
            api.steps = [away(f"{stranger.url}/there"), REJECTED, DONE]
            stranger.steps = [away(f"{api.url}/back")]
            auth = auth_for(call, script, request_)
            with pytest.raises(call.library.HTTPStatusError, match="401"):
                streamed(call, auth, api.url, event_hooks=hooks, follow_redirects=True)
            assert streamed(call, auth, api.url, event_hooks=hooks) == [b"done"]
            assert tokens(api) == ["tok-1", None, "tok-1"]

    @each_httpx_call
    @each_request
    @pytest.mark.parametrize("status", [302, 308])
    def test_the_token_goes_along_between_two_named_origins(self, call: Call, request_: Any, status: int) -> None:
        """The redirect back carries it too."""
        with serve(TOKEN) as script, serve(DONE) as api, serve(DONE) as other:
            api.steps = [away(f"{other.url}/there", status), DONE]
            other.steps = [away(f"{api.url}/back", status)]
            auth = auth_for(call, script, request_, origins=[api.url, other.url])
            assert call.get(auth, api.url) == [200]
            assert (tokens(api), tokens(other)) == (["tok-1", "tok-1"], ["tok-1"])
            assert len(script.asked) == 1

    @each_httpx_call
    @each_request
    def test_a_401_of_another_named_origin_renews_the_token_once(self, call: Call, request_: Any) -> None:
        """The second attempt follows the redirect again."""
        with serve(TOKEN, SECOND) as script, serve(REJECTED, DONE) as other:
            with serve(away(f"{other.url}/there")) as api:
                auth = auth_for(call, script, request_, origins=[api.url, other.url])
                assert call.get(auth, api.url) == [200]
                assert (tokens(api), tokens(other)) == (["tok-1", "tok-2"], ["tok-1", "tok-2"])
            assert len(script.asked) == 2

    @each_httpx_call
    @each_request
    def test_a_stranger_between_two_named_origins_receives_nothing(self, call: Call, request_: Any) -> None:
        """The origin that it redirects to receives nothing either."""
        with serve(TOKEN) as script, serve(REJECTED) as other:
            with serve(away(f"{other.url}/there")) as stranger, serve(away(stranger.url)) as api:
                auth = auth_for(call, script, request_, origins=[api.url, other.url])
                assert call.get(auth, api.url) == [401]
                assert (tokens(api), tokens(stranger), tokens(other)) == (["tok-1"], [None], [None])
            assert len(script.asked) == 1
