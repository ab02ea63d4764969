"""
Scope: the grammar of RFC 6749 section 3.3, and its set operators.
"""

import copy
import operator
import pickle
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_cc import Scope
from oauth_cc.errors import InvalidInput
from tests.strategies import NQCHAR, scope_tokens, scopes

# Few tokens, so that two scopes often have common ones.
small_lists = st.lists(st.sampled_from(["a", "b", "c", "A"]), max_size=4)
small_scopes = small_lists.map(lambda tokens: Scope.of(*tokens))
hostile_texts = st.text(st.one_of(st.sampled_from([*NQCHAR, " ", '"', "\\", "\n"]), st.characters()), max_size=12)


def untyped(value: object) -> Any:
    """Return *value* with the type that an unchecked program sees."""
    return value


class TestGrammar:
    @given(st.lists(scope_tokens(), max_size=6))
    def test_valid_tokens_keep_their_order_without_repetitions(self, tokens: list[str]) -> None:
        """The first of equal tokens counts."""
        assert list(dict.fromkeys(tokens)) == list(Scope.of(*tokens))

    @pytest.mark.parametrize("character", sorted(set(map(chr, range(0x180))) - set(NQCHAR)), ids=ascii)
    def test_a_character_outside_nqchar_is_rejected_at_every_position(self, character: str) -> None:
        """The position may be the start, the middle or the end of a token."""
        for token in (character, f"{character}a", f"a{character}b", f"a{character}"):
            with pytest.raises(InvalidInput):
                Scope.of("ok", token)

    @pytest.mark.parametrize("text", [" ", " a", "a ", "a  b", "a\tb", "a\nb", "a\u00a0b"], ids=ascii)
    def test_only_single_spaces_may_separate_scope_tokens(self, text: str) -> None:
        """Other white space is rejected, and so is a space at an end."""
        with pytest.raises(InvalidInput):
            Scope.parse(text)

    def test_the_scope_of_nothing_is_empty(self) -> None:
        """All ways to make it return equal scopes."""
        assert Scope() == Scope.of() == Scope.parse("") == Scope(())
        assert ("", 0, []) == (str(Scope()), len(Scope()), list(Scope()))

    def test_scope_tokens_are_case_sensitive(self) -> None:
        """RFC 6749 section 3.3 requires it."""
        assert 3 == len(Scope.of("read", "Read", "READ"))

    @given(scopes())
    @example(Scope())
    def test_parse_is_the_inverse_of_str(self, scope: Scope) -> None:
        """The order is kept."""
        assert scope.tokens == Scope.parse(str(scope)).tokens

    @given(hostile_texts)
    @example("\ud800")
    @example('"')
    def test_any_text_is_a_scope_or_invalid_input(self, text: str) -> None:
        """Nothing else is raised."""
        try:
            scope = Scope.parse(text)
        except InvalidInput:
            assert not all(token and set(token) <= set(NQCHAR) for token in text.split(" "))
        else:
            assert " ".join(dict.fromkeys(text.split(" "))) == str(scope)

    @given(st.lists(hostile_texts, max_size=3))
    def test_any_tokens_are_a_scope_or_invalid_input(self, tokens: list[str]) -> None:
        """Nothing else is raised."""
        try:
            scope = Scope.of(*tokens)
        except InvalidInput:
            assert not all(token and set(token) <= set(NQCHAR) for token in tokens)
        else:
            assert tuple(dict.fromkeys(tokens)) == scope.tokens


class TestRefusals:
    @pytest.mark.parametrize(
        ("expected", "tokens"),
        [
            ("scope-token 1 must not be empty", ("",)),
            ("scope-token 2 must not be empty", ("a", "", "b")),
            ("scope-token 1 must not contain ' '", ("a b",)),
            ("scope-token 3 must not contain '\"'", ("a", "b", 'c"d')),
            (r"scope-token 1 must not contain '\\n'", ("a\n",)),
            (r"scope-token 1 must not contain '\\ud800'", ("\ud800",)),
            (r"scope-token 1 must not contain '\\xe9'", ("é",)),
        ],
    )
    def test_an_error_names_the_first_invalid_token_and_character(self, expected: str, tokens: tuple[str, ...]) -> None:
        """The text of the error is ASCII."""
        with pytest.raises(InvalidInput, match=f"^{expected}") as caught:
            Scope.of(*tokens)
        assert str(caught.value).isascii()

    def test_an_error_does_not_quote_the_token(self) -> None:
        """It may be a secret in the wrong place."""
        with pytest.raises(InvalidInput) as caught:
            Scope.parse("read s3cret\x1bvalue")
        assert "s3cret" not in f"{caught.value!r} {vars(caught.value)}"
        assert "value" not in str(caught.value)

    @pytest.mark.parametrize("tokens", [None, ["read"], {"read"}, (1,), (b"read",), (None,), ("a", 1)], ids=repr)
    def test_anything_but_a_tuple_of_str_is_rejected(self, tokens: object) -> None:
        """A list or set is, too."""
        with pytest.raises(InvalidInput, match=r"^scope must be a tuple of str; use Scope\.of") as caught:
            Scope(untyped(tokens))
        assert (None, None) == (caught.value.__cause__, caught.value.__context__)

    @pytest.mark.parametrize("text", ["read", "read write", ""])
    def test_a_str_in_place_of_a_tuple_gets_the_advice_to_use_parse(self, text: str) -> None:
        """Its characters would pass for tokens."""
        with pytest.raises(
            InvalidInput, match=r"^scope must be a tuple of scope-tokens, not a str; use Scope\.parse\('a b'\)$"
        ):
            Scope(untyped(text))

    @pytest.mark.parametrize("text", [None, b"read", ["read"], Scope.of("read")], ids=repr)
    def test_parse_rejects_anything_but_a_str(self, text: object) -> None:
        """The error names the type."""
        with pytest.raises(InvalidInput, match=rf"^text of a scope must be a str, not {type(text).__name__}; "):
            Scope.parse(untyped(text))


class TestEquality:
    @given(small_lists.flatmap(lambda tokens: st.tuples(st.just(tokens), st.permutations(tokens))))
    def test_equality_ignores_order_and_repetitions(self, orders: tuple[list[str], list[str]]) -> None:
        """Equal scopes have equal hashes."""
        left, right = Scope.of(*orders[0]), Scope.of(*orders[1], *orders[0])
        assert left == right
        assert hash(left) == hash(right)

    @given(small_scopes, small_scopes)
    def test_scopes_are_equal_exactly_if_their_sets_of_tokens_are(self, left: Scope, right: Scope) -> None:
        """Nothing else decides."""
        assert (set(left) == set(right)) == (left == right)

    @pytest.mark.parametrize("stranger", ["a", ("a",), {"a"}, frozenset({"a"}), None], ids=repr)
    def test_a_scope_is_not_equal_to_any_other_object(self, stranger: object) -> None:
        """Not even a set of the same tokens is equal."""
        assert stranger != Scope.of("a")


class TestAlgebra:
    @given(small_scopes, small_scopes)
    def test_operators_return_what_they_return_for_sets(self, left: Scope, right: Scope) -> None:
        """The operators are ``|``, ``-`` and ``<=``."""
        assert set(left) | set(right) == set(left | right)
        assert set(left) - set(right) == set(left - right)
        assert (set(left) <= set(right)) == (left <= right)

    @given(small_scopes, small_scopes, small_scopes)
    def test_union_is_associative_commutative_and_idempotent(self, a: Scope, b: Scope, c: Scope) -> None:
        """The empty scope is its identity."""
        assert ((a | b) | c).tokens == (a | (b | c)).tokens
        assert a | b == b | a
        assert a.tokens == (a | a).tokens == (a | Scope()).tokens == (Scope() | a).tokens

    @given(small_scopes, small_scopes, small_scopes)
    def test_subset_is_a_partial_order(self, a: Scope, b: Scope, c: Scope) -> None:
        """The empty scope is below every scope, a union above its parts."""
        assert a <= a
        assert Scope() <= a <= a | b
        assert not (a <= b and b <= a) or a == b
        assert not (a <= b and b <= c) or a <= c

    @given(small_scopes, small_scopes)
    def test_difference_removes_exactly_the_tokens_of_the_other_scope(self, a: Scope, b: Scope) -> None:
        """Adding the other scope again makes the union."""
        assert not set(a - b) & set(b)
        assert a - b <= a
        assert (a - b) | b == a | b

    @given(small_scopes, small_scopes)
    def test_union_and_difference_keep_the_order(self, a: Scope, b: Scope) -> None:
        """A union lists the left tokens first."""
        assert [*a, *[token for token in b if token not in a]] == list(a | b)
        assert [token for token in a if token not in b] == list(a - b)

    @pytest.mark.parametrize("stranger", ["a", ("a",), {"a"}, None], ids=repr)
    def test_operators_reject_anything_but_a_scope(self, stranger: object) -> None:
        """A str would be split into characters."""
        scope, other = Scope.of("a"), untyped(stranger)
        for operate in (operator.or_, operator.sub, operator.le):
            with pytest.raises(TypeError):
                operate(scope, other)


class TestIsARecord:
    @given(small_scopes, st.sampled_from(["a", "b", "", "a b"]))
    def test_in_finds_whole_tokens_only(self, scope: Scope, text: str) -> None:
        """Parts of tokens and several tokens are not found."""
        assert (text in list(scope)) == (text in scope)

    @pytest.mark.parametrize("stranger", [5, None, b"a", ["a"], Scope.of("a")], ids=repr)
    def test_in_rejects_anything_but_a_str(self, stranger: Any) -> None:
        """It is a mistake of the caller."""
        with pytest.raises(InvalidInput, match=r"^scope membership needs one scope-token as a str"):
            _ = stranger in Scope.of("a")

    @given(small_scopes)
    def test_only_the_empty_scope_is_false(self, scope: Scope) -> None:
        """The length is the number of tokens."""
        assert len(list(scope)) == len(scope)
        assert (scope != Scope()) == bool(len(scope))

    @given(scopes())
    @example(Scope.of("'"))
    def test_repr_is_the_expression_that_makes_the_scope(self, scope: Scope) -> None:
        """Evaluating it returns the scope."""
        assert scope.tokens == eval(repr(scope), {"Scope": Scope}).tokens  # noqa: S307

    @given(scopes())
    def test_a_scope_survives_pickle_and_copy(self, scope: Scope) -> None:
        """The order is kept."""
        back = pickle.loads(pickle.dumps(scope))  # noqa: S301
        assert [scope.tokens] * 3 == [made.tokens for made in (back, copy.copy(scope), copy.deepcopy(scope))]

    def test_a_scope_cannot_be_changed(self) -> None:
        """Setting a field raises an error."""
        scope = Scope.of("a")
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            scope.tokens = ("b",)  # type: ignore[misc]  # what the test proves
        assert not hasattr(scope, "__dict__")

    def test_a_scope_of_20000_tokens_is_made_quickly(self) -> None:
        """Comparing such scopes is quick, too."""
        tokens = [f"t{number}" for number in range(20_000)]
        assert 20_000 == len(Scope.of(*tokens, *tokens))
        assert Scope.of(*tokens) == Scope.of(*reversed(tokens))
