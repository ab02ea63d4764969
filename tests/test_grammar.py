"""
The regular expressions of the grammar, compared with their ABNF.
"""

import re
import sys
from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_cc._wire import grammar

VSCHAR = set(map(chr, range(0x20, 0x7F)))
NQSCHAR = VSCHAR - set('"\\')
NQCHAR = NQSCHAR - {" "}
CONTROLS = set(map(chr, [*range(0x20), *range(0x7F, 0xA0)]))
SURROGATES = set(map(chr, range(0xD800, 0xE000)))

NAMES = [name for name, item in vars(grammar).items() if isinstance(item, re.Pattern)]
PATTERNS = [getattr(grammar, name) for name in NAMES]
near_ascii = st.text(st.sampled_from([*map(chr, range(0x101)), "\u0100", "\u2028", "\ud800"]), max_size=8)


@cache
def every_character() -> str:
    """Return all of Unicode."""
    return "".join(map(chr, range(sys.maxunicode + 1)))


def accepted(pattern: re.Pattern[str]) -> set[str]:
    """Return every Unicode character that *pattern* accepts."""
    return set("".join(pattern.findall(every_character())))


class TestCharacters:
    @pytest.mark.parametrize(
        ("expected", "pattern"),
        [
            (NQCHAR, grammar.SCOPE_TOKEN),
            (NQCHAR, grammar.NONCE),
            (NQSCHAR, grammar.ERROR),
            (VSCHAR - {" "}, grammar.ACCESS_TOKEN),
            ({character for character in VSCHAR if character.isalnum()} | set("-._"), grammar.NAME),
            (VSCHAR - set(' "(),/:;<=>?@[\\]{}'), grammar.HEADER_NAME),
        ],
        ids=["scope-token", "nonce", "error", "access-token", "name-char", "tchar"],
    )
    def test_a_pattern_accepts_exactly_the_characters_of_its_abnf(
        self, expected: set[str], pattern: re.Pattern[str]
    ) -> None:
        """All of Unicode is compared."""
        assert expected == accepted(pattern)

    def test_text_rejects_exactly_controls_and_surrogates(self) -> None:
        """All of Unicode is compared."""
        assert set(every_character()) - accepted(grammar.TEXT) == CONTROLS | SURROGATES

    @pytest.mark.parametrize("pattern", PATTERNS, ids=NAMES)
    @pytest.mark.parametrize("text", ["a\n", "\na", "a\r\nb", "a\x00", "a\x7f", "\ud800"], ids=ascii)
    def test_no_pattern_accepts_a_line_break_or_control_character(self, pattern: re.Pattern[str], text: str) -> None:
        """No pattern accepts a lone surrogate either."""
        assert not pattern.fullmatch(text)


class TestShapes:
    @pytest.mark.parametrize("pattern", PATTERNS, ids=NAMES)
    def test_only_a_text_and_a_field_value_may_be_empty(self, pattern: re.Pattern[str]) -> None:
        """Every other pattern needs a character."""
        assert (pattern in (grammar.TEXT, grammar.HEADER_VALUE)) == bool(pattern.fullmatch(""))

    @pytest.mark.parametrize("expected", range(199, 203))
    def test_an_error_code_has_at_most_200_characters(self, expected: int) -> None:
        """A longer one does not match."""
        assert (expected <= 200) == bool(grammar.ERROR.fullmatch("e" * expected))

    @given(st.lists(st.text(st.sampled_from([*NQCHAR, '"', "\\", "\t", "é"]), max_size=3), max_size=4))
    @example([])
    @example(["a", "", "b"])
    @example(["", "a"])
    @example(["a", ""])
    def test_a_scope_is_scope_tokens_with_single_spaces(self, tokens: list[str]) -> None:
        """RFC 6749 section 3.3 defines it."""
        legal = bool(tokens) and all(grammar.SCOPE_TOKEN.fullmatch(token) for token in tokens)
        assert legal == bool(grammar.SCOPE.fullmatch(" ".join(tokens)))

    @given(near_ascii)
    @example("a\tb c")
    @example(" a")
    @example("a ")
    @example("\t")
    @example("\xa0")
    @example("\x85a")
    def test_a_field_value_has_no_white_space_at_its_ends(self, text: str) -> None:
        """It contains tabs, spaces, printable ASCII and bytes above 0x7F (RFC 9110 section 5.5)."""
        legal = all(character in VSCHAR | {"\t"} or "\x80" <= character <= "\xff" for character in text)
        assert (legal and text == text.strip(" \t")) == bool(grammar.HEADER_VALUE.fullmatch(text))

    @pytest.mark.parametrize("pattern", PATTERNS, ids=NAMES)
    @pytest.mark.parametrize("unit", ["a", "a ", " ", "\xff\t", "."], ids=ascii)
    def test_matching_takes_linear_time(self, pattern: re.Pattern[str], unit: str) -> None:
        """A hostile text of a megabyte is rejected at once, as backtracking would never end."""
        assert not pattern.fullmatch("a" + unit * 500_000 + "\n")


@pytest.mark.parametrize(
    ("given_", "fault"),
    [
        ("a", None),
        (" ", None),
        ("\n", None),
        ("", "must not be empty (is an environment variable unset?)"),
        (None, "must not be None (is an environment variable unset?)"),
        (0, "must be a str, not int"),
        (b"", "must be a str, not bytes"),
        ([], "must be a str, not list"),
    ],
    ids=repr,
)
def test_the_fault_of_a_setting_says_whether_it_is_unset(given_: object, fault: str | None) -> None:
    """The characters of a text are not its concern."""
    assert grammar.text_fault(given_) == fault


@pytest.mark.parametrize(
    ("given_", "expected"),
    [("a", True), ("a b", True), (" ", True), ("é", True), ("", False), ("a\n", False), (None, False), (b"a", False)],
    ids=repr,
)
def test_text_is_a_str_without_control_characters(given_: object, expected: bool) -> None:
    """It is not empty."""
    assert grammar.is_text(given_) is expected
