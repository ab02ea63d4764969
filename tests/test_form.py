"""
Form text, application/x-www-form-urlencoded (RFC 6749 appendix B).
"""

from importlib import import_module
from urllib.parse import parse_qsl, quote_plus, unquote, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_cc._wire.form import decode, encode, encode_value, percent_encode

# Imported by name, because this module of oauthlib has no types.
oauthlib_urlencode = import_module("oauthlib.common").urlencode

texts = st.text(st.characters(exclude_categories=["Cs"]))
pair_lists = st.lists(st.tuples(texts, texts), max_size=5)
form_like = st.text(st.sampled_from("ab=&+%4fF0é;[]/?#\\ \n\x00"), max_size=20)


class TestEncodeValue:
    @pytest.mark.parametrize(
        ("expected", "text"),
        [
            ("a+b", "a b"),
            ("a%2Bb", "a+b"),
            ("a%26b%3Dc", "a&b=c"),
            ("-._~", "-._~"),
            ("%25", "%"),
            ("%2541", "%41"),
            ("%2A%27%28%29%21", "*'()!"),
            ("%0D%0A%00", "\r\n\x00"),
            ("%C3%A9", "é"),
            ("%F0%9F%94%91", "\U0001f511"),
            ("", ""),
            ("a%0A", "a\n"),
        ],
    )
    def test_special_characters_are_percent_encoded_as_utf8(self, expected: str, text: str) -> None:
        """A space becomes ``+``, ``-._~`` stay plain, everything else is UTF-8 in upper-case ``%XX``."""
        assert expected == encode_value(text)

    def test_the_example_of_appendix_b_is_encoded_as_printed(self) -> None:
        """The string of RFC 6749 appendix B is encoded as printed there."""
        assert "+%25%26%2B%C2%A3%E2%82%AC" == encode_value(" %&+\xa3\u20ac")

    @given(texts)
    @example("~ -._")
    @example("٣")
    def test_every_value_is_encoded_as_by_urllib_and_oauthlib(self, text: str) -> None:
        """A value is encoded exactly as urllib and oauthlib encode it."""
        assert quote_plus(text) == encode_value(text)
        assert oauthlib_urlencode([("x", text)]) == f"x={encode_value(text)}"

    @pytest.mark.parametrize("text", ["\ud800", "a\udfffb"], ids=ascii)
    def test_a_lone_surrogate_raises_an_error(self, text: str) -> None:
        """UTF-8 cannot encode a lone surrogate, and it is not replaced either."""
        with pytest.raises(UnicodeEncodeError):
            encode_value(text)
        with pytest.raises(UnicodeEncodeError):
            percent_encode(text)


class TestPercentEncode:
    @given(texts)
    @example("a b+c:d")
    @example("~/*")
    def test_a_space_is_percent_encoded(self, text: str) -> None:
        """A space is ``%20``, no other reserved character remains, and decoding returns the text."""
        encoded = percent_encode(text)
        assert encode_value(text).replace("+", "%20") == encoded
        assert text == unquote(encoded, errors="strict")
        assert not set(encoded) & set(" +:/&=")


class TestEncode:
    @pytest.mark.parametrize(
        ("expected", "pairs"),
        [
            ("", []),
            ("=", [("", "")]),
            ("a=", [("a", "")]),
            ("b=1&a=2&b=1", [("b", "1"), ("a", "2"), ("b", "1")]),
            ("a%26b=c%3Dd", [("a&b", "c=d")]),
        ],
    )
    def test_pairs_keep_their_order_and_repetitions(self, expected: str, pairs: list[tuple[str, str]]) -> None:
        """Names are encoded in the same way as values."""
        assert expected == encode(pairs)

    @given(pair_lists)
    def test_pairs_are_encoded_as_by_urllib(self, pairs: list[tuple[str, str]]) -> None:
        """Pairs, from an iterator too, are encoded exactly as urllib encodes them."""
        assert urlencode(pairs) == encode(iter(pairs))

    @given(pair_lists)
    def test_a_form_is_visible_ascii(self, pairs: list[tuple[str, str]]) -> None:
        """A form contains no white space and no control characters."""
        assert all("!" <= character <= "~" for character in encode(pairs))


class TestDecode:
    @given(pair_lists)
    @example([("", "")])
    @example([("", "a"), ("a", "")])
    @example([("a", "=&+%"), ("a", "=&+%")])
    def test_decode_is_the_inverse_of_encode(self, pairs: list[tuple[str, str]]) -> None:
        """Decoding the output of `encode` returns the pairs in their order."""
        assert tuple(pairs) == decode(encode(pairs))

    @pytest.mark.parametrize(
        ("expected", "text"),
        [
            ((), ""),
            ((), "&&"),
            ((("a", ""),), "a"),
            ((("", ""),), "="),
            ((("a", "b=c"),), "a=b=c"),
            ((("a", "1"), ("a", "2")), "&a=1&&a=2&"),
            ((("a", "1;b=2"),), "a=1;b=2"),
            ((("a b", "é"),), "a+b=%c3%A9"),
            ((("a", "!$'()*,:@/?[]"),), "a=!$'()*,:@/?[]"),
            ((("a", "\r\n\x00"),), "a=%0D%0A%00"),
        ],
    )
    def test_only_an_ampersand_separates_pairs(self, expected: tuple[tuple[str, str], ...], text: str) -> None:
        """Form text is parsed pair by pair."""
        assert expected == decode(text)

    @pytest.mark.parametrize(
        "text",
        ["x=%", "x=%4", "x=%zz", "x=%4g", "x=%+1", "x=é", "x=a b", "x=1\n", "x\x00", 'x="', "x=\\", "x=<", "x=\ud800"],
        ids=ascii,
    )
    def test_characters_outside_form_text_are_an_error(self, text: str) -> None:
        """Broken percent-encoding is an error, too."""
        assert "contains a character that must be percent-encoded in form text" == decode(text)

    @pytest.mark.parametrize("text", ["x=%E9", "%ff=1", "x=%C3", "x=%ED%A0%80", "x=%C0%AF", "x=%F8%88%80%80%80"])
    def test_bytes_that_are_not_utf8_are_an_error(self, text: str) -> None:
        """Overlong forms and surrogates are errors, too."""
        assert "contains bytes that are not UTF-8; encode the values in UTF-8" == decode(text)

    @given(st.one_of(form_like, st.text(), st.text(st.sampled_from("xX%0123456789abcdefABCDEF=&"))))
    def test_any_text_is_parsed_as_by_urllib_or_is_an_error(self, text: str) -> None:
        """The error is returned, not raised."""
        found = decode(text)
        assert isinstance(found, str) or tuple(parse_qsl(text, keep_blank_values=True)) == found

    @given(form_like)
    def test_decoded_pairs_survive_another_round_trip(self, text: str) -> None:
        """Encoding and decoding the result changes nothing."""
        found = decode(text)
        assert isinstance(found, str) or found == decode(encode(found))

    @pytest.mark.parametrize("text", ["x=s3cret value", "x=s3cret%E9"])
    def test_an_error_does_not_quote_the_text(self, text: str) -> None:
        """The text may contain a secret."""
        fault = decode(text)
        assert isinstance(fault, str)
        assert "s3cret" not in fault
