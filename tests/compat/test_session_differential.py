"""
Our session and the session of requests-oauthlib, called alike against servers that respond alike.

In any order of calls of a program for this grant, both sessions send the same requests, return or raise the same,
and have the same attributes afterwards. What the guide lists as different is not generated.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
import requests
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from oauthlib.oauth2 import BackendApplicationClient as OriginalClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session as OriginalSession

from oauth_cc.compat import BackendApplicationClient
from oauth_cc.compat.requests_oauthlib import OAuth2Session
from tests.compat.both import ABSENT, comparable, outcome
from tests.shells.scripted import Answer, Header, ScriptedServer, serve

NOW = 1_800_000_000.0
ATTRIBUTES = "token access_token client_id scope authorized redirect_uri auto_refresh_url auto_refresh_kwargs".split()
CLIENTS = "token access_token refresh_token token_type expires_in expires_at _expires_at client_id scope".split()
OWN_AGENTS = ("python-requests/", "oauth_cc/")


def answered(members: object, status: int = 200, headers: tuple[Header, ...] = ()) -> Answer:
    """Return a response in JSON."""
    return Answer(status, (("Content-Type", "application/json"), *headers), (json.dumps(members).encode(),))


TEXT = st.sampled_from(["plain", "a b", "x+y&z=%", "ü"])
SCOPES = st.sampled_from([None, "a", "a b", ["a", "b"], ("b",)])
TOKENS = st.fixed_dictionaries(
    {"access_token": st.sampled_from(["tok-1", "tok-2"])},
    optional={
        "token_type": st.sampled_from(["Bearer", "bearer", "other"]),
        "expires_in": st.sampled_from([3600, "3600"]),
        "scope": st.sampled_from(["a", "a b", "b a"]),
        "refresh_token": st.sampled_from(["ref-1", "ref-2"]),
        "more": st.sampled_from([1, None, ["x"], {"y": "z"}]),
    },
)
ERRORS = st.fixed_dictionaries(
    {"error": st.sampled_from("invalid_client invalid_scope invalid_grant unauthorized_client own".split())},
    optional={"error_description": st.sampled_from(["why", ""]), "error_uri": st.just("https://as.example/why")},
)
RESPONSES = st.one_of(
    TOKENS.map(answered),
    st.builds(answered, ERRORS, st.sampled_from([400, 401, 200])),
    st.sampled_from(
        [
            Answer(chunks=(b"access_token=tok-3&token_type=Bearer",)),
            Answer(status=500, chunks=(b"not JSON",)),
            answered({"errors": [{"errorType": "invalid_scope"}]}, 400),
            answered({"token_type": "Bearer"}, headers=(("Set-Cookie", "from=server"),)),
        ]
    ),
)
CALLED = st.sampled_from(
    [Answer(chunks=(b"done",)), Answer(status=403), Answer(status=500), Answer(302, (("Location", "/moved"),))]
)
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "client_secret": st.none() | TEXT,
        "include_client_id": st.sampled_from([None, True, False]),
        "auth": st.sampled_from([None, ("id", "s3c+ret"), HTTPBasicAuth("id", "ü")]),
        "body": st.sampled_from(["", "x=1&y=a+b", "z=", "grant_type=client_credentials&scope=c&username=you"]),
        "headers": st.sampled_from([None, {"X-Own": "1"}, {"Accept": "text/plain", "Content-Type": "text/x"}]),
        "code": st.sampled_from([None, "", "c0de"]),
        "username": st.none() | TEXT,
        "scope": SCOPES,
        "audience": st.sampled_from([None, "", "api", 5]),
        "timeout": st.sampled_from([None, 5, (5, 5)]),
        "client_id": st.just("ignored"),
    },
)
LOADED = st.fixed_dictionaries(
    {"access_token": st.sampled_from(["tok-4", "tok-5"])},
    optional={
        "token_type": st.sampled_from(["Bearer", "bearer", "other"]),
        "expires_in": st.sampled_from([3600, "-30"]),
        "expires_at": st.sampled_from([NOW + 60, NOW - 60]),
        "refresh_token": st.sampled_from(["ref-4", "ref-5"]),
    },
)


def corrected(response: requests.Response) -> requests.Response:
    """Correct the error of a response, as the compliance fix for Fitbit does."""
    try:
        members = response.json()
    except ValueError:
        return response
    if "errors" in members:
        members["error"] = members["errors"][0]["errorType"]
        response._content = json.dumps(members).encode()
    return response


def marked(url: str, headers: Any, data: Any) -> tuple[str, Any, Any]:
    """Add a header to a request."""
    return url, {**(headers or {}), "X-Marked": "1"}, data


def lengthened(url: str, headers: Any, data: Any) -> tuple[str, Any, Any]:
    """Change the URL and the body of a token request, which is text or the keywords of requests."""
    if isinstance(data, dict):
        data = {name: {**form, "hooked": "1"} for name, form in data.items()}
    else:
        data = f"{data}&hooked=1"
    return f"{url}/hooked", headers, data


HOOKS: list[tuple[str, Callable[..., Any]]] = [
    ("access_token_response", corrected),
    ("refresh_token_response", corrected),
    ("access_token_request", lengthened),
    ("refresh_token_request", lengthened),
    ("access_token_request", marked),
    ("protected_request", marked),
]


class Side:
    """One session with its server and what its updater was passed."""

    def __init__(self, session: Any, server: ScriptedServer) -> None:
        self.session, self.server = session, server
        self.saved: list[object] = []

    def local(self, value: object) -> object:
        """Return *value* with the server's URL replaced."""
        return json.loads(json.dumps(value).replace(self.server.url, "http://server"))

    def attributes(self) -> dict[str, object]:
        """Return the attributes of the session and of its client."""
        found = {name: comparable(getattr(self.session, name)) for name in ATTRIBUTES}
        client = {f"client.{name}": comparable(getattr(self.session._client, name, ABSENT)) for name in CLIENTS}
        return {**found, **client, "auto_refresh_url": self.local(found["auto_refresh_url"]), "saved": self.saved}

    def sent(self) -> list[object]:
        """Return the requests that were sent since the last call of this method."""
        asked = list(self.server.asked)
        self.server.asked.clear()
        return [
            (
                one.method,
                one.path,
                {
                    key: value
                    for key, value in one.headers.items()
                    if key != "Host" and not (key == "User-Agent" and value.startswith(OWN_AGENTS))
                },
                one.body,
            )
            for one in asked
        ]

    def called(self, function: Callable[["Side"], object], *answers: Answer) -> object:
        """Return the result of *function* and everything that can be seen after it."""
        self.server.steps[:] = answers or [Answer(status=500)]
        result = outcome(lambda: function(self))
        if isinstance(result, requests.Response):
            result = result.status_code, result.content, [before.status_code for before in result.history]
        return result, self.sent(), self.attributes()


def forget(side: Side) -> None:
    """Forget what the original keeps of the last token when it parses the next."""
    client = side.session._client
    client._expires_at = client.expires_in = None
    client.token_type = "Bearer"
    vars(client).pop("expires_at", None)


class Sessions(RuleBasedStateMachine):
    """Both sessions."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()

    def teardown(self) -> None:
        """Close the servers and the sessions."""
        self.stack.close()

    @initialize(
        on_client=SCOPES,
        on_session=SCOPES,
        loaded=st.none() | LOADED,
        redirect_uri=st.sampled_from([None, "https://me.example/"]),
        state=st.sampled_from([None, "fixed", lambda: "made"]),
    )
    def construct(self, on_client: Any, on_session: Any, loaded: Any, redirect_uri: Any, state: Any) -> None:
        """Construct both sessions."""
        ours, theirs = BackendApplicationClient("your_id", scope=on_client), OriginalClient("your_id", scope=on_client)
        self.sides = []
        for kind, client in ((OAuth2Session, ours), (OriginalSession, theirs)):
            session: Any = kind(
                client=client, scope=on_session, token=loaded and dict(loaded), redirect_uri=redirect_uri, state=state
            )
            self.sides.append(Side(self.stack.enter_context(session), next(SERVERS)))
        self.both(lambda side: None)

    def both(self, function: Callable[[Side], object], *answers: Answer) -> object:
        """Call *function* on both sides and compare everything."""
        ours, theirs = [side.called(function, *answers) for side in self.sides]
        assert theirs == ours
        return ours

    @rule(answer=RESPONSES, given=ARGUMENTS)
    def fetch(self, answer: Answer, given: dict[str, Any]) -> None:
        """Fetch a token."""
        self.both(forget)
        self.both(lambda side: side.session.fetch_token(f"{side.server.url}/token", **given), answer)

    @rule(answer=RESPONSES, in_query=st.booleans())
    def fetch_by_query(self, answer: Answer, in_query: bool) -> None:
        """Fetch a token with a form in the query, and no secret in it."""
        self.both(forget)
        given: dict[str, Any] = {"force_querystring": True} if in_query else {"method": "GET"}
        self.both(
            lambda side: side.session.fetch_token(f"{side.server.url}/token?a=1", client_secret="x", **given), answer
        )

    @rule(
        method=st.sampled_from(["GET", "POST", "PUT"]),
        answer=CALLED,
        path=st.sampled_from(["/", "/things?a=b%20c#there"]),
        given=st.fixed_dictionaries(
            {},
            optional={
                "data": st.sampled_from([None, "x=1", b"bytes", {"a": "b"}, [("a", "b"), ("a", "c")]]),
                "headers": st.sampled_from([None, {"X-Own": "1"}, {"Authorization": "mine"}]),
                "withhold_token": st.booleans(),
                "auth": st.sampled_from([None, ("me", "pw")]),
                "timeout": st.just(5),
            },
        ),
        refreshed=TOKENS.map(lambda members: {**members, "expires_in": 3600, "token_type": "Bearer"}),
    )
    def call(self, method: str, answer: Answer, path: str, given: dict[str, Any], refreshed: Any) -> None:
        """Call an API. If the token has expired and can be refreshed, the first request is for a token."""

        def made(side: Side) -> object:
            # requests-oauthlib writes the token into the dict of the program.
            mine = {name: dict(value) if isinstance(value, dict) else value for name, value in given.items()}
            return side.session.request(method, f"{side.server.url}{path}", **mine)

        session = self.sides[0].session
        ends_at = getattr(session._client, "_expires_at", None)
        expires = bool(session.token and ends_at and ends_at < NOW and not given.get("withhold_token"))
        self.both(made, *([answered(refreshed), answer] if expires and session.auto_refresh_url else [answer]))

    @precondition(lambda self: self.sides[0].session._source is None)
    @rule()
    def rejected(self) -> None:
        """Call an API that rejects a token that the session did not fetch."""
        self.both(lambda side: side.session.request("GET", side.server.url), Answer(status=401))

    @rule(loaded=LOADED)
    def load(self, loaded: dict[str, Any]) -> None:
        """Set the token."""
        self.both(lambda side: setattr(side.session, "token", dict(loaded)))

    @rule(text=st.sampled_from(["tok-6", "tok-7"]))
    def set_access_token(self, text: str) -> None:
        """Set the access token."""
        self.both(lambda side: setattr(side.session, "access_token", text))

    @rule(scope=SCOPES, redirect_uri=st.sampled_from([None, "https://me.example/"]), client_id=st.sampled_from("ab"))
    def set_attributes(self, scope: Any, redirect_uri: Any, client_id: str) -> None:
        """Set attributes of the session."""

        def done(side: Side) -> None:
            side.session.scope, side.session.redirect_uri, side.session.client_id = scope, redirect_uri, client_id

        self.both(done)

    @rule(name=st.sampled_from(["client_id", "access_token", "token", "scope"]))
    def delete(self, name: str) -> None:
        """Delete an attribute, call an API, and set the attribute again."""
        before = getattr(self.sides[0].session, name)
        self.both(lambda side: delattr(side.session, name))
        self.both(lambda side: side.session.request("GET", side.server.url))
        if name in {"client_id", "access_token"}:
            self.both(lambda side: setattr(side.session, name, before))

    @rule(
        has_url=st.booleans(),
        more=st.sampled_from([{}, {"client_id": "your_id"}, {"x": ""}]),
        updates=st.booleans(),
    )
    def set_refreshing(self, has_url: bool, more: dict[str, str], updates: bool) -> None:
        """Set what refreshes an expired token."""

        def done(side: Side) -> None:
            side.session.auto_refresh_url = f"{side.server.url}/token" if has_url else None
            side.session.auto_refresh_kwargs = more
            side.session.token_updater = (lambda token: side.saved.append(dict(token))) if updates else None

        self.both(done)

    @rule(
        answer=RESPONSES,
        given=st.fixed_dictionaries(
            {},
            optional={
                "refresh_token": st.sampled_from([None, "ref-6"]),
                "body": st.sampled_from(["", "x=1"]),
                "auth": st.sampled_from([None, ("your_id", "s3cret")]),
                "headers": st.sampled_from([None, {"X-Own": "1"}]),
                "audience": st.sampled_from(["", "api"]),
            },
        ),
    )
    def refresh(self, answer: Answer, given: dict[str, Any]) -> None:
        """Refresh the token."""
        self.both(forget)
        self.both(lambda side: side.session.refresh_token(f"{side.server.url}/token", **given), answer)

    @rule(hook=st.sampled_from(HOOKS))
    def register(self, hook: tuple[str, Callable[..., Any]]) -> None:
        """Register a compliance hook, unless it has company whose order a set does not keep."""
        name, function = hook
        if not self.sides[0].session.compliance_hook[name] - {function}:
            self.both(lambda side: side.session.register_compliance_hook(name, function))

    @rule()
    def of_other_grants(self) -> None:
        """Call what belongs to other grants."""
        for side in self.sides:
            for function in (
                partial(side.session.authorization_url, "https://as.example/"),
                partial(side.session.token_from_fragment, "https://me.example/#access_token=x"),
                partial(side.session.fetch_token, side.server.url, authorization_response="https://me.example/?code=x"),
            ):
                with pytest.raises(NotImplementedError):
                    function()
            assert side.session.new_state() == side.session._state

    @rule(
        header=st.sampled_from(["1", None]),
        agent=st.sampled_from(["mine/1", None, requests.utils.default_user_agent()]),
        param=st.sampled_from(["2", None]),
    )
    def configure(self, header: str | None, agent: str | None, param: str | None) -> None:
        """Set headers and parameters of the session."""

        def done(side: Side) -> None:
            side.session.headers["X-Session"] = header
            side.session.headers["User-Agent"] = agent
            side.session.params = {"session": param}

        self.both(done)


SERVERS: Iterator[ScriptedServer] = iter(())


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run two servers, which requests-oauthlib calls as well, and stop the clock."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setattr(time, "time", lambda: NOW)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with serve(keep_alive=True) as one, serve(keep_alive=True) as two:

        def alternating() -> Iterator[ScriptedServer]:
            while True:
                yield one
                yield two

        monkeypatch.setitem(globals(), "SERVERS", alternating())
        yield


def test_both_sessions_agree(servers: None) -> None:
    """They send, return, raise and show the same."""
    run_state_machine_as_test(Sessions, settings=settings(max_examples=20, stateful_step_count=12, deadline=None))
