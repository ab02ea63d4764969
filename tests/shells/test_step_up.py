"""
A new token with the scope that an API requires, where the caller allows it, on each HTTP library.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from oauth_cc import ClientCredentials, HttpResponse, Options, Scope, TokenRequestRefused, errors, token_request
from oauth_cc.events import Event, ScopeInsufficient, TokenObtained
from oauth_cc.testing import AuthorizationServer, Fault, RegisteredClient
from tests.shells.calling import CALLS, Call, name
from tests.shells.scripted import Answer, Asked, serve

KNOWN = RegisteredClient("your_id", "s3cret-of-client", Scope.of("read", "write", "admin"))
REQUEST = token_request(ClientCredentials("your_id", "s3cret-of-client"), Scope.of("read"))
WRITE = Scope.of("write")

each_call = pytest.mark.parametrize("call", CALLS, ids=name)


@pytest.fixture(scope="module")
def server() -> Iterator[AuthorizationServer]:
    """Start one authorization server with an API."""
    with AuthorizationServer(clients=[KNOWN]) as running:
        yield running


class Steps:
    """An auth of one library, what it causes at the server, and its events."""

    def __init__(self, call: Call, server: AuthorizationServer, allowed: Scope) -> None:
        self.events: list[Event] = []
        options = Options(on_event=self.events.append, scopes_allowed=allowed)
        self.auth = call.auth(REQUEST, server.token_endpoint, options=options)
        self._call, self._server, self._before = call, server, len(server.token_requests)

    def get(self, *paths: str) -> list[int]:
        """Return the statuses of calls to *paths*."""
        return self._call.get(self.auth, *[f"{self._server.resource_url}{path}" for path in paths])

    @property
    def token_requests(self) -> int:
        """How many token requests the server has seen."""
        return len(self._server.token_requests) - self._before

    @property
    def insufficient(self) -> list[Scope]:
        """The scopes that the API required, as reported."""
        return [event.scope for event in self.events if isinstance(event, ScopeInsufficient)]


@each_call
def test_an_allowed_scope_leads_to_one_new_token_that_is_kept(server: AuthorizationServer, call: Call) -> None:
    """It has the scope of the first token, too."""
    steps = Steps(call, server, Scope.of("write", "admin"))
    assert [200, 200, 200, 200] == steps.get("", "/write", "/write", "/read")
    assert (2, []) == (steps.token_requests, steps.insufficient)
    assert [200, 200, 200] == steps.get("/admin", "/write", "/read")
    assert (3, []) == (steps.token_requests, steps.insufficient)
    assert 3 == len([event for event in steps.events if isinstance(event, TokenObtained)])


@each_call
def test_any_other_scope_is_an_event(server: AuthorizationServer, call: Call) -> None:
    """The API requires a scope that is not allowed, or one that the token has already."""
    for allowed in (Scope(), Scope.of("admin")):
        steps = Steps(call, server, allowed)
        assert [403] == steps.get("/write")
        assert (1, [WRITE]) == (steps.token_requests, steps.insufficient)
    for challenge in (
        'Bearer error="insufficient_scope", scope="read"',
        'Bearer error="insufficient_scope"',
        'Bearer error="insufficient_scope", scope="write delete"',
    ):
        steps = Steps(call, server, Scope.of("read", "write"))
        with server.misbehaving(Fault(status=403, headers={"WWW-Authenticate": challenge}), at="resource"):
            assert [403] == steps.get("")
        assert (1, 1) == (steps.token_requests, len(steps.insufficient))


@each_call
def test_a_call_is_repeated_once_although_the_api_asks_again(server: AuthorizationServer, call: Call) -> None:
    """The second answer is the caller's."""
    steps = Steps(call, server, Scope.of("write", "admin"))
    challenge = 'Bearer error="insufficient_scope", scope="{}"'
    server.misbehave(
        *[Fault(status=403, headers={"WWW-Authenticate": challenge.format(scope)}) for scope in ("write", "admin")],
        at="resource",
    )
    assert [403, 200] == steps.get("", "/write")
    assert (2, [Scope.of("admin")]) == (steps.token_requests, steps.insufficient)


@each_call
def test_a_token_that_the_api_repeats_as_the_scope_is_not_reported(
    server: AuthorizationServer, call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    """This holds for the first token of the call and for the one of its repetition."""
    seen: list[str] = []

    def echo(asked: Asked) -> Answer:
        seen.append(asked.headers["Authorization"].removeprefix("Bearer "))
        scope = "write" if asked.path == "/write" and len(seen) < 3 else " ".join(["delete", *seen])
        return Answer(403, (("WWW-Authenticate", f'Bearer error="insufficient_scope", scope="{scope}"'),))

    with serve(echo) as api:
        steps = Steps(call, server, WRITE)
        assert [403, 403] == call.get(steps.auth, api.url, f"{api.url}/write")
    assert 2 == len(set(seen)) == steps.token_requests
    assert [Scope.of("delete", "***")] * 2 == steps.insufficient
    assert not [token for token in seen if token in caplog.text]


@each_call
def test_a_scope_that_the_server_refuses_is_not_kept(server: AuthorizationServer, call: Call) -> None:
    """The call raises the refusal, and the next call has the token that there was."""
    steps = Steps(call, server, Scope.of("delete"))
    challenge = 'Bearer error="insufficient_scope", scope="delete"'
    server.misbehave(Fault(status=403, headers={"WWW-Authenticate": challenge}), at="resource")
    with pytest.raises(TokenRequestRefused, match="invalid_scope"):
        steps.get("")
    assert [200] == steps.get("/read")


def test_a_scope_that_another_call_got_meanwhile_is_used(server: AuthorizationServer) -> None:
    """Its token is there, so that no other is requested. A scope that the server does not grant is an event."""
    from oauth_cc.requests import ClientCredentialsAuth

    auth = ClientCredentialsAuth(REQUEST, server.token_endpoint, options=Options(scopes_allowed=WRITE))
    first = auth.source.token()
    response = HttpResponse(403, {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="write"'})
    wider = auth.source.widened(response, first)
    assert wider is not None
    auth.source.adopt(wider)
    second = auth.source.token()
    assert Scope.of("read", "write") == second.scope
    late = auth.source.widened(response, first)
    assert late is not None
    assert second == late.token()
    assert auth.source.widened(response, second) is None


@pytest.mark.parametrize("wrong", ["write", ("write",), None])
def test_scopes_allowed_must_be_a_scope(wrong: Any) -> None:
    """The error says what to pass."""
    with pytest.raises(errors.InvalidInput, match=r"^scopes_allowed must be a Scope, not .*; use Scope\.of"):
        Options(scopes_allowed=wrong)
