"""
What a program costs the server whose API rejects every token, or whose token endpoint fails: few requests.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import anyio
import httpx2
import pytest

from oauth_cc import ClientCredentials, Options, Retries, Token, errors, token_request
from oauth_cc.events import Event, RejectionRepeated, TokenDiscarded
from oauth_cc.httpx2 import AsyncTokenSource, ClientCredentialsAuth, TokenSource
from oauth_cc.testing import AuthorizationServer
from tests.resting import at_rest
from tests.shells.calling import CALLS, Call, name
from tests.shells.scripted import Answer, serve

CREDENTIALS = ClientCredentials("your_id", "s3cret")
Program: TypeAlias = Callable[[str, Options, int], list[Token | errors.OAuthError]]


def in_threads(endpoint: str, options: Options, times: int) -> list[Token | errors.OAuthError]:
    """Obtain and discard a token some *times* by hand. Return what `token` returned or raised."""
    found: list[Token | errors.OAuthError] = []
    with TokenSource(CREDENTIALS, endpoint, options=options) as source:
        for _ in range(times):
            try:
                found.append(source.token())
                source.discard(source.token())
            except errors.OAuthError as error:
                found.append(error)
    return found


def in_tasks(backend: str, endpoint: str, options: Options, times: int) -> list[Token | errors.OAuthError]:
    """Do the same on an event loop."""
    found: list[Token | errors.OAuthError] = []

    async def main() -> None:
        async with AsyncTokenSource(CREDENTIALS, endpoint, options=options) as source:
            for _ in range(times):
                try:
                    found.append(await source.token())
                    await source.discard(await source.token())
                except errors.OAuthError as error:
                    found.append(error)

    anyio.run(main, backend=backend)
    return found


each_program = pytest.mark.parametrize(
    "program", [in_threads, partial(in_tasks, "asyncio"), partial(in_tasks, "trio")], ids=["threads", "asyncio", "trio"]
)


@each_program
def test_a_program_that_discards_every_token_by_hand_makes_two_token_requests(program: Program) -> None:
    """It names no API. The log and the hook say once that rejections repeat."""
    events: list[Event] = []
    with AuthorizationServer() as server:
        found = program(server.token_endpoint, Options(on_event=events.append), 40)
        assert len(server.token_requests) == 2
    assert found[1:] == [found[1]] * 39
    told = [(type(event), event.api) for event in events if isinstance(event, TokenDiscarded | RejectionRepeated)]
    assert told == [(TokenDiscarded, None), (RejectionRepeated, None)]


@each_program
@pytest.mark.parametrize(
    "answer", [Answer(status=503), Answer(chunks=(b'{"access_token": "t", "token_type": "mac"}',))]
)
def test_a_failing_server_is_asked_once_in_five_seconds(program: Program, answer: Answer) -> None:
    """Each call would make a request, or three."""
    with serve(answer) as script:
        found = program(f"{script.url}/token", Options(retries=Retries(attempts=1)), 10)
        assert len(script.asked) == 1
    assert len(found) == 10
    assert not [each for each in found if isinstance(each, Token)]


def test_an_api_that_rejects_every_token_costs_two_token_requests() -> None:
    """It is called with the token there is."""
    with AuthorizationServer() as server, serve(Answer(status=401)) as api:
        auth = ClientCredentialsAuth(CREDENTIALS, server.token_endpoint)
        with httpx2.Client(auth=auth) as client:
            statuses = [client.get(f"{api.url}/things").status_code for _ in range(40)]
        at_rest(auth.source)
        assert len(server.token_requests) == 2
    assert statuses == [401] * 40


@pytest.mark.parametrize("call", CALLS, ids=name)
def test_two_apis_that_reject_every_other_call_cost_three_token_requests(call: Call) -> None:
    """One of the servers of each is wrong. Calls go out with the token there is."""
    answers = [Answer(status=status) for status in (401, 200) * 40]
    with AuthorizationServer() as server, serve(*answers) as first, serve(*answers) as second:
        auth = call.auth(token_request(CREDENTIALS), server.token_endpoint, origins=[first.url, second.url])
        statuses = call.get(auth, *[f"{api.url}/things" for _ in range(20) for api in (first, second)])
        assert len(server.token_requests) == 3
    assert statuses == [200, 200, *[401, 401, 200, 200] * 9, 401, 401]


def test_an_api_whose_rejection_a_response_hook_raises_costs_two_token_requests() -> None:
    """The auth does not see the response, but the error that has it."""
    hooks = {"response": [httpx2.Response.raise_for_status]}
    with AuthorizationServer() as server, serve(Answer(status=401)) as api:
        auth = ClientCredentialsAuth(CREDENTIALS, server.token_endpoint)
        with httpx2.Client(auth=auth, event_hooks=hooks) as client:
            for _ in range(40):
                with pytest.raises(httpx2.HTTPStatusError):
                    client.get(f"{api.url}/things")
        at_rest(auth.source)
        assert len(server.token_requests) == 2
