"""
Any sequence of calls has the same outcome on the facade and on oauthlib's own client.

The deliberate differences are left out; each exclusion names its row of the table of departures.
"""

import copy
import json
import os
import string
import warnings
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import cast
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from oauth_cc.compat import _mac as mac
from tests.compat.both import Raised, comparable, outcome, pair, state

NOW = 1000.4
SWITCHES = ("OAUTHLIB_RELAX_TOKEN_SCOPE", "OAUTHLIB_STRICT_TOKEN_TYPE", "OAUTHLIB_INSECURE_TRANSPORT")

words = st.text(string.ascii_letters + string.digits + ' +&=%;/?:@é🔑"\\-._~*', max_size=8)
odd = st.sampled_from([0, 1, 1.5, True, False, None, "", b"", b"\xff x", b"a b", {}, {"a": 1}, len])
scopes = st.one_of(
    st.none(),
    st.sampled_from(
        ["", "a", "a b", " a  b ", [], ["a", "b"], ["b", "a"], ("a", "b"), ["a b", "c"], ["", "a"], [1, 2]]
    ),
    st.sampled_from([{"a"}, set(), frozenset({"a"}), {"a": 1}, 5, 0, False, b"a", [["a"], "b"], [None, 1]]),
    words,
    st.lists(words, max_size=3),
)
bodies = st.one_of(
    st.sampled_from(["", None, b"", {}, "x=1", b"x=1", "x", "x=", "=x", "x&&y", "&x=1", "?x=1", "x=1;y=2", "x=1=2"]),
    st.sampled_from(["x=%zz", "x=%", "x=%ff", "x=a b", "x=a%20b", "x=é\r\n", '{"a": 1}', "grant_type=a&scope=a"]),
    st.sampled_from([{"a": 1}, [("a", "b")], 5, b"x=\xc3\xa9", b"x=%C3%A9", "x=\ud800", "&&", "x=1&y=a+b"]),
    words,
)
# Row 19: the facade sends a list or tuple once per element, oauthlib its repr.
values = st.one_of(words, odd)
names = st.sampled_from(["z", "a", "audience", "code", "client_id", "client_secret", "code_verifier", "a b&"])
extras = st.dictionaries(st.one_of(names, names, names, st.just("grant_type")), values, max_size=4)
# Row 9: a URL with a space or a control character is a ValueError.
urls = st.sampled_from(
    ["https://as.example/token", "HTTPS://as.example/", "https://", "https://u:p@h/?b=%7E&c#f", "http://localhost/"],
).flatmap(lambda url: st.sampled_from([url, "ftp://x", "", None, b"https://x/", "https://x/path;p?query=world&x=%7Ey"]))
placements = st.sampled_from([None, "auth_header", "query", "body", "nonsense", ""])
access_tokens = st.sampled_from(["2YotnFZFEjr1zCsicMWpAA", "tok", "!~"])
# Row 1: a lifetime of 0 has expired; row 3: a lifetime that is not a number raises the facade's own error.
lifetimes = st.sampled_from([3600, "3600", " 10 ", "+10", "1_000", "٣", 3600.9, 1e3, -5, "-5", True, None, 10**20])
moments = st.sampled_from([5, 2000.5, "2000", "2000.5", "nan", "2006-01-02T15:04:05Z", 0, "", None, -1, True, [1]])


def members(error: bool = True) -> st.SearchStrategy[dict[str, object]]:
    """Draw the members of a response, or of a stored token."""
    # Row 4: a scope of another type raises InvalidResponseError in the facade, AttributeError in oauthlib.
    granted = st.sampled_from(["a", "a b", "b a", "", "a  b", None, [], ["a", "b"], ["b"], [1]])
    known: dict[str, st.SearchStrategy[object]] = {
        "access_token": access_tokens,  # row 11: the facade rejects null, empty and unusable tokens
        "token_type": st.sampled_from(["Bearer", "bEAreR", "MAC", "unknown", ""]),
        "refresh_token": st.sampled_from(["tGzv3JOkF0XG5Qx2TlKWIA", None]),
        "expires_in": lifetimes,
        "expires_at": moments,
        "scope": granted,
        "mac_key": st.just("secret"),
        "mac_algorithm": st.sampled_from(["hmac-sha-1", "HMAC-SHA-256", "nonsense"]),
        "extra": st.one_of(words, st.lists(words, max_size=2)),
    }
    errors: dict[str, st.SearchStrategy[object]] = {
        "error": codes(),
        "error_description": st.one_of(st.none(), words, st.just(5)),
        "error_uri": st.one_of(st.none(), words),
        "state": st.one_of(st.none(), words),
    }
    token = st.fixed_dictionaries({}, optional=known)
    refused = st.fixed_dictionaries({"error": errors.pop("error")}, optional={**errors, **known})
    return st.one_of(token, token, token, refused) if error else token


def codes() -> st.SearchStrategy[object]:
    """Draw error codes, except those of row 6 (codes of the client) and row 4 (null)."""
    sendable = (
        "invalid_request invalid_client invalid_grant unauthorized_client unsupported_grant_type invalid_scope "
        "server_error temporarily_unavailable access_denied unsupported_response_type unsupported_token_type "
        "consent_required login_required invalid_token insufficient_scope use_dpop_nonce custom".split()
    )
    return st.one_of(st.sampled_from(sendable), st.sampled_from(["", 5, ["a"], {"a": 1}]))


def row_5(answer: Mapping[str, object]) -> bool:
    """Return True for ``invalid_request`` without a description, for which oauthlib's text blames client_id."""
    return answer.get("error") == "invalid_request" and answer.get("error_description") is None


def has_no_nan(answer: Mapping[str, object]) -> bool:
    """Return True unless the JSON text contains NaN (row 29)."""
    return "nan" not in json.dumps(answer, default=str).lower()


class Both(RuleBasedStateMachine):
    """The two clients, the last call on both, and their environment."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.stack = ExitStack()
        world: list[AbstractContextManager[object]] = [
            patch("time.time", lambda: self.now),
            patch.dict(os.environ, dict.fromkeys(SWITCHES, "")),
            # One source of nonces for both, patched into each.
            patch("oauthlib.common.generate_nonce", lambda: "abc123"),
            patch.object(mac, "new_nonce", lambda: "abc123"),
            patch("oauthlib.oauth2.rfc6749.utils.generate_age", lambda issue_time: str(float(issue_time))),
            patch.object(mac, "age", lambda issue_time: str(float(issue_time))),
        ]
        for part in world:
            self.stack.enter_context(part)

    def teardown(self) -> None:
        """Restore the environment."""
        self.stack.close()

    def same(self, call: Callable[[object], object]) -> None:
        """Make *call* on both, and compare outcomes and states."""
        theirs = outcome(lambda: call(self.original))
        ours = outcome(lambda: call(self.facade))
        assert theirs == ours
        assert state(self.original) == state(self.facade)

    def method(self, name: str, *arguments: object, **keywords: object) -> None:
        """Call the method *name* of both, each with a copy of the arguments."""
        self.same(lambda client: getattr(client, name)(*copy.deepcopy(arguments), **copy.deepcopy(keywords)))

    @initialize(
        client_id=st.one_of(st.just("your_id"), words, odd),
        scope=scopes,
        token=st.one_of(st.none(), members(error=False)),
        keywords=st.fixed_dictionaries(
            {},
            optional={
                "access_token": access_tokens,
                "token_type": st.sampled_from(["Bearer", "MAC", "bEAreR", "nonsense"]),
                "refresh_token": words,
                "mac_key": st.sampled_from(["secret", b"secret"]),
                "mac_algorithm": st.just("hmac-sha-1"),
                "default_token_placement": placements,
                "state": words,
                "redirect_url": words,
                "code_verifier": words,
                "code_challenge": words,
                "code_challenge_method": words,
                "client_secret": words,
                "nonsense": words,
            },
        ),
    )
    def construct(self, client_id: object, scope: object, token: object, keywords: dict[str, object]) -> None:
        """Construct both."""
        self.facade, self.original = pair(client_id, scope=scope, token=copy.deepcopy(token), **keywords)
        assert state(self.original) == state(self.facade)

    @rule(body=bodies, scope=scopes, include=st.one_of(st.booleans(), odd), more=extras)
    def prepare_request_body(self, body: object, scope: object, include: object, more: dict[str, object]) -> None:
        """Compose the body of a token request."""
        self.method("prepare_request_body", body, scope, include, **more)

    @rule(body=bodies, token=st.one_of(st.none(), words), scope=scopes, more=extras, include=st.booleans())
    def prepare_refresh_body(
        self, body: object, token: object, scope: object, more: dict[str, object], include: bool
    ) -> None:
        """Compose the body of a refresh request."""
        self.method("prepare_refresh_body", body, token, scope, **more)
        self.method("prepare_refresh_body", body, token, include_client_id=include, **more)

    @rule(
        url=urls,
        body=bodies,
        redirect=st.one_of(st.none(), words),
        response=st.sampled_from(["", None, "x"]),
        more=extras,
    )
    def prepare_token_request(
        self, url: object, body: object, redirect: object, response: object, more: dict[str, object]
    ) -> None:
        """Compose a token request."""
        self.method("prepare_token_request", url, response, redirect, "state", body, **more)

    @rule(url=urls, more=st.sampled_from([{"redirect_uri": "x"}, {"scope": ["a"], "include_client_id": True}]))
    def prepare_token_request_through(self, url: object, more: dict[str, object]) -> None:
        """Compose a token request with keywords for its body."""
        self.method("prepare_token_request", url, **more)

    @rule(url=urls, token=st.one_of(st.none(), words), body=bodies, scope=scopes, more=extras)
    def prepare_refresh_token_request(
        self, url: object, token: object, body: object, scope: object, more: dict[str, object]
    ) -> None:
        """Compose a refresh request."""
        self.method("prepare_refresh_token_request", url, token, body, scope, **more)

    @rule(
        url=urls,
        token=st.one_of(words, odd),
        hint=st.one_of(st.none(), st.sampled_from(["refresh_token", "", "x"])),
        body=bodies,
        more=st.one_of(extras, st.sampled_from([{"callback": None}, {"url": 1}])),
    )
    def revoke(self, url: object, token: object, hint: object, body: object, more: dict[str, object]) -> None:
        """Compose a revocation request."""
        self.method("prepare_token_revocation_request", url, token, hint, body, **more)

    @rule(url=urls, given=st.one_of(st.just("state"), words.filter(bool)), redirect=st.one_of(st.none(), words))
    def authorize(self, url: object, given: str, redirect: object) -> None:
        """Compose an authorization request, which this grant does not have."""
        self.method("prepare_authorization_request", url, given, redirect)
        self.method("prepare_request_uri", url, scope="a")
        self.method("parse_request_uri_response", "https://x/?code=1")

    @rule(answer=members(), scope=scopes, form=st.sampled_from(["text", "bytes", "pretty", "form"]))
    def parse(self, answer: dict[str, object], scope: object, form: str) -> None:
        """Parse a response in JSON or form text."""
        assume(not row_5(answer) and has_no_nan(answer))
        # Row 3: the facade reads an error before it rejects a scope of the caller.
        assume(
            "error" not in answer or not {type(scope), type(self.facade.scope)} & {frozenset, dict, int, bool, bytes}
        )
        if form == "form":
            # A list and null have no form text, and an empty value is dropped.
            texts = {name: str(value) for name, value in answer.items() if value and not isinstance(value, list | dict)}
            assume(not row_5(texts) and texts.get("expires_in") not in ("3600.9", "1000.0", "True"))  # row 3
            assume(texts.get("error") != "None")
            text: str | bytes = "&".join([f"{name}={value}".replace("+", "%2B") for name, value in texts.items()])
            assume("access_token" not in texts or f"access_token={texts['access_token']}" in text)
        else:
            text = json.dumps(answer, indent=1 if form == "pretty" else None)
        self.parse_text(text.encode() if form == "bytes" and isinstance(text, str) else text, scope)

    @rule(
        text=st.sampled_from(
            ["", "x", "access_token=a&a", b"access_token=a", "{", '{"access_token":"a"', None, 5, "a=1&a=2"]
        ),
        scope=scopes,
    )
    def parse_junk(self, text: object, scope: object) -> None:
        """Parse a text without a token."""
        self.parse_text(text, scope)

    def parse_text(self, text: object, scope: object) -> None:
        """Parse *text* with both, after the original has forgotten its token as in row 14."""
        before = dict(vars(self.original))
        known = self.facade._before_tokens
        self.original.__dict__.pop("expires_at", None)
        vars(self.original).update(expires_in=None, _expires_at=None)
        if known is not None:
            vars(self.original).update(token_type=known[0], mac_key=known[1], mac_algorithm=known[2])
        forgotten, token = dict(vars(self.original)), self.original.token

        def call(client: object) -> object:
            if client is not self.original:
                return getattr(client, "parse_request_body_response")(text, scope)  # noqa: B009  # any argument
            try:
                return self.original.parse_request_body_response(text, scope)  # type: ignore[arg-type]
            finally:
                if self.original.token is token and vars(self.original) == forgotten:
                    vars(self.original).update(before)

        self.same(call)

    @rule(answer=members(error=False))
    def populate(self, answer: dict[str, object]) -> None:
        """Set the members of a token as attributes."""
        self.method("populate_token_attributes", answer)

    @rule(answer=st.sampled_from([None, "abc", ["access_token"], {"code": "x"}, {}]))
    def populate_junk(self, answer: object) -> None:
        """Set attributes from something that is not a token."""
        self.method("populate_token_attributes", answer)
        self.method("populate_code_attributes", answer)

    @rule(answer=members(error=False))
    def populate_by_the_deprecated_name(self, answer: dict[str, object]) -> None:
        """Call the deprecated name of the method, which warns."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.method("_populate_attributes", answer)
        assert len({str(warning.message) for warning in caught}) == 1
        assert [DeprecationWarning, DeprecationWarning] == [warning.category for warning in caught]

    @precondition(lambda self: self.facade.access_token or not self.facade.token)  # row 12: no `Bearer None`
    @rule(
        url=urls,
        body=st.one_of(st.none(), words, st.just(b"x=1"), st.just("")),
        headers=st.sampled_from([None, {}, {"Accept": "a/b"}, {"Authorization": "x"}, [("a", "b")]]),  # row 27: case
        placement=placements,
        more=st.sampled_from([{}, {}, {}, {"nonce": "zzz"}, {"draft": 1}, {"issue_time": 5, "ext": "e"}, {"foo": 1}]),
    )
    def add_token(self, url: object, body: object, headers: object, placement: object, more: dict[str, object]) -> None:
        """Add a token to a request."""
        assume(isinstance(url, str))  # any other type is undocumented, and passes the check only if http is allowed
        self.method("add_token", url, "POST", body, headers, placement, **more)

    @rule(length=st.sampled_from([42, 129, "43", 43.5, 43, 128]))
    def create_code_verifier(self, length: object) -> None:
        """Create a code verifier; a random one is compared by its length, then made equal."""
        number = cast("int", length)
        theirs = outcome(lambda: self.original.create_code_verifier(number))
        ours = outcome(lambda: self.facade.create_code_verifier(number))
        if isinstance(theirs, str):
            assert isinstance(ours, str)
            assert len(theirs) == len(ours)
            self.facade.code_verifier = self.original.code_verifier
        else:
            assert theirs == ours

    @rule(
        verifier=st.one_of(st.just("dBjftJeZ4CVP"), st.sampled_from([None, "é"])),
        method=st.sampled_from([None, "S256"]),
    )
    def create_code_challenge(self, verifier: object, method: object) -> None:
        """Create a code challenge, except for explicit ``plain`` and unknown methods (row 26)."""
        self.method("create_code_challenge", verifier, method)

    @rule(
        name=st.sampled_from(["access_token", "scope", "default_token_placement", "_expires_at", "refresh_token_key"]),
        data=st.data(),
    )
    def assign(self, name: str, data: st.DataObject) -> None:
        """Set an attribute from outside."""
        pool: dict[str, st.SearchStrategy[object]] = {
            "access_token": st.one_of(st.none(), access_tokens),
            "scope": scopes,
            "default_token_placement": placements,
            "_expires_at": st.sampled_from([None, 0, 5, NOW, 2000.5]),
            "refresh_token_key": st.just("urn:x"),
        }
        value = data.draw(pool[name])
        self.same(lambda client: setattr(client, name, value))

    @rule(token=st.one_of(st.just({}), members(error=False)))
    def assign_token(self, token: dict[str, object]) -> None:
        """Store a token as requests-oauthlib does."""
        self.same(lambda client: setattr(client, "token", dict(token)))
        self.method("populate_token_attributes", token)

    @rule()
    def remove_access_token(self) -> None:
        """Forget a token as requests-oauthlib does."""
        if hasattr(self.facade, "access_token"):
            self.same(lambda client: delattr(client, "access_token"))
            self.same(lambda client: setattr(client, "access_token", None))

    @rule(seconds=st.sampled_from([0.2, 5.0, 3600.0]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    @rule(name=st.sampled_from(SWITCHES), value=st.sampled_from(["", "0", "1", "false"]))
    def switch(self, name: str, value: str) -> None:
        """Change the environment."""
        os.environ[name] = value


TestBoth = Both.TestCase
TestBoth.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_the_comparison_finds_a_difference() -> None:
    """The comparison distinguishes clients that differ."""
    facade, original = pair("your_id")
    assert state(original) == state(facade)
    facade.scope = "a"
    assert state(original) != state(facade)
    assert comparable(facade.parse_request_body_response('{"access_token": "x"}')) != comparable({"access_token": "x"})


@pytest.mark.parametrize(
    ("now", "ends_at", "ended"), [(NOW, NOW, False), (NOW, 1000, True), (NOW, 0, False), (NOW, None, False)]
)
def test_a_token_is_valid_until_its_expiry(now: float, ends_at: float | None, ended: bool) -> None:
    """A token is valid up to its expiry, that moment included."""
    clients = pair("your_id", access_token="tok")
    with patch("time.time", lambda: now):
        for client in clients:
            vars(client).update(_expires_at=ends_at)
            result = outcome(lambda client=client: client.add_token("https://api.example/"))  # type: ignore[misc]
            assert ended == isinstance(result, Raised)


@pytest.mark.parametrize("moment", [0, "", None, [], "2006-01-02T15:04:05Z", 5, "5"])
def test_a_token_with_lifetime_and_moment_expires_as_in_oauthlib(moment: object) -> None:
    """A response with a lifetime and a moment expires as in oauthlib."""
    facade, original = pair("your_id")
    text = json.dumps({"access_token": "tok", "expires_in": 3600, "expires_at": moment})
    with patch("time.time", lambda: NOW):
        theirs, ours = [outcome(lambda c=c: c.parse_request_body_response(text)) for c in (original, facade)]  # type: ignore[misc]
    assert theirs == ours
    assert state(original) == state(facade)


@pytest.mark.parametrize("more", [{"nonce": "zzz"}, {"nonce": "zzz", "ext": "e"}, {"nonce": "zzz", "body": None}])
@pytest.mark.parametrize("algorithm", ["hmac-sha-1", "HMAC-SHA-256"])
def test_a_mac_header_equals_oauthlibs(more: dict[str, object], algorithm: str) -> None:
    """A MAC header with a given nonce equals oauthlib's."""
    keywords = {"body": "not=empty", **more}
    facade, original = pair("your_id", token_type="MAC", access_token="tok", mac_key="secret", mac_algorithm=algorithm)
    url = "https://example.com:8443/path?query=world"
    theirs = outcome(lambda: getattr(original, "add_token")(url, **keywords))  # noqa: B009  # any keywords
    ours = outcome(lambda: getattr(facade, "add_token")(url, **keywords))  # noqa: B009
    assert theirs == ours
    assert "zzz" in str(ours)
