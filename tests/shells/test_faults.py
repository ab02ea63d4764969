"""
The faults of the test server: what a caller of each shell sees.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, Final

import aiohttp
import httpx
import httpx2
import pytest
import requests

import oauth_cc.integrations.urllib
import oauth_cc.requests
from oauth_cc import (
    ClientCredentials,
    InvalidResponse,
    OAuthError,
    Options,
    PrivateKeyJwt,
    Retries,
    Secret,
    Token,
    TokenRequestRefused,
    token_request,
)
from oauth_cc.flows import revoke
from oauth_cc.jose import key_from_pem, new_key
from oauth_cc.testing import AuthorizationServer, Fault, Quota, RegisteredClient
from tests.keys import CURVES, pem, public_jwk
from tests.shells.asking import Ask
from tests.shells.calling import CALLS, Call, name
from tests.shells.dripping import answer_with
from tests.shells.scripted import Answer, serve

REQUEST: Final = token_request(ClientCredentials("your_id", "s3cret"))
ONCE: Final = Options(retries=Retries(attempts=1), timeout=2.0)
AT_ONCE: Final = Options(retries=Retries(attempts=3, base=0.001, ceiling=0.001), timeout=2.0)
TIMEOUTS: Final = (httpx2.TimeoutException, httpx.TimeoutException, requests.Timeout, asyncio.TimeoutError)
BROKEN: Final = (
    *(httpx2.NetworkError, httpx2.RemoteProtocolError, httpx.NetworkError, httpx.RemoteProtocolError),
    *(requests.ConnectionError, requests.exceptions.ChunkedEncodingError),
    *(aiohttp.ClientConnectionError, aiohttp.ClientPayloadError),
)

FAULTS: Final = {
    "outage": (Fault(status=503), "503 None, may be retried"),
    "outage-with-a-date": (Fault(status=503, headers={"Retry-After": "7"}), "503 None, may be retried after 7.0"),
    "quota": (Fault(status=429, headers={"Retry-After": "60"}), "429 None, may be retried after 60.0"),
    "unknown-client": (Fault(error="invalid_client"), "401 invalid_client"),
    "refused-scope": (Fault(error="invalid_scope"), "400 invalid_scope"),
    "error-of-its-own": (Fault(error="slow_down", status=403), "403 slow_down"),
    "late": (Fault(delay=0.05), "token"),
    "too-late": (Fault(delay=9.0), "timeout"),
    "no-response": (Fault(drop_after=0), "broken"),
    "half-a-status": (Fault(drop_after=5), "broken"),
    "a-status": (Fault(drop_after=17), "broken"),
    "half-a-head": (Fault(drop_after=30), "broken"),
    "half-a-date": (Fault(drop_after=50), "broken"),
    "half-a-body": (Fault(drop_after=250), "broken"),
    "a-page": (Fault(answer="<html>Sign in</html>", headers={"Content-Type": "text/html"}), "InvalidResponse"),
    "bytes": (Fault(answer=b"\xff\xfe"), "InvalidResponse"),
    "no-token": (Fault(answer={"token_type": "Bearer"}), "InvalidResponse access_token"),
    "token-twice": (Fault(answer='{"access_token": "a", "access_token": "b"}'), "InvalidResponse"),
    "tolerated": (Fault(answer='{"access_token": "tok-1", "expires_in": " 60 "}'), "token"),
    "another-type": (Fault(members={"token_type": "mac"}), "UnsupportedTokenType"),
    "redirect": (Fault(status=302, headers={"Location": "/elsewhere"}), "UnexpectedRedirect"),
}
"""Each fault, and what a caller sees."""


@pytest.fixture(scope="module")
def server() -> Iterator[AuthorizationServer]:
    """Run one server for all tests."""
    with AuthorizationServer() as running:
        yield running


def seen(ask: Ask, endpoint: str, options: Options = ONCE) -> str:
    """Return what a caller sees."""
    try:
        ask.token(REQUEST, endpoint, options=options)
    except TokenRequestRefused as error:
        after = "" if error.retry_after is None else f" after {error.retry_after}"
        return f"{error.status} {error.error}{', may be retried' if error.retryable else ''}{after}"
    except InvalidResponse as error:
        return f"{type(error).__name__} {error.member or ''}".strip()
    except TIMEOUTS:
        return "timeout"
    except BROKEN:
        return "broken"
    return "token"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_caller_of_each_shell_sees_the_fault(ask: Ask, server: AuthorizationServer, fault: str) -> None:
    """The request after it succeeds, and is sent to the same server."""
    how, expected = FAULTS[fault]
    server.misbehave(how)
    options = ONCE if expected != "timeout" else Options(retries=Retries(attempts=1), timeout=0.1)
    assert seen(ask, server.token_endpoint, options) == expected
    assert seen(ask, server.token_endpoint) == "token"


def test_a_fault_is_retried_in_order_and_seen_by_the_server(ask: Ask, server: AuthorizationServer) -> None:
    """The server processes only the third request. An error that says what is wrong is not retried."""
    before = len(server.token_requests)
    server.misbehave(Fault(status=503), Fault(drop_after=0))
    assert seen(ask, server.token_endpoint, AT_ONCE) == "token"
    found = [(each.status, each.client_id) for each in server.token_requests[before:]]
    assert found == [(503, None), (200, "your_id"), (200, "your_id")]
    server.misbehave(Fault(error="invalid_client"))
    assert seen(ask, server.token_endpoint, AT_ONCE) == "401 invalid_client"
    assert len(server.token_requests) == before + 4


@pytest.mark.parametrize("fetch", [oauth_cc.requests.fetch_token, oauth_cc.integrations.urllib.fetch_token])
def test_a_response_that_is_cut_anywhere_in_its_head_is_retried(
    server: AuthorizationServer, fetch: Callable[..., Token]
) -> None:
    """http.client takes the part for a whole response with an empty body."""
    for sent in range(12, 100):
        before = len(server.token_requests)
        server.misbehave(Fault(drop_after=sent))
        assert fetch(REQUEST, server.token_endpoint, options=AT_ONCE).token_type == "Bearer"
        assert len(server.token_requests) == before + 2, sent


@pytest.mark.parametrize(
    "head", [b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"], ids=["1.0", "close"]
)
def test_a_revocation_without_a_body_ends_with_its_connection(head: bytes) -> None:
    """The server says so, or speaks a version in which every response may end in this way."""
    with answer_with(head) as url:
        oauth_cc.requests.perform(revoke(Secret("tok-1"), REQUEST, url), options=ONCE)


@pytest.mark.parametrize(
    ("coding", "content", "text"),
    [("br", b"x", "a content coding that was not requested"), ("gzip", b"no gzip", "a broken content coding")],
)
def test_a_response_in_an_unreadable_content_coding_is_not_retried(
    ask: Ask, coding: str, content: bytes, text: str
) -> None:
    """The next one would have it, too."""
    with serve(Answer(headers=(("Content-Encoding", coding),), chunks=(content,))) as script:
        with pytest.raises(InvalidResponse) as caught:
            ask.token(REQUEST, f"{script.url}/token", options=AT_ONCE)
        assert (str(caught.value), caught.value.status) == (f"HTTP 200: the response has {text}", 200)
        assert len(script.asked) == 1


@pytest.mark.parametrize(("size", "fits"), [(2**20 - 2000, True), (2**20 + 1, False), (2**21, False)])
def test_a_response_of_a_mebibyte_is_read_and_a_larger_one_is_not(ask: Ask, size: int, fits: bool) -> None:
    """It is not retried."""
    token = b'{"access_token": "tok-1", "token_type": "Bearer"}'
    with serve(Answer(chunks=(token.ljust(size),))) as script:
        if fits:
            assert ask.token(REQUEST, f"{script.url}/token", options=AT_ONCE).token_type == "Bearer"
        else:
            with pytest.raises(InvalidResponse, match=r"^HTTP 200: .* 1048576 bytes") as caught:
                ask.token(REQUEST, f"{script.url}/token", options=AT_ONCE)
            assert caught.value.status == 200
        assert len(script.asked) == 1


def test_a_fault_for_a_time_ends_with_its_block(ask: Ask, server: AuthorizationServer) -> None:
    """Within it, the inner block counts."""
    with server.misbehaving(Fault(status=500)):
        assert [seen(ask, server.token_endpoint) for _ in range(2)] == ["500 None, may be retried"] * 2
        with server.misbehaving(Fault(error="server_error")):
            assert seen(ask, server.token_endpoint) == "500 server_error, may be retried"
        assert seen(ask, server.token_endpoint) == "500 None, may be retried"
    assert seen(ask, server.token_endpoint) == "token"


def test_a_stopped_server_refuses_connections_and_starts_on_its_port(ask: Ask) -> None:
    """Its clients stay registered, and its tokens stay valid."""
    with AuthorizationServer() as server:
        endpoint = server.token_endpoint
        server.stop()
        assert seen(ask, endpoint) == "broken"
        server.start()
        server.start()
        assert server.is_running
        assert seen(ask, endpoint) == "token"


def test_a_quota_is_429_until_its_time_is_over(ask: Ask, server: AuthorizationServer) -> None:
    """The clock of the server decides, so that no test waits."""
    server.quota = Quota(2, 3600.0)
    try:
        found = [seen(ask, server.token_endpoint) for _ in range(3)]
        assert found[:2] == ["token", "token"]
        assert found[2].startswith("429 slow_down, may be retried after 3")
        server.clock_skew = 3600.0
        assert seen(ask, server.token_endpoint) == "token"
    finally:
        server.quota, server.clock_skew = None, 0.0


def test_a_demand_for_a_nonce_is_answered_once(ask: Ask) -> None:
    """A server whose demand does not end, and a demand to a client without a key, are errors."""
    bound = REQUEST.with_dpop(new_key())
    demand = Fault(error="use_dpop_nonce", headers={"DPoP-Nonce": "n-1"})
    with AuthorizationServer(dpop_nonces=True) as server:
        for _ in range(2):
            assert ask.token(bound, server.token_endpoint, options=ONCE).dpop_jkt == bound.dpop_jkt
            server.end_nonces()
        assert [each.status for each in server.token_requests] == [400, 200] * 2
    with AuthorizationServer() as server:
        server.misbehave(demand)
        assert ask.token(bound, server.token_endpoint, options=ONCE).dpop_jkt == bound.dpop_jkt
        with server.misbehaving(demand), pytest.raises(TokenRequestRefused, match="use_dpop_nonce"):
            ask.token(bound, server.token_endpoint, options=ONCE)
        assert [each.status for each in server.token_requests] == [400, 200, 400, 400]
        server.misbehave(demand)
        assert seen(ask, server.token_endpoint) == "400 use_dpop_nonce"


def test_a_wrong_clock_of_the_server_is_corrected_for_assertions(ask: Ask) -> None:
    """The server rejects the assertion, and its Date header corrects the clock."""
    client = RegisteredClient(
        "your_id",
        authentication_methods=frozenset({"private_key_jwt"}),
        jwks={"keys": [public_jwk(CURVES["ES256"], kid="k")]},
    )
    key = key_from_pem(pem(CURVES["ES256"]), key_id="k")
    with AuthorizationServer(clients=[client]) as server:
        signed = token_request(ClientCredentials("your_id", PrivateKeyJwt(key, server.issuer)))
        for skew in (-7200.0, 7200.0):
            server.clock_skew = skew
            ask.token(signed, server.token_endpoint, options=AT_ONCE)
        assert [each.status for each in server.token_requests] == [400, 200, 400, 200]


@pytest.mark.parametrize("call", CALLS, ids=name)
def test_a_caller_of_an_api_sees_its_fault(call: Call, server: AuthorizationServer) -> None:
    """The test server's API is a server that can misbehave, too. A 401 is worth a new token."""
    auth = call.auth(REQUEST, server.token_endpoint, options=ONCE)
    assert call.get(auth, server.resource_url) == [200]
    before = len(server.token_requests)
    server.misbehave(Fault(status=503), Fault(status=401), at="resource")
    assert call.get(auth, server.resource_url, server.resource_url) == [503, 200]
    assert len(server.token_requests) == before + 1


def test_metadata_of_a_server_in_trouble_are_an_error(ask: Ask, server: AuthorizationServer) -> None:
    """The endpoint of the metadata misbehaves like any other."""
    # Each document is asked for at two URLs.
    with server.misbehaving(Fault(answer={"issuer": "https://evil.example"}), at="metadata"), pytest.raises(OAuthError):
        ask.metadata(server.issuer, options=ONCE)
    assert ask.metadata(server.issuer, options=ONCE).issuer == server.issuer


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": 99}, "status must be an int from 200 to 599"),
        ({"status": True}, "status must be"),
        ({"delay": -1.0}, "delay must be seconds"),
        ({"delay": float("nan")}, "delay must be seconds"),
        ({"drop_after": -1}, "drop_after must be a number of bytes"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(fields: dict[str, Any], reason: str) -> None:
    """It is not made at all."""
    with pytest.raises(ValueError, match=reason):
        Fault(**fields)
