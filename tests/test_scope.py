"""
Scope: the grammar of RFC 6749 section 3.3, and the algebra of sets.
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

# Few tokens, so that two scopes often share some.
small_lists = st.lists(st.sampled_from(["a", "b", "c", "A"]), max_size=4)
small_scopes = small_lists.map(lambda tokens: Scope.of(*tokens))
hostile_texts = st.text(st.one_of(st.sampled_from([*NQCHAR, " ", '"', "\\", "\n"]), st.characters()), max_size=12)


def untyped(value: object) -> Any:
    """Gives *value* as a program without a type checker would."""
    return value


class TestGrammar:
    @given(st.lists(scope_tokens(), max_size=6))
    def test_legal_tokens(self, tokens: list[str]) -> None:
        """Tokens inside the grammar are kept in the order given, each once."""
        assert list(dict.fromkeys(tokens)) == list(Scope.of(*tokens))

    @pytest.mark.parametrize("character", sorted(set(map(chr, range(0x180))) - set(NQCHAR)), ids=ascii)
    def test_illegal_characters(self, character: str) -> None:
        """A character outside NQCHAR is refused at the start, amid and at the end of a token."""
        for token in (character, f"{character}a", f"a{character}b", f"a{character}"):
            with pytest.raises(InvalidInput):
                Scope.of("ok", token)

    @pytest.mark.parametrize("text", [" ", " a", "a ", "a  b", "a\tb", "a\nb", "a\u00a0b"], ids=ascii)
    def test_exactly_one_space(self, text: str) -> None:
        """Scope-tokens have one space between them, none at the ends, and no other blank."""
        with pytest.raises(InvalidInput):
            Scope.parse(text)

    def test_empty(self) -> None:
        """The scope of nothing is empty, however it is made."""
        assert Scope() == Scope.of() == Scope.parse("") == Scope(())
        assert ("", 0, []) == (str(Scope()), len(Scope()), list(Scope()))

    def test_case_and_code_points_count(self) -> None:
        """Scope-tokens are compared by their characters, case included (RFC 6749 section 3.3)."""
        assert 3 == len(Scope.of("read", "Read", "READ"))

    @given(scopes())
    @example(Scope())
    def test_parse_is_the_inverse_of_str(self, scope: Scope) -> None:
        """Parsing the text of a scope gives the scope again, in its order."""
        assert scope.tokens == Scope.parse(str(scope)).tokens

    @given(hostile_texts)
    @example("\ud800")
    @example('"')
    def test_any_text(self, text: str) -> None:
        """Any text is a scope with that text, less repetitions, or an `InvalidInput`, and nothing else."""
        try:
            scope = Scope.parse(text)
        except InvalidInput:
            assert not all(token and set(token) <= set(NQCHAR) for token in text.split(" "))
        else:
            assert " ".join(dict.fromkeys(text.split(" "))) == str(scope)

    @given(st.lists(hostile_texts, max_size=3))
    def test_any_tokens(self, tokens: list[str]) -> None:
        """Any tokens are a scope of just these, or an `InvalidInput`, and nothing else."""
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
            ("scope-token 1 is empty", ("",)),
            ("scope-token 2 is empty", ("a", "", "b")),
            ("scope-token 1 holds ' '", ("a b",)),
            ("scope-token 3 holds '\"'", ("a", "b", 'c"d')),
            (r"scope-token 1 holds '\\n'", ("a\n",)),
            (r"scope-token 1 holds '\\ud800'", ("\ud800",)),
            (r"scope-token 1 holds '\\xe9'", ("é",)),
        ],
    )
    def test_names_the_place(self, expected: str, tokens: tuple[str, ...]) -> None:
        """The error counts to the first token at fault and names its first strange character in ASCII."""
        with pytest.raises(InvalidInput, match=f"^scope: {expected}") as caught:
            Scope.of(*tokens)
        assert str(caught.value).isascii()

    def test_quotes_no_token(self) -> None:
        """The error does not quote the token, which may be a secret pasted into the wrong place."""
        with pytest.raises(InvalidInput) as caught:
            Scope.parse("read s3cret\x1bvalue")
        assert "s3cret" not in f"{caught.value!r} {vars(caught.value)}"
        assert "value" not in str(caught.value)

    @pytest.mark.parametrize("tokens", [None, ["read"], {"read"}, (1,), (b"read",), (None,), ("a", 1)], ids=repr)
    def test_what_is_no_tuple_of_str(self, tokens: object) -> None:
        """Anything but a tuple of str is refused, a single str too, whose characters would pass for tokens."""
        with pytest.raises(InvalidInput, match=r"^scope: give scope-tokens as str: Scope\.of") as caught:
            Scope(untyped(tokens))
        assert (None, None) == (caught.value.__cause__, caught.value.__context__)

    @pytest.mark.parametrize("text", ["read", "read write", ""])
    def test_text_is_led_to_parse(self, text: str) -> None:
        """One str is no tuple of scope-tokens."""
        with pytest.raises(InvalidInput, match=r"takes a tuple of scope-tokens, not str; use Scope\.parse\('a b'\)"):
            Scope(untyped(text))

    @pytest.mark.parametrize("text", [None, b"read", ["read"], Scope.of("read")], ids=repr)
    def test_parse_takes_text(self, text: object) -> None:
        """`Scope.parse` refuses what is no str, by the name of its type."""
        with pytest.raises(InvalidInput, match=rf"^scope: Scope\.parse takes a str, not {type(text).__name__}$"):
            Scope.parse(untyped(text))


class TestEquality:
    @given(small_lists.flatmap(lambda tokens: st.tuples(st.just(tokens), st.permutations(tokens))))
    def test_ignores_order(self, orders: tuple[list[str], list[str]]) -> None:
        """Scopes of the same tokens are equal and hash alike, in whatever order and however often these are given."""
        left, right = Scope.of(*orders[0]), Scope.of(*orders[1], *orders[0])
        assert left == right
        assert hash(left) == hash(right)

    @given(small_scopes, small_scopes)
    def test_is_that_of_sets(self, left: Scope, right: Scope) -> None:
        """Two scopes are equal exactly if their sets of tokens are."""
        assert (set(left) == set(right)) == (left == right)

    @pytest.mark.parametrize("stranger", ["a", ("a",), {"a"}, frozenset({"a"}), None], ids=repr)
    def test_with_anything_else(self, stranger: object) -> None:
        """A scope equals nothing but a scope."""
        assert stranger != Scope.of("a")


class TestAlgebra:
    @given(small_scopes, small_scopes)
    def test_operators_are_those_of_sets(self, left: Scope, right: Scope) -> None:
        """``|``, ``-`` and ``<=`` give what they give for the sets of tokens."""
        assert set(left) | set(right) == set(left | right)
        assert set(left) - set(right) == set(left - right)
        assert (set(left) <= set(right)) == (left <= right)

    @given(small_scopes, small_scopes, small_scopes)
    def test_union(self, a: Scope, b: Scope, c: Scope) -> None:
        """Union is associative, commutative and idempotent, and the empty scope changes nothing."""
        assert ((a | b) | c).tokens == (a | (b | c)).tokens
        assert a | b == b | a
        assert a.tokens == (a | a).tokens == (a | Scope()).tokens == (Scope() | a).tokens

    @given(small_scopes, small_scopes, small_scopes)
    def test_order(self, a: Scope, b: Scope, c: Scope) -> None:
        """``<=`` is reflexive, antisymmetric and transitive, with the empty scope below all and unions above."""
        assert a <= a
        assert Scope() <= a <= a | b
        assert not (a <= b and b <= a) or a == b
        assert not (a <= b and b <= c) or a <= c

    @given(small_scopes, small_scopes)
    def test_difference(self, a: Scope, b: Scope) -> None:
        """What is taken away is gone, what is left was there, and together they make the whole."""
        assert not set(a - b) & set(b)
        assert a - b <= a
        assert (a - b) | b == a | b

    @given(small_scopes, small_scopes)
    def test_keeps_the_order_given(self, a: Scope, b: Scope) -> None:
        """A union lists the left tokens and then the new ones of the right; a difference keeps the left's order."""
        assert [*a, *[token for token in b if token not in a]] == list(a | b)
        assert [token for token in a if token not in b] == list(a - b)

    @pytest.mark.parametrize("stranger", ["a", ("a",), {"a"}, None], ids=repr)
    def test_with_anything_else(self, stranger: object) -> None:
        """The operators work between scopes alone: a str would be taken apart into characters."""
        scope, other = Scope.of("a"), untyped(stranger)
        for operate in (operator.or_, operator.sub, operator.le):
            with pytest.raises(TypeError):
                operate(scope, other)


class TestIsARecord:
    @given(small_scopes, st.sampled_from(["a", "b", "", "a b"]))
    def test_contains(self, scope: Scope, text: str) -> None:
        """``in`` finds whole tokens, and finds nothing that is no token."""
        assert (text in list(scope)) == (text in scope)

    @pytest.mark.parametrize("stranger", [5, None, b"a", ["a"], Scope.of("a")], ids=repr)
    def test_contains_no_other_thing(self, stranger: Any) -> None:
        """What is no str is never a token: whoever asks for it has made a mistake, and is told."""
        with pytest.raises(InvalidInput, match="ask for one scope-token, as a str"):
            _ = stranger in Scope.of("a")

    @given(small_scopes)
    def test_length_and_truth(self, scope: Scope) -> None:
        """A scope has as many tokens as it lists, and only the empty one is false."""
        assert len(list(scope)) == len(scope)
        assert (scope != Scope()) == bool(len(scope))

    @given(scopes())
    @example(Scope.of("'"))
    def test_repr_reads_back(self, scope: Scope) -> None:
        """The repr of a scope is the expression that makes it."""
        assert scope.tokens == eval(repr(scope), {"Scope": Scope}).tokens  # noqa: S307

    @given(scopes())
    def test_pickled_and_copied(self, scope: Scope) -> None:
        """A scope comes back from pickle and copy with its tokens in their order."""
        back = pickle.loads(pickle.dumps(scope))  # noqa: S301
        assert [scope.tokens] * 3 == [made.tokens for made in (back, copy.copy(scope), copy.deepcopy(scope))]

    def test_frozen(self) -> None:
        """A scope cannot be changed."""
        scope = Scope.of("a")
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            scope.tokens = ("b",)  # type: ignore[misc]  # what the test proves
        assert not hasattr(scope, "__dict__")

    def test_many_tokens(self) -> None:
        """A scope of very many tokens is made and compared without strain."""
        tokens = [f"t{number}" for number in range(20_000)]
        assert 20_000 == len(Scope.of(*tokens, *tokens))
        assert Scope.of(*tokens) == Scope.of(*reversed(tokens))
