"""
Test tools for requests and aiohttp intercept our token request, with and without the user's client.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TypeAlias

import aiohttp
import aioresponses
import attrs
import pytest
import requests
import requests_mock
import responses
import vcr  # type: ignore[import-untyped]  # it has no types

import oauth_cc.aiohttp
import oauth_cc.requests
from oauth_cc import ClientCredentials, Options, RenewalWindow, Retries, TokenRequestRefused, token_request

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))
ENDPOINT = "https://as.example/token"
API = "https://api.example/things"
TOKEN = {"access_token": "tok-1", "token_type": "Bearer", "expires_in": 3600}
ONCE = Options(retries=Retries(attempts=1), timeout=5.0)
Tool: TypeAlias = Callable[[int, object, Path], AbstractContextManager[None]]


@contextmanager
def by_requests_mock(status: int, content: object, folder: Path) -> Iterator[None]:
    """Answer by requests-mock."""
    with requests_mock.Mocker() as mock:
        mock.post(ENDPOINT, status_code=status, json=content)
        yield


@contextmanager
def by_responses(status: int, content: object, folder: Path) -> Iterator[None]:
    """Answer by responses."""
    with responses.RequestsMock() as mock:
        mock.post(ENDPOINT, status=status, json=content)
        yield


@contextmanager
def by_vcrpy(status: int, content: object, folder: Path) -> Iterator[None]:
    """Answer from a cassette of vcrpy."""
    interaction = {
        "request": {"method": "POST", "uri": ENDPOINT, "body": "grant_type=client_credentials", "headers": {}},
        "response": {
            "status": {"code": status, "message": "x"},
            "headers": {"Content-Type": ["application/json"]},
            "body": {"string": json.dumps(content)},
        },
    }
    cassette = folder / "token.json"
    cassette.write_text(json.dumps({"interactions": [interaction], "version": 1}), "utf-8")
    with vcr.VCR(serializer="json", record_mode=vcr.mode.NONE).use_cassette(str(cassette)) as played:
        yield
        assert played.all_played


@pytest.mark.parametrize("client", [None, "theirs"])
@pytest.mark.parametrize("tool", [by_requests_mock, by_responses, by_vcrpy])
def test_a_tool_for_requests_answers_the_token_request(tool: Tool, client: str | None, tmp_path: Path) -> None:
    """A token, and a refusal."""
    with nullcontext() if client is None else requests.Session() as session:
        with tool(200, TOKEN, tmp_path):
            token = oauth_cc.requests.fetch_token(REQUEST, ENDPOINT, client=session, options=ONCE)
        assert token.access_token.reveal() == "tok-1"
        with tool(400, {"error": "invalid_scope"}, tmp_path), pytest.raises(TokenRequestRefused) as raised:
            oauth_cc.requests.fetch_token(REQUEST, ENDPOINT, client=session, options=ONCE)
        assert raised.value.code == "invalid_scope"


def test_an_adapter_of_requests_mock_on_the_session_answers() -> None:
    """The guide of requests-mock mounts it in this way."""
    adapter = requests_mock.Adapter()
    adapter.register_uri("POST", ENDPOINT, json=TOKEN)
    with requests.Session() as session:
        session.mount("https://as.example", adapter)
        oauth_cc.requests.fetch_token(REQUEST, ENDPOINT, client=session, options=ONCE)
    assert [asked.headers["Authorization"][:6] for asked in adapter.request_history] == ["Basic "]


def test_what_a_tool_says_of_an_unknown_request_reaches_the_caller() -> None:
    """Its text is not the server's."""
    with responses.RequestsMock(), pytest.raises(requests.ConnectionError, match="Connection refused by Responses"):
        oauth_cc.requests.fetch_token(REQUEST, ENDPOINT, options=ONCE)
    with requests_mock.Mocker(), pytest.raises(requests_mock.NoMockAddress, match=f"POST {ENDPOINT}") as raised:
        oauth_cc.requests.fetch_token(REQUEST, ENDPOINT, options=ONCE)
    assert raised.value.request.body is None


@pytest.mark.parametrize("client", [None, "theirs"])
@pytest.mark.parametrize("tool", [by_requests_mock, by_responses, by_vcrpy])
def test_no_renewal_outlives_a_tool_that_ends_within_the_test(tool: Tool, client: str | None, tmp_path: Path) -> None:
    """It would send the secret to the real server. The caller performs it, although its token can still be used."""
    threads: list[threading.Thread] = []
    at_once = RenewalWindow(opens=1e-9, closes=1e-9)
    options = attrs.evolve(ONCE, renewal_window=at_once, on_event=lambda _: threads.append(threading.current_thread()))
    with nullcontext() if client is None else requests.Session() as session:
        source = oauth_cc.requests.TokenSource(REQUEST, ENDPOINT, client=session, options=options)
        for number in (1, 2):
            with tool(200, {**TOKEN, "access_token": f"tok-{number}"}, tmp_path):
                source.token()
            token = source.peek()
            assert token is not None
            assert token.access_token.reveal() == f"tok-{number}"
    assert set(threads) == {threading.current_thread()}


@pytest.mark.parametrize("client", [None, "theirs"])
def test_a_token_is_renewed_after_a_401_of_requests_mock(client: str | None) -> None:
    """It holds a lock while the API's response is processed."""
    with requests_mock.Mocker() as mock, requests.Session() as api, requests.Session() as theirs:
        mock.post(ENDPOINT, [{"json": TOKEN}, {"json": {**TOKEN, "access_token": "tok-2"}}])
        mock.get(API, [{"status_code": 401}, {"text": "done"}])
        api.auth = oauth_cc.requests.ClientCredentialsAuth(
            REQUEST, ENDPOINT, client=theirs if client else None, options=ONCE
        )
        assert api.get(API).text == "done"
        assert mock.request_history[-1].headers["Authorization"] == "Bearer tok-2"
        assert mock.call_count == 4


@pytest.mark.parametrize("client", [None, "theirs"])
def test_aioresponses_answers_the_token_request(client: str | None) -> None:
    """A token, and a refusal."""

    async def main() -> None:
        async with nullcontext() if client is None else aiohttp.ClientSession() as session:
            with aioresponses.aioresponses() as mock:
                mock.post(ENDPOINT, payload=TOKEN)
                mock.post(ENDPOINT, status=400, payload={"error": "invalid_scope"})
                token = await oauth_cc.aiohttp.fetch_token(REQUEST, ENDPOINT, client=session, options=ONCE)
                assert token.access_token.reveal() == "tok-1"
                with pytest.raises(TokenRequestRefused) as raised:
                    await oauth_cc.aiohttp.fetch_token(REQUEST, ENDPOINT, client=session, options=ONCE)
                assert raised.value.code == "invalid_scope"

    asyncio.run(main(), debug=False)
