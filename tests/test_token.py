"""
Token: its expiry, the Authorization field, and storing it.
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

from oauth_cc import HttpRequest, Placement, Scope, Secret, Token, authorize, errors, is_expired
from oauth_cc.token import DEFAULT_LIFETIME, authorization, bearer_authorization
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
    strategies.ascii_texts(strategies.VSCHAR[1:], min_size=1).map(Secret),
    st.sampled_from(["Bearer", "DPoP"]),
    moments,
    moments,
    strategies.scopes(),
    strategies.scopes(),
    st.dictionaries(strategies.texts(), json_values, max_size=3),
    st.none() | st.text(strategies.NQCHAR, min_size=1),
    st.booleans(),
    st.booleans(),
    oddities=st.lists(st.sampled_from(["white_space", "scope_unreadable"]), unique=True).map(tuple),
)


class TestFreshness:
    """The expiry of a token (RFC 6749 section 5.1)."""

    @given(tokens, moments)
    def test_a_token_is_expired_from_expires_at_on(self, token: Token, now: float) -> None:
        """It is not expired before."""
        assert is_expired(token, now) == (now >= token.expires_at)

    def test_a_token_without_expiry_has_the_default_lifetime(self) -> None:
        """It does not live forever."""
        token = Token(Secret("tok-1"), "Bearer", NOW)
        assert not is_expired(token, NOW + DEFAULT_LIFETIME - 1)
        assert is_expired(token, NOW + DEFAULT_LIFETIME)


class TestAuthorize:
    """The Authorization field (RFC 6750 section 2.1)."""

    def test_authorize_replaces_every_authorization_field(self) -> None:
        """The name counts in any case, and all other fields stay."""
        request = HttpRequest("POST", "https://api.example/", [("authorization", "a"), ("X", "b")], b"body")
        call = authorize(authorize(request, TOKEN), TOKEN)
        assert call == HttpRequest(
            "POST", "https://api.example/", [("X", "b"), ("Authorization", "Bearer tok-1")], b"body"
        )

    def test_a_token_is_sent_to_https_or_loopback_only(self) -> None:
        """RFC 6750 section 5.3 requires TLS."""
        with pytest.raises(errors.InsecureEndpoint):
            authorize(HttpRequest("GET", "http://api.example/"), TOKEN)
        local = HttpRequest("GET", "http://localhost:8000/?access_token=is-the-api's-own-affair")
        assert authorize(local, TOKEN).headers == (("Authorization", "Bearer tok-1"),)

    def test_a_dpop_token_is_not_sent_as_a_bearer_token(self) -> None:
        """RFC 9449 section 7 requires a proof."""
        with pytest.raises(errors.InvalidInput, match=r"^no DPoP proof; a call with a DPoP token needs one of its own"):
            authorize(HttpRequest("GET", "https://api.example/"), attrs.evolve(TOKEN, token_type="DPoP"))

    def test_a_header_of_the_programs_own_is_for_bearer_tokens_in_their_usual_place(self) -> None:
        """For any other token the error names the function that places it, and quotes no token."""
        assert bearer_authorization(TOKEN).reveal() == "Bearer tok-1"
        others = {
            "needs a proof for each call": attrs.evolve(TOKEN, token_type="DPoP"),
            "header X-Api-Token, alone": attrs.evolve(TOKEN, placement=Placement("X-Api-Token", scheme=None)),
            "header Authorization, after Zoho": attrs.evolve(TOKEN, placement=Placement(scheme="Zoho")),
        }
        for reason, token in others.items():
            with pytest.raises(errors.InvalidInput, match=rf"{reason}.*use authorize\(call, token\)") as raised:
                bearer_authorization(token)
            assert "tok-1" not in str(raised.value)

    def test_the_header_alone_is_not_written_for_a_dpop_token(self) -> None:
        """Other libraries that take a header cannot make a proof for each call."""
        for write in (authorization, bearer_authorization):
            with pytest.raises(
                errors.InvalidInput, match=r"^token must be a Bearer token; a .*DPoP token needs a proof"
            ):
                write(attrs.evolve(TOKEN, token_type="DPoP"))

    def test_a_dpop_token_and_its_proof_take_a_header_each(self) -> None:
        """There is exactly one of each (RFC 9449 sections 4.1 and 7.1)."""
        bound = attrs.evolve(TOKEN, token_type="DPoP")
        call = HttpRequest("GET", "https://api.example/", [("dpop", "old"), ("authorization", "Bearer old")])
        for proof in ("e30.e30.c2ln", Secret("e30.e30.c2ln")):
            headers = authorize(call, bound, proof=proof).headers
            assert headers == (("Authorization", "DPoP tok-1"), ("DPoP", "e30.e30.c2ln"))

    @pytest.mark.parametrize("proof", ["", "e30.e30", "a b.c.d", "a.b.c\r\nX: y", 5, Secret("no-jwt")])
    def test_a_proof_that_is_not_a_signed_jwt_is_rejected(self, proof: Any) -> None:
        """The error does not quote it."""
        with pytest.raises(errors.InvalidInput, match=r"^DPoP proof must be a signed JWT as str or Secret; dpop_proof"):
            authorize(HttpRequest("GET", "https://api.example/"), attrs.evolve(TOKEN, token_type="DPoP"), proof=proof)

    def test_a_bearer_token_has_no_proof(self) -> None:
        """The caller has mistaken the token."""
        with pytest.raises(errors.InvalidInput, match=r"^DPoP proof must be left out for a bearer token"):
            authorize(HttpRequest("GET", "https://api.example/"), TOKEN, proof="e30.e30.c2ln")


class TestStored:
    """The methods to_json and from_json."""

    @given(tokens)
    def test_a_token_survives_to_json_and_from_json(self, token: Token) -> None:
        """Every field is kept."""
        assert Token.from_json(token.to_json()) == token

    @given(st.text() | json_values.map(json.dumps))
    @example("")
    @example("{}")
    @example("[" * 100_000)
    def test_any_other_text_is_invalid_input(self, text: str) -> None:
        """Nothing else is raised."""
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
            {"scope_assumed": 1},
            {"scope_assumed": None},
            {"placement": {"header": "X-Access-Token", "scheme": None}},
            {"oddities": []},
            {"expires_at": None},
            {"unknown": 1},
        ],
    )
    def test_a_stored_token_with_an_invalid_field_is_rejected(self, change: dict[str, object]) -> None:
        """So is one with an unknown field."""
        with pytest.raises(errors.InvalidInput):
            Token.from_json(json.dumps({**json.loads(TOKEN.to_json()), **change}))

    def test_a_stored_token_must_be_a_str(self) -> None:
        """Bytes and None are rejected."""
        texts: list[Any] = [None, b"{}", 5]
        for text in texts:
            with pytest.raises(errors.InvalidInput, match="is not a str"):
                Token.from_json(text)


class TestRecord:
    """A token is always valid."""

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
            ("scope_assumed", 1),
            ("placement", None),
            ("placement", "Authorization"),
            ("oddities", None),
            ("oddities", ["white_space"]),
            ("oddities", ("white space",)),
            ("oddities", ([],)),
        ],
    )
    def test_an_invalid_field_is_rejected(self, field: str, value: Any) -> None:
        """The type or the form is wrong."""
        with pytest.raises(errors.InvalidInput):
            attrs.evolve(TOKEN, **{field: value})

    @pytest.mark.parametrize(
        "field", ["access_token", "token_type", "received_at", "scope", "dpop_jkt", "scope_assumed"]
    )
    def test_a_stored_token_without_a_field_is_rejected(self, field: str) -> None:
        """Another release may have written it."""
        stored = json.loads(TOKEN.to_json())
        del stored[field]
        with pytest.raises(errors.InvalidInput, match=r"^stored token must be text that to_json\(\) wrote"):
            Token.from_json(json.dumps(stored))

    def test_the_extra_members_are_a_copy(self) -> None:
        """Later changes of the original do not reach the token."""
        members: dict[str, list[int]] = {"a": [1]}
        token = attrs.evolve(TOKEN, extra=members)
        members["a"].append(2)
        assert token.extra == {"a": (1,)}

    def test_a_token_is_its_own_copy(self) -> None:
        """It cannot change."""
        token = attrs.evolve(TOKEN, extra={"a": [1]})
        assert copy.copy(token) is token
        assert copy.deepcopy(token) is token
        assert hash(token) == hash(attrs.evolve(token, extra={"a": [1]}))

    def test_repr_redacts_a_token_and_pickle_is_rejected(self) -> None:
        """The error names to_json."""
        token = attrs.evolve(TOKEN, extra={"id_token": "hidden"})
        assert "tok-1" not in repr(token)
        assert "extra=<1 not shown>" in repr(token)
        with pytest.raises(TypeError, match="to_json"):
            pickle.dumps(token)

    def test_missing_and_additional_scope_compare_requested_and_granted(self) -> None:
        """RFC 6749 section 3.3 lets a server grant another scope."""
        token = attrs.evolve(TOKEN, scope=Scope.of("b", "c"), requested_scope=Scope.of("a", "b"))
        assert token.missing_scope == Scope.of("a")
        assert token.additional_scope == Scope.of("c")
