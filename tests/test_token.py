"""
Token: freshness, the Authorization field, and the one way to keep it.
"""

import copy
import json
import math
import pickle
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_cc import HttpRequest, Scope, Secret, Token, authorize, errors, is_expired
from oauth_cc.token import DEFAULT_LIFETIME
from tests import strategies

NOW = 1700000000.0
TOKEN = Token(Secret("tok-1"), "Bearer", NOW, NOW + 3600)

moments = st.floats(0, 1e11)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | strategies.texts(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(strategies.texts(), inner, max_size=3),
    max_leaves=6,
)
tokens = st.builds(
    Token,
    st.text(strategies.VSCHAR[1:], min_size=1).map(Secret),
    st.sampled_from(["Bearer", "DPoP"]),
    moments,
    moments,
    strategies.scopes(),
    strategies.scopes(),
    st.dictionaries(strategies.texts(), json_values, max_size=3),
    st.none() | st.text(strategies.NQCHAR, min_size=1),
    st.booleans(),
)


class TestFreshness:
    """RFC 6749 section 5.1: expires_in."""

    @given(tokens, moments)
    def test_fresh_until_it_ends(self, token: Token, now: float) -> None:
        """A token is fresh before it ends and never after."""
        assert is_expired(token, now) == (now >= token.expires_at)

    def test_no_expiry_is_not_eternity(self) -> None:
        """A token without expiry ends after the default lifetime."""
        token = Token(Secret("tok-1"), "Bearer", NOW)
        assert not is_expired(token, NOW + DEFAULT_LIFETIME - 1)
        assert is_expired(token, NOW + DEFAULT_LIFETIME)


class TestAuthorize:
    """RFC 6750 section 2.1."""

    def test_replaces(self) -> None:
        """The token takes the place of every Authorization field, in any case, and the rest stays."""
        request = HttpRequest("POST", "https://api.example/", [("authorization", "a"), ("X", "b")], b"body")
        call = authorize(authorize(request, TOKEN), TOKEN)
        assert call == HttpRequest(
            "POST", "https://api.example/", [("X", "b"), ("Authorization", "Bearer tok-1")], b"body"
        )

    def test_https_only(self) -> None:
        """A token goes to https, and to http on this machine (RFC 6750 section 5.3)."""
        with pytest.raises(errors.InsecureEndpoint):
            authorize(HttpRequest("GET", "http://api.example/"), TOKEN)
        local = HttpRequest("GET", "http://localhost:8000/?access_token=is-the-api's-own-affair")
        assert authorize(local, TOKEN).headers == (("Authorization", "Bearer tok-1"),)

    def test_dpop(self) -> None:
        """A bound token is not sent as if it were a bearer token (RFC 9449 section 7)."""
        with pytest.raises(errors.InvalidInput, match="DPoP proof"):
            authorize(HttpRequest("GET", "https://api.example/"), attrs.evolve(TOKEN, token_type="DPoP"))


class TestStored:
    """to_json and from_json."""

    @given(tokens)
    def test_round_trip(self, token: Token) -> None:
        """A token comes back whole."""
        assert Token.from_json(token.to_json()) == token

    @given(st.text() | json_values.map(json.dumps))
    @example("")
    @example("{}")
    @example("[" * 100_000)
    def test_any_text(self, text: str) -> None:
        """Any other text is one error."""
        with pytest.raises(errors.InvalidInput):
            Token.from_json(text)

    @pytest.mark.parametrize(
        "change",
        [
            {"access_token": 5},
            {"access_token": "a b"},
            {"token_type": "mac"},
            {"received_at": "1"},
            {"received_at": True},
            {"received_at": 1e400},
            {"expires_at": []},
            {"scope": "a  b"},
            {"requested_scope": None},
            {"extra": []},
            {"dpop_jkt": 5},
            {"lifetime_assumed": 1},
            {"expires_at": None},
            {"unknown": 1},
        ],
    )
    def test_tampered(self, change: dict[str, object]) -> None:
        """A text changed by another hand is refused whole."""
        with pytest.raises(errors.InvalidInput):
            Token.from_json(json.dumps({**json.loads(TOKEN.to_json()), **change}))

    def test_no_text(self) -> None:
        """Bytes and None are no stored token."""
        texts: list[Any] = [None, b"{}", 5]
        for text in texts:
            with pytest.raises(errors.InvalidInput, match="is no text"):
                Token.from_json(text)


class TestRecord:
    """A token is valid or not at all."""

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("access_token", "tok-1"),
            ("access_token", Secret("")),
            ("access_token", Secret("a\r\nb")),
            ("token_type", "bearer"),
            ("received_at", math.nan),
            ("received_at", None),
            ("expires_at", math.inf),
            ("expires_at", True),
            ("scope", "a b"),
            ("requested_scope", None),
            ("extra", None),
            ("extra", {1: 2}),
            ("extra", {"a": object()}),
            ("dpop_jkt", 5),
            ("lifetime_assumed", None),
        ],
    )
    def test_refused(self, field: str, value: Any) -> None:
        """A field of another type or form is refused."""
        with pytest.raises(errors.InvalidInput):
            attrs.evolve(TOKEN, **{field: value})

    def test_members_are_a_copy(self) -> None:
        """What the caller does to a mapping afterwards does not reach the token."""
        members: dict[str, list[int]] = {"a": [1]}
        token = attrs.evolve(TOKEN, extra=members)
        members["a"].append(2)
        assert token.extra == {"a": (1,)}

    def test_copies_are_itself(self) -> None:
        """Copying a record that cannot change gives the record."""
        token = attrs.evolve(TOKEN, extra={"a": [1]})
        assert copy.copy(token) is token
        assert copy.deepcopy(token) is token
        assert hash(token) == hash(attrs.evolve(token, extra={"a": [1]}))

    def test_hidden(self) -> None:
        """Neither the token nor its members are shown, and pickle is refused with the way to keep it."""
        token = attrs.evolve(TOKEN, extra={"id_token": "hidden"})
        assert "tok-1" not in repr(token)
        assert "extra=<1 not shown>" in repr(token)
        with pytest.raises(TypeError, match="to_json"):
            pickle.dumps(token)

    def test_differences_of_scope(self) -> None:
        """What is missing and what is additional are scopes (RFC 6749 section 3.3)."""
        token = attrs.evolve(TOKEN, scope=Scope.of("b", "c"), requested_scope=Scope.of("a", "b"))
        assert token.missing_scope == Scope.of("a")
        assert token.additional_scope == Scope.of("c")
