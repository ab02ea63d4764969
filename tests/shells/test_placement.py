"""
A token in a header that its dialect names, on each HTTP library, against real servers.
"""

import contextlib
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests

from oauth_cc import ClientCredentials, Dialect, Placement, TokenRequest, token_request
from oauth_cc.stores.file import FileStore
from tests.leaks import shown_by
from tests.shells.calling import CALLS, Auth, Call, name
from tests.shells.scripted import TOKEN, Answer, Drop, ScriptedServer, Step, serve

PLACEMENTS = [
    Placement("X-Shopify-Access-Token", None),
    Placement("x-amz-access-token", None),
    Placement("Authorization", "OAuth"),
    Placement("WM_SEC.ACCESS_TOKEN", None),
]
SHOPIFY = PLACEMENTS[0]

SECOND = Answer(chunks=(b'{"access_token": "tok-2", "token_type": "Bearer", "expires_in": 3600}',))
DONE = Answer(chunks=(b"done",))
REJECTED = Answer(401, chunks=(b"no",))
WITHIN = Answer(307, (("Location", "/there"),))

# The first two lead to the stranger. The libraries differ in what they make of a backslash.
LOCATIONS = [
    "//{stranger}/there",
    "http://{api}@{stranger}/there",
    "http://{api}%40{stranger}/there",
    "http://{api}\\@{stranger}/there",
    "http:\\\\{stranger}/there",
    "/\\{stranger}/there",
]

BROKEN = (httpx.TransportError, httpx2.TransportError, requests.ConnectionError, aiohttp.ClientError)

# What a library raises for a redirect that it does not follow.
NOT_FOLLOWED = (httpx.HTTPError, httpx.InvalidURL, httpx2.HTTPError, httpx2.InvalidURL, aiohttp.ClientError, ValueError)

each_call = pytest.mark.parametrize("call", CALLS, ids=name)
each_httpx_call = pytest.mark.parametrize("call", [call for call in CALLS if call.is_httpx], ids=name)
each_placement = pytest.mark.parametrize("placement", PLACEMENTS, ids=lambda placement: placement.header)
a_placement_of_each_kind = pytest.mark.parametrize("placement", PLACEMENTS[1:3], ids=lambda placement: placement.header)


def request_for(placement: Placement) -> TokenRequest:
    """Return a request for tokens with *placement*."""
    return token_request(ClientCredentials("id", "s3cret-of-client")).with_dialect(Dialect(placement=placement))


def auth_for(call: Call, placement: Placement, script: ScriptedServer, **options: Any) -> Auth:
    """Return an auth for tokens of *script* with *placement*."""
    return call.auth(request_for(placement), f"{script.url}/token", **options)


def value(placement: Placement, token: str) -> str:
    """Return the value of the header that carries *token*."""
    return token if placement.scheme is None else f"{placement.scheme} {token}"


def carried(script: ScriptedServer, header: str) -> list[str | None]:
    """Return the value of *header* in each request to *script*."""
    fields = [{field.lower(): text for field, text in asked.headers.items()} for asked in script.asked]
    return [each.get(header.lower()) for each in fields]


def away(target: str, status: int = 302) -> Answer:
    """Return a redirect to *target*."""
    return Answer(status, (("Location", target),))


def saw_no_token(stranger: ScriptedServer) -> bool:
    """Return whether no request to *stranger* holds a token in any header."""
    return "tok-" not in repr(stranger.asked)


class TestHeader:
    """The header that carries the token."""

    @each_call
    @each_placement
    def test_the_api_receives_the_token_in_the_placed_header(self, call: Call, placement: Placement) -> None:
        """The Authorization header of the caller stays where the placement is another header."""
        with serve(TOKEN) as script, serve(DONE) as api:
            auth = auth_for(call, placement, script)
            assert call.get(auth, api.url, headers={"Authorization": "Basic other"}) == [200]
            assert carried(api, placement.header) == [value(placement, "tok-1")]
            others = value(placement, "tok-1") if placement.header == "Authorization" else "Basic other"
            assert carried(api, "Authorization") == [others]

    @each_call
    @each_placement
    def test_a_token_found_in_a_store_goes_into_the_same_header(
        self, call: Call, placement: Placement, tmp_path: Path
    ) -> None:
        """The auth that finds the token takes the placement from its own request."""
        with serve(TOKEN) as script, serve(DONE) as api:
            for _ in range(2):
                call.get(auth_for(call, placement, script, store=FileStore(tmp_path)), api.url)
            assert carried(api, placement.header) == [value(placement, "tok-1")] * 2
            assert carried(api, "Authorization") == carried(api, "Authorization")[:1] * 2
            assert len(script.asked) == 1

    def test_another_process_finds_the_token_and_its_header(self, tmp_path: Path) -> None:
        """The two processes share a file and nothing else."""
        program = (
            "import sys, requests, oauth_cc.requests\n"
            "from oauth_cc import ClientCredentials, Dialect, Placement, token_request\n"
            "from oauth_cc.stores.file import FileStore\n"
            "folder, endpoint, api = sys.argv[1:]\n"
            "dialect = Dialect(placement=Placement('X-Shopify-Access-Token', None))\n"
            "request = token_request(ClientCredentials('id', 's3cret-of-client')).with_dialect(dialect)\n"
            "auth = oauth_cc.requests.ClientCredentialsAuth(request, endpoint, store=FileStore(folder))\n"
            "requests.get(api, auth=auth, timeout=9).raise_for_status()\n"
        )
        with serve(TOKEN) as script, serve(DONE) as api:
            for _ in range(2):
                arguments = (str(tmp_path), f"{script.url}/token", api.url)
                subprocess.run([sys.executable, "-c", program, *arguments], check=True)
            assert carried(api, SHOPIFY.header) == ["tok-1", "tok-1"]
            assert len(script.asked) == 1

    @each_call
    @a_placement_of_each_kind
    def test_a_rejected_token_is_replaced_once_in_the_same_header(self, call: Call, placement: Placement) -> None:
        """The call succeeds with the new token."""
        with serve(TOKEN, SECOND) as script, serve(DONE, REJECTED, DONE) as api:
            assert call.get(auth_for(call, placement, script), api.url, api.url) == [200, 200]
            expected = [value(placement, token) for token in ("tok-1", "tok-1", "tok-2")]
            assert carried(api, placement.header) == expected
            assert len(script.asked) == 2

    @each_call
    def test_a_call_to_another_origin_carries_no_token(self, call: Call) -> None:
        """The first call sets the origin."""
        with serve(TOKEN) as script, serve(DONE) as api, serve(REJECTED) as stranger:
            assert call.get(auth_for(call, SHOPIFY, script), api.url, stranger.url) == [200, 401]
            assert carried(api, SHOPIFY.header) == ["tok-1"]
            assert saw_no_token(stranger)

    @each_call
    def test_logs_and_reprs_show_no_token(self, call: Call, caplog: pytest.LogCaptureFixture) -> None:
        """The log level of every logger is DEBUG."""
        caplog.set_level(logging.DEBUG)
        with serve(TOKEN, SECOND) as script, serve(DONE, REJECTED, DONE) as api, serve(DONE) as stranger:
            api.steps.append(away(stranger.url))
            auth = auth_for(call, SHOPIFY, script)
            call.get(auth, *[api.url] * 3)
            assert len(stranger.asked) == 1
        shown = f"{caplog.text}{auth!r}{vars(auth)!r}"
        assert "token obtained for client id" in shown
        assert "tok-" not in shown
        assert "s3cret" not in shown

    @each_call
    def test_an_error_of_a_call_shows_no_token(self, call: Call) -> None:
        """Frames of requests are left out, since urllib3 holds the headers of every call in them."""
        with serve(TOKEN) as script, serve(Drop) as api:
            with pytest.raises(BROKEN) as caught:
                call.get(auth_for(call, SHOPIFY, script), api.url)
            assert carried(api, SHOPIFY.header)[0] == "tok-1"
        shown = f"{caught.value!r}{vars(caught.value)!r}" if call.library is requests else shown_by(caught.value)
        assert "tok-1" not in shown

    def test_the_error_for_a_status_on_aiohttp_shows_no_token(self) -> None:
        """Its request_info has the headers of the call."""
        (call,) = [call for call in CALLS if call.library is aiohttp]
        with serve(TOKEN) as script, serve(Answer(404)) as api:
            with pytest.raises(aiohttp.ClientResponseError) as caught:
                call.get(auth_for(call, SHOPIFY, script), api.url, raise_for_status=True, headers={"X-Own": "mine"})
            assert carried(api, SHOPIFY.header) == ["tok-1"]
        assert caught.value.request_info.headers["X-Own"] == "mine"
        assert "tok-1" not in shown_by(caught.value)


class TestRedirects:
    """The header on the hops of a call."""

    @each_call
    @each_placement
    def test_a_redirect_to_another_origin_and_back_carries_nothing_to_the_stranger(
        self, call: Call, placement: Placement
    ) -> None:
        """Two calls, of which the second one finds connections in the pool."""
        with serve(TOKEN) as script, serve(DONE, keep_alive=True) as api, serve(DONE, keep_alive=True) as stranger:
            api.steps = [away(f"{stranger.url}/there"), DONE] * 2
            stranger.steps = [away(f"{api.url}/back")]
            assert call.get(auth_for(call, placement, script), api.url, api.url) == [200, 200]
            assert [asked.path for asked in api.asked] == ["/", "/back"] * 2
            assert carried(api, placement.header)[::2] == [value(placement, "tok-1")] * 2
            assert [asked.path for asked in stranger.asked] == ["/there"] * 2
            assert saw_no_token(stranger)

    @each_call
    def test_no_form_of_a_location_takes_the_token_to_a_stranger(self, call: Call) -> None:
        """Each library resolves a Location in its own way."""
        with serve(TOKEN) as script, serve(DONE) as stranger, serve(DONE) as api:
            hosts = {"api": api.url.removeprefix("http://"), "stranger": stranger.url.removeprefix("http://")}
            auth = auth_for(call, SHOPIFY, script)
            for location in LOCATIONS:
                api.steps = [*[DONE] * len(api.asked), away(location.format(**hosts)), DONE]
                with contextlib.suppress(*NOT_FOLLOWED):
                    call.get(auth, api.url)
                assert saw_no_token(stranger), location
            assert carried(api, SHOPIFY.header).count("tok-1") >= len(LOCATIONS)
            assert len(stranger.asked) >= 2

    def test_requests_reaches_the_host_behind_a_quoted_backslash(self) -> None:
        """A reader that ends the host at the backslash would take the stranger for the API."""
        (call,) = [call for call in CALLS if call.library is requests]
        with serve(TOKEN) as script, serve(DONE) as stranger, serve(DONE) as api:
            target = f"{api.url}\\@{stranger.url.removeprefix('http://')}/there"
            api.steps = [away(target)]
            assert call.get(auth_for(call, SHOPIFY, script), api.url) == [200]
            assert [asked.path for asked in stranger.asked] == ["/there"]
            assert saw_no_token(stranger)

    @each_call
    @each_placement
    def test_a_redirect_within_the_origin_keeps_the_token(self, call: Call, placement: Placement) -> None:
        """Every call to that origin carries it."""
        with serve(TOKEN) as script, serve(WITHIN, DONE) as api:
            assert call.get(auth_for(call, placement, script), api.url) == [200]
            assert carried(api, placement.header) == [value(placement, "tok-1")] * 2

    @each_call
    @a_placement_of_each_kind
    def test_a_401_after_a_redirect_within_the_origin_renews_the_token_once(
        self, call: Call, placement: Placement
    ) -> None:
        """The library repeats the call or its last hop."""
        with serve(TOKEN, SECOND) as script, serve(WITHIN, REJECTED, DONE) as api:
            assert call.get(auth_for(call, placement, script), api.url) == [200]
            assert carried(api, placement.header)[-1] == value(placement, "tok-2")
            assert len(api.asked) == 3
            assert len(script.asked) == 2

    @each_call
    @a_placement_of_each_kind
    def test_a_repeated_call_that_is_redirected_carries_nothing_to_the_stranger(
        self, call: Call, placement: Placement
    ) -> None:
        """The API rejects the first token and redirects the call with the second one."""
        with serve(TOKEN, SECOND) as script, serve(REJECTED) as stranger:
            with serve(REJECTED, away(f"{stranger.url}/there")) as api:
                assert call.get(auth_for(call, placement, script), api.url) == [401]
                assert carried(api, placement.header) == [value(placement, token) for token in ("tok-1", "tok-2")]
            assert len(stranger.asked) == 1
            assert saw_no_token(stranger)
            assert len(script.asked) == 2

    @each_call
    def test_a_redirect_to_another_named_origin_is_not_a_stranger(self, call: Call) -> None:
        """A placed token goes to each origin that it is meant for."""
        with serve(TOKEN) as script, serve(DONE) as other, serve(away(f"{other.url}/there", 308)) as api:
            auth = auth_for(call, SHOPIFY, script, origins=[api.url, other.url])
            assert call.get(auth, api.url) == [200]
            assert carried(other, SHOPIFY.header) == ["tok-1"]

    @each_call
    def test_authorization_of_the_caller_does_not_go_along_to_another_named_origin(self, call: Call) -> None:
        """The placed token does. Authorization is for the origin that the caller named with it."""
        with serve(TOKEN) as script, serve(DONE) as other:
            there = other.url.replace("127.0.0.1", "localhost")
            with serve(away(f"{there}/there")) as api:
                auth = auth_for(call, SHOPIFY, script, origins=[api.url, there])
                assert call.get(auth, api.url, headers={"Authorization": "Basic own"}) == [200]
                assert (carried(api, "Authorization"), carried(other, "Authorization")) == (["Basic own"], [None])
                assert carried(other, SHOPIFY.header) == ["tok-1"]

    @each_call
    def test_a_stranger_behind_the_same_proxy_receives_no_token(self, call: Call) -> None:
        """A proxy gets whole URLs; their paths may have any character."""
        url = "http://127.0.0.1:1/a|b?c={d}&e=" + "f" * 9000
        steps: list[Step] = [away("http://127.0.0.1:2/there"), away("http://127.0.0.1:1/back"), DONE]
        with serve(TOKEN) as script, serve(*steps, keep_alive=True) as proxy:
            auth = auth_for(call, SHOPIFY, script)
            assert call.get(auth, url, proxy=proxy.url) == [200]
            assert [asked.path.split("/")[2] for asked in proxy.asked] == ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:1"]
            assert carried(proxy, SHOPIFY.header)[:2] == ["tok-1", None]

    @pytest.mark.parametrize("call", [call for call in CALLS if call.library is not aiohttp], ids=name)
    def test_a_host_that_no_origin_has_receives_no_token(self, call: Call) -> None:
        """The guard raises no error of its own."""
        with serve(TOKEN) as script, serve(away("http://-odd-/there"), REJECTED) as proxy:
            assert call.get(auth_for(call, SHOPIFY, script), "http://127.0.0.1:1/", proxy=proxy.url) == [401]
            assert carried(proxy, SHOPIFY.header) == ["tok-1", None]
            assert len(script.asked) == 1

    @each_httpx_call
    def test_a_redirect_followed_by_hand_carries_nothing_to_the_stranger(self, call: Call) -> None:
        """The library composed the request of the next hop, header included."""
        with serve(TOKEN) as script, serve(DONE) as stranger, serve(away(f"{stranger.url}/there")) as api:
            call.follow_by_hand(auth_for(call, SHOPIFY, script), api.url)
            assert carried(api, SHOPIFY.header) == ["tok-1"]
            assert len(stranger.asked) == 1
            assert saw_no_token(stranger)

    @each_httpx_call
    def test_a_trace_function_of_the_user_is_still_called(self, call: Call) -> None:
        """With every event of every hop, after the guard."""
        seen: list[tuple[str, bool]] = []

        def trace(event: str, info: dict[str, Any]) -> None:
            if event.endswith("send_request_headers.started"):
                seen.append((event, b"tok-1" in dict(info["request"].headers).values()))

        async def async_trace(event: str, info: dict[str, Any]) -> None:
            trace(event, info)

        given = {"trace": trace if call.backend is None else async_trace, "timeout": {"read": 9}}
        with serve(TOKEN) as script, serve(DONE) as stranger, serve(away(f"{stranger.url}/there")) as api:
            call.get(auth_for(call, SHOPIFY, script), api.url, extensions=given)
            assert seen == [("http11.send_request_headers.started", with_token) for with_token in (True, False)]
            assert saw_no_token(stranger)
        assert given == {"trace": trace if call.backend is None else async_trace, "timeout": {"read": 9}}

    @each_httpx_call
    def test_a_request_sent_again_with_another_auth_is_guarded_for_both(self, call: Call) -> None:
        """The header of the first auth is still on the request."""
        amazon = PLACEMENTS[1]
        with serve(TOKEN) as script, serve(SECOND) as others, serve(DONE) as stranger:
            with serve(DONE, away(f"{stranger.url}/there")) as api:
                call.send_twice(api.url, auth_for(call, SHOPIFY, script), auth_for(call, amazon, others))
                assert carried(api, SHOPIFY.header) == ["tok-1", "tok-1"]
                assert carried(api, amazon.header) == [None, "tok-2"]
            assert len(stranger.asked) == 1
            assert saw_no_token(stranger)
