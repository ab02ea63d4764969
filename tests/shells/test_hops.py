"""
The token on the hops of a call, and on a request that is sent again, on requests and aiohttp.
"""

from pathlib import Path

import aiohttp
import pytest
import requests

from oauth_cc import ClientCredentials, Scope, token_request
from oauth_cc.requests import ClientCredentialsAuth
from tests.shells.calling import CALLS, Call, name
from tests.shells.scripted import TOKEN, Answer, ScriptedServer, serve

REQUEST = token_request(ClientCredentials("id", "s3cret"))
SECOND = Answer(chunks=(b'{"access_token": "tok-2", "token_type": "Bearer", "expires_in": 3600}',))
THIRD = Answer(chunks=(b'{"access_token": "tok-3", "token_type": "Bearer", "expires_in": 3600}',))
DONE = Answer(chunks=(b"done",))
REJECTED = Answer(401, (("WWW-Authenticate", 'Bearer error="invalid_token"'),), (b"no",))

each_call = pytest.mark.parametrize("call", [call for call in CALLS if call.library in (requests, aiohttp)], ids=name)


def away(url: str, status: int = 307) -> Answer:
    """Return a redirect to *url*."""
    return Answer(status, (("Location", url),))


def by_name(server: ScriptedServer) -> str:
    """Return the URL of *server* with another host name."""
    return server.url.replace("127.0.0.1", "localhost")


def carried(server: ScriptedServer) -> list[str | None]:
    """Return the Authorization header of each request to *server*."""
    return [asked.headers.get("Authorization") for asked in server.asked]


@each_call
def test_a_redirect_away_and_back_carries_no_token_back(call: Call) -> None:
    """A 401 of the last hop says nothing about the token, and the next call has it again."""
    with serve(TOKEN, SECOND) as script, serve(DONE) as api, serve(DONE) as stranger:
        api.steps = [away(f"{stranger.url}/there"), REJECTED, DONE]
        stranger.steps = [away(f"{api.url}/back")]
        auth = call.auth(REQUEST, f"{script.url}/token")
        assert call.get(auth, api.url, api.url) == [401, 200]
        assert carried(api) == ["Bearer tok-1", None, "Bearer tok-1"]
        assert carried(stranger) == [None]
        assert len(script.asked) == 1


@each_call
def test_the_token_goes_along_between_two_named_origins(call: Call) -> None:
    """The redirects lead to another host name and back, and to a third one, which gets no token."""
    with serve(TOKEN) as script, serve(DONE) as api, serve(DONE) as other, serve(DONE) as stranger:
        there = by_name(other)
        api.steps = [away(f"{there}/1"), away(f"{there}/3"), DONE]
        other.steps = [away(f"{api.url}/2"), away(f"{stranger.url}/4")]
        auth = call.auth(REQUEST, f"{script.url}/token", origins=[api.url, there])
        assert call.get(auth, api.url, api.url) == [200, 200]
        assert carried(api) == ["Bearer tok-1"] * 3
        assert carried(other) == ["Bearer tok-1"] * 2
        assert carried(stranger) == [None]


@each_call
def test_a_rejection_by_another_named_origin_renews_the_token(call: Call) -> None:
    """The hop is repeated with the new token."""
    with serve(TOKEN, SECOND) as script, serve(REJECTED, DONE) as other, serve(away(f"{by_name(other)}/there")) as api:
        auth = call.auth(REQUEST, f"{script.url}/token", origins=[api.url, by_name(other)])
        assert call.get(auth, api.url) == [200]
        assert carried(other) == ["Bearer tok-1", "Bearer tok-2"]


@each_call
@pytest.mark.parametrize("is_first", [True, False])
def test_the_token_of_a_resource_goes_to_the_origin_of_the_resource_only(call: Call, is_first: bool) -> None:
    """The auth that it was made of keeps its own origin, and neither auth sends its token to the other's."""
    with serve(TOKEN, SECOND) as script, serve(DONE) as api, serve(DONE) as other:
        auth = call.auth(REQUEST, f"{script.url}/token")
        special = auth.with_resource(f"{other.url}/base")
        if is_first:
            call.get(special, api.url, other.url)
            call.get(auth, api.url, other.url)
            assert (carried(api), carried(other)) == ([None, "Bearer tok-2"], ["Bearer tok-1", None])
        else:
            call.get(auth, api.url)
            call.get(special.with_scope(Scope.of("read")), api.url, other.url)
            call.get(auth, other.url, api.url)
            assert carried(api) == ["Bearer tok-1", None, "Bearer tok-1"]
            assert carried(other) == ["Bearer tok-2", None]


def test_the_url_that_a_session_follows_decides() -> None:
    """A session may read a Location in its own way."""
    with serve(TOKEN) as script, serve(DONE) as other, serve(away(by_name(other))) as api, serve(DONE) as stranger:

        class Session(requests.Session):
            def get_redirect_target(self, resp: requests.Response) -> str | None:
                return by_name(stranger) if super().get_redirect_target(resp) else None

        with Session() as session:
            session.auth = ClientCredentialsAuth(REQUEST, f"{script.url}/token", origins=[api.url, by_name(other)])
            session.get(api.url)
        assert carried(stranger) == [None]


def test_netrc_does_not_replace_the_token_on_a_hop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not replace the token of the first request either."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login someone password else\n", "ascii")
    monkeypatch.setenv("NETRC", str(netrc))
    with (
        serve(TOKEN) as script,
        serve(DONE) as other,
        serve(away(by_name(other))) as api,
        requests.Session() as session,
    ):
        session.auth = ClientCredentialsAuth(REQUEST, f"{script.url}/token", origins=[api.url, by_name(other)])
        session.get(api.url)
        assert carried(other) == ["Bearer tok-1"]


def test_a_prepared_request_is_renewed_at_each_sending() -> None:
    """Once for each, and its copies too."""
    api_steps = (REJECTED, DONE, REJECTED, DONE, REJECTED)
    with serve(TOKEN, SECOND, THIRD) as script, requests.Session() as session, serve(*api_steps) as api:
        auth = ClientCredentialsAuth(REQUEST, f"{script.url}/token")
        prepared = session.prepare_request(requests.Request("GET", api.url, auth=auth))
        assert session.send(prepared).status_code == 200
        # The token of its headers was renewed meanwhile, so it is replaced and the call repeated.
        auth.source.discard(auth.source.token())
        assert session.send(prepared.copy()).status_code == 200
        assert session.send(prepared).status_code == 401
        assert len(api.asked) == 6
