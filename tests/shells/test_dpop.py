"""
DPoP on every HTTP library: a proof for each request, which the test server's verifier checks (RFC 9449).
"""

import io
import json
import logging
import time
import traceback
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import attrs
import httpx
import httpx2
import pytest
import requests
from joserfc.jwk import ECKey

import oauth_cc.aiohttp
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import ClientCredentials, Options, SigningKey, errors, token_request
from oauth_cc.events import Event, ProofAlgorithmUnsupported
from oauth_cc.jose import key_from_file, new_key
from oauth_cc.stores.file import FileStore
from oauth_cc.testing import AuthorizationServer, RegisteredClient
from oauth_cc.testing._dpop import ProofVerifier
from oauth_cc.testing._messages import Call as Received
from oauth_cc.testing._messages import joined
from tests.shells.calling import CALLS, Call, name
from tests.shells.scripted import Answer, Asked, Drop, ScriptedServer, serve

KEY = new_key()
REQUEST = token_request(ClientCredentials("your_id", "s3cret")).with_dpop(KEY)
DONE = Answer(chunks=(b"done",))
REJECTED = Answer(401, (("WWW-Authenticate", 'DPoP error="invalid_token"'),), (b"no",))
PROOF_REJECTED = Answer(401, (("WWW-Authenticate", 'DPoP error="invalid_dpop_proof"'),), (b"no",))

each_call = pytest.mark.parametrize("call", CALLS, ids=name)


def bound(number: int) -> Answer:
    """Return a token response with a bound token."""
    return Answer(chunks=(b'{"access_token": "tok-%d", "token_type": "DPoP", "expires_in": 3600}' % number,))


def demand(nonce: str) -> Answer:
    """Return the response of an API that requires *nonce* in the proof."""
    return Answer(401, (("WWW-Authenticate", 'DPoP error="use_dpop_nonce"'), ("DPoP-Nonce", nonce)), (b"no",))


def claims(asked: Asked) -> dict[str, Any]:
    """Return the claims of the proof of a request."""
    payload = asked.headers["DPoP"].split(".")[1]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def verified(server: ScriptedServer, number: int = 1) -> list[str | None]:
    """Return the thumbprint of the proof of each request to *server*. All are checked as section 4.3 says."""
    token = f"tok-{number}"
    verifier = ProofVerifier(server.url, time.time, None)
    received = [
        Received(each.method, each.path.partition("?")[0], joined(each.headers.items())) for each in server.asked
    ]
    assert {each.headers["Authorization"] for each in server.asked} == {f"DPoP {token}"}
    return [verifier.thumbprint(each, token) for each in received]


def nonces(server: ScriptedServer) -> list[str | None]:
    """Return the nonce of the proof of each request to *server*."""
    return [claims(asked).get("nonce") for asked in server.asked]


@each_call
def test_every_call_has_a_proof_of_its_own(call: Call) -> None:
    """Their URLs differ, and the proof leaves the query out."""
    with serve(bound(1)) as script, serve(DONE) as api:
        auth = call.auth(REQUEST, f"{script.url}/token")
        assert call.get(auth, f"{api.url}/a?b=c", f"{api.url}/%7Ejo/a%2fb", api.url) == [200, 200, 200]
        assert verified(api) == [KEY.jkt] * 3
        assert [claims(each)["htu"] for each in api.asked] == [f"{api.url}/a", f"{api.url}/~jo/a%2Fb", f"{api.url}/"]
        assert "ath" not in claims(script.asked[0])
        assert claims(script.asked[0])["htu"] == f"{script.url}/token"


@each_call
def test_each_redirect_within_the_origin_has_a_proof_for_its_url(call: Call) -> None:
    """The server sees it, and it sees a new token after the redirect, too."""
    with serve(bound(1)) as script, serve(DONE) as api:
        api.steps = [
            Answer(302, (("Location", "/second?page=2"), ("DPoP-Nonce", "n-1"))),
            Answer(307, (("Location", "third"),)),
            DONE,
        ]
        auth = call.auth(REQUEST, f"{script.url}/token")
        assert call.get(auth, f"{api.url}/first") == [200]
        assert verified(api) == [KEY.jkt] * 3
        assert [claims(each)["htu"] for each in api.asked] == [
            f"{api.url}/{path}" for path in ("first", "second", "third")
        ]
        assert call.get(auth, api.url) == [200]
        assert nonces(api)[-1] == "n-1"


@each_call
def test_a_call_with_a_new_token_gets_the_nonce_that_the_api_then_demands(call: Call) -> None:
    """The API rejects the first token, and the proof of the second one for lack of a nonce."""
    with serve(bound(1), bound(2)) as script, serve(REJECTED, demand("n-1"), DONE) as api:
        assert call.get(call.auth(REQUEST, f"{script.url}/token"), api.url) == [200]
        assert [each.headers["Authorization"] for each in api.asked] == ["DPoP tok-1", "DPoP tok-2", "DPoP tok-2"]
        assert nonces(api) == [None, None, "n-1"]
        assert len(script.asked) == 2


@each_call
def test_a_redirect_to_another_origin_carries_neither_token_nor_proof(call: Call) -> None:
    """The way back carries neither, and the nonce of the other origin is not kept."""
    with serve(bound(1)) as script, serve(DONE) as api, serve(DONE) as stranger:
        api.steps = [Answer(307, (("Location", f"{stranger.url}/there"),)), DONE, DONE]
        stranger.steps = [Answer(307, (("Location", f"{api.url}/back"), ("DPoP-Nonce", "theirs")))]
        auth = call.auth(REQUEST, f"{script.url}/token")
        assert call.get(auth, api.url, api.url) == [200, 200]
        assert [sorted({"Authorization", "DPoP"} & each.headers.keys()) for each in stranger.asked] == [[]]
        assert ["DPoP" in each.headers for each in api.asked] == [True, False, True]
        assert "nonce" not in claims(api.asked[-1])


@each_call
def test_two_named_origins_get_proofs_with_their_own_nonces(call: Call) -> None:
    """A nonce of one is sent to no other (section 9), nor to the token endpoint."""
    with serve(bound(1), bound(2)) as script, serve(DONE) as api, serve(DONE) as other:
        there = other.url.replace("127.0.0.1", "localhost")
        api.steps = [
            Answer(307, (("Location", f"{there}/1"), ("DPoP-Nonce", "a-1")), ()),
            Answer(200, (), (b"a",)),
            REJECTED,
            DONE,
        ]
        other.steps = [Answer(200, (("DPoP-Nonce", "b-1"),), (b"b",))]
        auth = call.auth(REQUEST, f"{script.url}/token", origins=[api.url, there])
        assert call.get(auth, api.url, api.url, there, api.url) == [200, 200, 200, 200]
        assert nonces(api) == [None, "a-1", "a-1", "a-1"]
        assert nonces(other) == [None, "b-1"]
        assert nonces(script) == [None, None]
        assert [each.headers["Authorization"] for each in other.asked] == ["DPoP tok-1"] * 2
        assert [claims(each)["htu"] for each in other.asked] == [f"{there}/1", f"{there}/"]


@each_call
def test_a_demanded_nonce_is_sent_with_the_same_token(call: Call) -> None:
    """Once for a call, and the newest nonce of any response is used from then on."""
    named = Answer(200, (("DPoP-Nonce", "n-2"),), (b"ok",))
    with serve(bound(1)) as script, serve(demand("n-1"), named, DONE) as api:
        auth = call.auth(REQUEST, f"{script.url}/token")
        assert call.get(auth, api.url, api.url) == [200, 200]
        assert nonces(api) == [None, "n-1", "n-2"]
        assert verified(api) == [KEY.jkt] * 3
        assert len(script.asked) == 1


@each_call
def test_an_api_that_keeps_asking_is_not_asked_for_ever(call: Call) -> None:
    """The caller gets the second response."""
    for api_steps in ([demand("same")], [demand("n-1"), demand("n-2"), demand("n-3")]):
        with serve(bound(1)) as script, serve(*api_steps) as api:
            assert call.get(call.auth(REQUEST, f"{script.url}/token"), api.url) == [401]
            assert len(api.asked) == 2
            assert len(script.asked) == 1


@each_call
def test_each_cause_costs_one_more_request_at_most(call: Call) -> None:
    """A nonce, a rejected token, and a wrong clock."""
    date = Answer(
        401,
        (("WWW-Authenticate", 'DPoP error="invalid_dpop_proof"'), ("Date", "Tue, 14 Nov 2023 22:23:20 GMT")),
        (b"no",),
    )
    ahead = Answer(
        401,
        (*date.headers[:1], ("Date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 600)))),
        (b"no",),
    )
    with serve(bound(1), bound(2)) as script, serve(demand("n-1"), REJECTED, ahead, DONE) as api:
        assert call.get(call.auth(REQUEST, f"{script.url}/token"), api.url, api.url) == [200, 200]
        tokens = [each.headers["Authorization"] for each in api.asked]
        assert tokens == ["DPoP tok-1"] * 2 + ["DPoP tok-2"] * 3
        assert nonces(api) == [None, "n-1", "n-1", "n-1", "n-1"]
        assert [round((claims(each)["iat"] - time.time()) / 600) for each in api.asked] == [0, 0, 0, 1, 1]
        assert len(script.asked) == 2
    with serve(bound(1)) as script, serve(date) as api:
        assert call.get(call.auth(REQUEST, f"{script.url}/token"), api.url) == [401]
        assert len(api.asked) == 1


@each_call
def test_an_algorithm_that_the_api_does_not_accept_is_reported(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    """The line names it and what the API accepts, and nothing else that the API says. The caller gets the response."""
    events: list[Event] = []
    refused = Answer(
        401, (("WWW-Authenticate", 'DPoP error="invalid_dpop_proof", algs="PS256 tok-1 EdDSA"'),), (b"no",)
    )
    with serve(bound(1)) as script, serve(refused) as api:
        auth = call.auth(REQUEST, f"{script.url}/token", options=Options(on_event=events.append))
        assert call.get(auth, api.url) == [401]
    (found,) = [event for event in events if isinstance(event, ProofAlgorithmUnsupported)]
    assert (found.algorithm, found.accepted, found.api) == ("ES256", ("PS256", "EdDSA"), api.url)
    assert f"the API {api.url} accepts PS256, EdDSA only; use a key for one of these" in caplog.text
    assert "tok-1" not in caplog.text


@each_call
def test_a_rejected_token_is_replaced_and_has_a_proof_by_the_same_key(call: Call) -> None:
    """The hash of the new token is in it."""
    with serve(bound(1), bound(2)) as script, serve(REJECTED, DONE) as api:
        assert call.get(call.auth(REQUEST, f"{script.url}/token"), api.url) == [200]
        assert claims(api.asked[0])["ath"] != claims(api.asked[1])["ath"]
        api.asked.pop(0)
        assert verified(api, 2) == [KEY.jkt]


@each_call
def test_a_redirect_after_a_repeated_call_has_the_new_token_and_a_proof(call: Call) -> None:
    """The API requires a nonce, rejects the token, and then redirects, first within its origin and then away."""
    with serve(bound(1), bound(2)) as script, serve(DONE) as stranger:
        away = Answer(307, (("Location", f"{stranger.url}/there"),))
        with serve(demand("n-1"), REJECTED, Answer(307, (("Location", "/second"),)), away) as api:
            assert call.get(call.auth(REQUEST, f"{script.url}/token"), api.url) == [200]
            assert [each.headers["Authorization"][-1] for each in api.asked] == ["1", "1", "2", "2"]
            del api.asked[:2]
            assert verified(api, 2) == [KEY.jkt] * 2
        assert [sorted({"Authorization", "DPoP"} & each.headers.keys()) for each in stranger.asked] == [[]]


@each_call
def test_no_log_line_shows_a_proof_or_the_token(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    """This holds for this library and the HTTP library, at any level."""
    with (
        caplog.at_level(logging.DEBUG),
        serve(bound(1), bound(2)) as script,
        serve(demand("n-1"), REJECTED, DONE) as api,
    ):
        assert call.get(call.auth(REQUEST, f"{script.url}/token"), api.url) == [200]
        proofs = [each.headers["DPoP"] for each in (*script.asked, *api.asked)]
    logged = "".join([f"{record.getMessage()}{vars(record)}" for record in caplog.records])
    for hidden in ("tok-1", "tok-2", *[part for proof in proofs for part in proof.split(".")]):
        assert hidden not in logged


@each_call
def test_no_local_variable_of_the_package_holds_a_proof_when_a_call_fails(call: Call) -> None:
    """Reports of errors show the local variables of each frame."""
    with serve(bound(1)) as script, serve(Drop) as api:
        with pytest.raises(
            (requests.RequestException, aiohttp.ClientError, httpx2.HTTPError, httpx.HTTPError)
        ) as caught:
            call.get(call.auth(REQUEST, f"{script.url}/token"), api.url)
        signatures = [each.headers["DPoP"].split(".")[2] for each in api.asked]
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    own = [frame for frame in shown.stack if str(Path(oauth_cc.aiohttp.__file__).parent) in frame.filename]
    assert not [frame.name for frame in own for signature in signatures if signature in str(frame.locals)]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_a_post_has_a_proof_for_the_method_that_follows(status: int) -> None:
    """It is GET or still POST, and the libraries decide."""
    with serve(bound(1)) as script, serve(Answer(status, (("Location", "/second"),)), DONE) as api:
        endpoint = f"{script.url}/token"
        with httpx2.Client(
            auth=oauth_cc.httpx2.ClientCredentialsAuth(REQUEST, endpoint), follow_redirects=True
        ) as client:
            assert client.post(f"{api.url}/first", content=b"a").status_code == 200
        first = list(api.asked)
        api.asked.clear()
        with requests.Session() as session:
            session.auth = oauth_cc.requests.ClientCredentialsAuth(REQUEST, endpoint)
            assert session.post(f"{api.url}/first", data=b"a").status_code == 200
        second = list(api.asked)
        api.asked.clear()

        async def main() -> None:
            auth = oauth_cc.aiohttp.ClientCredentialsAuth(REQUEST, endpoint)
            async with (
                aiohttp.ClientSession(middlewares=(auth,)) as session,
                session.post(f"{api.url}/first", data=b"a") as response,
            ):
                assert response.status == 200
                for each in (response, *response.history):
                    assert "DPoP" not in f"{each.request_info!r}"

        anyio.run(main)
        for asked in (first, second, list(api.asked)):
            assert [each.method for each in asked] == ["POST", "POST" if status > 303 else "GET"]
            assert [(each.method, f"{api.url}{each.path}") for each in asked] == [
                (claims(each)["htm"], claims(each)["htu"]) for each in asked
            ]


def test_the_headers_of_an_answered_request_show_no_proof() -> None:
    """The libraries redact Authorization alone when they print headers."""
    with serve(bound(1)) as script, serve(Answer(307, (("Location", "/second"),)), DONE) as api:
        auth = oauth_cc.httpx2.ClientCredentialsAuth(REQUEST, f"{script.url}/token")
        with httpx2.Client(auth=auth, follow_redirects=True) as client:
            response = client.get(api.url)
        for each in (response, *response.history):
            assert "dpop" not in f"{each.request.headers!r}"


@each_call
def test_a_bearer_token_is_refused(call: Call) -> None:
    """The API is not called."""
    bearer = Answer(chunks=(b'{"access_token": "tok-1", "token_type": "Bearer"}',))
    with serve(bearer) as script, serve(DONE) as api:
        with pytest.raises(errors.TokenTypeDowngrade):
            call.get(call.auth(REQUEST, f"{script.url}/token"), api.url)
        assert api.asked == []


@each_call
def test_a_key_that_cannot_sign_raises_its_error_to_the_caller(call: Call) -> None:
    """Neither endpoint gets a request."""

    def away(signing_input: bytes) -> bytes:
        raise OSError("the KMS is away")

    key = SigningKey("ES256", away, "alias/dpop", public_jwk=KEY.public_jwk)
    with serve(bound(1)) as script, serve(DONE) as api:
        with pytest.raises(OSError, match="the KMS is away"):
            call.get(call.auth(REQUEST.with_dpop(key), f"{script.url}/token"), api.url)
        assert script.asked == api.asked == []


@each_call
def test_nonces_that_rotate_at_every_answer_cost_a_bounded_number_of_requests(call: Call) -> None:
    """Both endpoints of the test server rotate them, and its clock is wrong too."""
    clients = [RegisteredClient("your_id", "s3cret", dpop_bound=True)]
    with AuthorizationServer(clients=clients, dpop_nonces=True) as server:
        server.clock_skew = 300.0
        auth = call.auth(REQUEST, server.token_endpoint)
        assert call.get(auth, *[server.resource_url] * 3) == [200] * 3
        assert [each.status for each in server.token_requests] in ([400, 400, 200], [400, 200])
        server.end_nonces()
        assert call.get(auth, server.resource_url) == [200]
        server.revoke_all()
        assert call.get(auth, server.resource_url) == [200]
        assert {each.dpop_jkt for each in server.token_requests if each.status == 200} == {KEY.jkt}


@pytest.mark.slow
@each_call
def test_two_hundred_threads_or_tasks_are_answered_while_nonces_rotate(call: Call) -> None:
    """Each call takes two requests at most, for each nonce is accepted once. Each request has a proof of its own."""
    signed: list[bytes] = []

    def sign(signing_input: bytes) -> bytes:
        signed.append(signing_input)
        signature = KEY.signer(signing_input)
        assert isinstance(signature, bytes)
        return signature

    with AuthorizationServer(dpop_nonces=True) as server:
        auth = call.auth(REQUEST.with_dpop(attrs.evolve(KEY, signer=sign)), server.token_endpoint)
        assert call.crowd(auth, server.resource_url, 200) == [200] * 200
        assert [each.status for each in server.token_requests] == [400, 200]
    assert 200 < len(signed) - 2 <= 400


@pytest.mark.parametrize("library", ["httpx2", "requests"])
def test_a_streaming_body_is_not_repeated_and_the_nonce_is_kept(library: str) -> None:
    """The next call then succeeds."""
    with serve(bound(1)) as script, serve(demand("n-1"), DONE) as api:
        if library == "httpx2":
            auth = oauth_cc.httpx2.ClientCredentialsAuth(REQUEST, f"{script.url}/token")
            with httpx2.Client(auth=auth) as client:
                assert client.post(api.url, content=iter([b"a"]), headers={"Content-Length": "1"}).status_code == 401
                assert client.post(api.url, content=b"a").status_code == 200
        else:
            with requests.Session() as session:
                session.auth = oauth_cc.requests.ClientCredentialsAuth(REQUEST, f"{script.url}/token")
                body = Unseekable(b"a")
                assert session.post(api.url, data=body, headers={"Content-Length": "1"}).status_code == 401
                assert session.post(api.url, data=b"a").status_code == 200
        assert nonces(api) == [None, "n-1"]


class Unseekable(io.BytesIO):
    """A body that cannot be read again."""

    def tell(self) -> int:
        """Raise an error."""
        raise OSError("not seekable")


@pytest.mark.parametrize("nonces", [False, True], ids=["replay", "nonces"])
def test_a_prepared_request_that_is_sent_again_gets_a_new_proof(nonces: bool) -> None:  # a parameter
    """Requests asks the auth once, so the server sees the old proof first."""
    with AuthorizationServer(dpop_nonces=nonces) as server, requests.Session() as session:
        auth = oauth_cc.requests.ClientCredentialsAuth(REQUEST, server.token_endpoint)
        prepared = session.prepare_request(requests.Request("GET", server.resource_url, auth=auth))
        for _ in range(3):
            assert session.send(prepared).status_code == 200


@pytest.mark.parametrize("is_async", [False, True])
def test_the_headers_of_a_request_without_an_answer_show_no_proof(*, is_async: bool) -> None:
    """The error has the request, which is that of the last hop."""

    async def get(url: str) -> None:
        auth = oauth_cc.httpx2.ClientCredentialsAuth(REQUEST, f"{script.url}/token")
        if is_async:
            async with httpx2.AsyncClient(auth=auth, follow_redirects=True) as client:
                await client.get(url)
        else:
            with httpx2.Client(auth=auth, follow_redirects=True) as client:
                client.get(url)

    rejected = Answer(401, (("WWW-Authenticate", 'DPoP error="invalid_token"'),))
    redirected = Answer(307, (("Location", "/second"),))
    for steps in ([Drop], [demand("n-1"), Drop], [redirected, Drop], [rejected, Drop]):
        with serve(bound(1), bound(2)) as script, serve(*steps) as api:
            with pytest.raises(httpx2.RemoteProtocolError) as caught:
                anyio.run(get, api.url)
            assert "DPoP" in api.asked[-1].headers
        assert "dpop" not in f"{caught.value.request.headers!r}"


def test_a_response_hook_that_raises_leaves_the_nonce_to_the_next_call() -> None:
    """The library keeps the response from the auth."""

    def check(response: httpx2.Response) -> None:
        response.raise_for_status()

    with serve(bound(1)) as script, serve(demand("n-1"), DONE) as api:
        auth = oauth_cc.httpx2.ClientCredentialsAuth(REQUEST, f"{script.url}/token")
        with httpx2.Client(auth=auth, event_hooks={"response": [check]}) as client:
            with pytest.raises(httpx2.HTTPStatusError):
                client.get(api.url)
            assert client.get(api.url).status_code == 200
        assert nonces(api) == [None, "n-1"]


class TestStoredTokens:
    """A store that processes share."""

    @pytest.fixture
    def server(self) -> Any:
        """Yield an authorization server."""
        with AuthorizationServer() as running:
            yield running

    def calls(self, server: AuthorizationServer, key: SigningKey, folder: Path) -> int:
        """Call with a new auth, as a process after a restart does, and return the number of token requests so far."""
        auth = oauth_cc.httpx2.ClientCredentialsAuth(
            REQUEST.with_dpop(key), server.token_endpoint, store=FileStore(folder)
        )
        with httpx2.Client(auth=auth) as client:
            assert client.get(server.resource_url).status_code == 200
        return len(server.token_requests)

    def test_a_stored_token_serves_the_same_key_file_alone(self, server: AuthorizationServer, tmp_path: Path) -> None:
        """With another key it is not used."""
        files = [tmp_path / name for name in ("one.pem", "other.pem")]
        for file in files:
            file.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
        folder = tmp_path / "tokens"
        assert [
            self.calls(server, key_from_file(file), folder) for file in (files[0], files[0], files[1], files[0])
        ] == [1, 1, 2, 2]
        stored = b"".join([file.read_bytes() for file in folder.rglob("*") if file.is_file()])
        assert b"dpop+jwt" not in stored
        assert b"PRIVATE" not in stored

    def test_a_key_file_that_changes_is_another_key_after_a_restart_alone(
        self, server: AuthorizationServer, tmp_path: Path
    ) -> None:
        """The running program goes on with the key that it has loaded, through a renewal, too."""
        file, store = tmp_path / "dpop.pem", FileStore(tmp_path / "tokens")

        def started() -> Any:
            file_key = key_from_file(file)
            return file_key.jkt, oauth_cc.httpx2.ClientCredentialsAuth(
                REQUEST.with_dpop(file_key), server.token_endpoint, store=store
            )

        def call(auth: Any) -> list[str | None]:
            with httpx2.Client(auth=auth) as client:
                assert client.get(server.resource_url).status_code == 200
            return [each.dpop_jkt for each in server.token_requests]

        file.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
        old, running = started()
        assert call(running) == [old]
        file.write_bytes(ECKey.generate_key("P-384").as_pem(private=True))
        assert call(running) == [old]
        server.revoke_all()
        assert call(running) == [old, old]
        new, restarted = started()
        assert new != old
        assert call(restarted) == [old, old, new]
        assert call(running) == [old, old, new]

    def test_a_key_that_ends_with_the_process_is_refused(self, tmp_path: Path) -> None:
        """Every auth and every source rejects it with a store."""
        for make in (oauth_cc.httpx2.ClientCredentialsAuth, oauth_cc.httpx2.TokenSource, oauth_cc.requests.TokenSource):
            with pytest.raises(errors.InvalidInput, match="must outlast the process"):
                make(REQUEST, "https://as.example/token", store=FileStore(tmp_path / "tokens"))
