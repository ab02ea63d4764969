"""
JSON text, parsed strictly and within limits (RFC 8259), and written compactly.
"""

import codecs
import json
import sys
from collections import OrderedDict
from collections.abc import Mapping
from types import FrameType, MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_cc import ClientCredentials, HttpResponse, Token, token_request
from oauth_cc._wire import json as jsontext
from oauth_cc._wire.json import MAX_DEPTH, MAX_SIZE, MAX_VALUES, freeze, is_array, is_object, parse_object, write
from oauth_cc.response import read_token_response

json_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), json_text
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(json_text, inner, max_size=3), max_leaves=12
)
objects = st.dictionaries(json_text, values, max_size=4)
json_like = st.text(st.sampled_from('{}[]":,0123456789eE+-.\\u \ttruefalsnINaty\x00\ufeffé'), max_size=30)


def nested(depth: int, inner: str = "", beside: str = "") -> str:
    """Return an object of *depth* levels, with *inner* in the deepest and *beside* before it in the outermost."""
    return f"{{{beside}" + '"a":' + "[" * (depth - 1) + inner + "]" * (depth - 1) + "}"


def untyped(value: object) -> Any:
    """Return *value* with the type that an unchecked program sees."""
    return value


class TestParseObject:
    @pytest.mark.parametrize(
        ("expected", "content"),
        [
            ({}, b"{}"),
            ({}, b" \t\r\n{} \t\r\n"),
            ({"a": None, "b": True, "c": -0.5, "d": 10**30}, b'{"a":null,"b":true,"c":-5e-1,"d":1%s}' % (b"0" * 30)),
            ({"a": ["é", {"": "\U0001f511"}]}, '{"a":["é",{"":"\U0001f511"}]}'.encode()),
            ({"a": "\U0001f511/"}, rb'{"a":"\ud83d\udd11\/"}'),
            ({"é": 1, "e\u0301": 2}, '{"é":1,"e\u0301":2}'.encode()),
        ],
    )
    def test_objects_are_parsed_from_bytes_and_text(self, expected: dict[str, object], content: bytes) -> None:
        """Every kind of member is read."""
        assert expected == parse_object(content)
        assert expected == parse_object(content.decode())

    @pytest.mark.parametrize("content", ["[]", "null", "1", '"a"', "[{}]", "true"])
    def test_json_that_is_not_an_object_is_an_error(self, content: str) -> None:
        """The value is valid JSON of another kind."""
        assert "is not a JSON object" == parse_object(content)

    @pytest.mark.parametrize(
        "content",
        [
            "",
            " ",
            "{",
            '{"a"}',
            '{"a":1,}',
            "{'a':1}",
            "{a:1}",
            '{"a":01}',
            '{"a":+1}',
            '{"a":1.}',
            '{"a":.5}',
            '{"a":0x1}',
            '{"a":"\n"}',
            '{"a":"\x00"}',
            '{"a":"\\x"}',
            '{"a":1}{"b":2}',
            '{"a":1} x',
            "/**/{}",
            "\xa0{}",
            "\x00{}",
            "a=1&b=2",
            "<html></html>",
        ],
        ids=ascii,
    )
    def test_text_outside_rfc_8259_is_an_error(self, content: str) -> None:
        """Text that lenient parsers accept is an error, too."""
        assert "is not JSON" == parse_object(content)
        assert "is not JSON" == parse_object(content.encode())

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
    @pytest.mark.parametrize("frame", ['{"a":%s}', '{"a":[1,{"b":%s}]}', "%s"])
    def test_nan_and_infinities_are_an_error(self, number: str, frame: str) -> None:
        """RFC 8259 section 6 excludes them, at any depth."""
        assert "is not JSON" == parse_object(frame % number)

    @pytest.mark.parametrize("digits", [4301, 5000, 1_000_000])
    def test_an_integer_beyond_the_digits_that_python_converts_is_the_largest_float(self, digits: int) -> None:
        """One such number must not cost the rest of the object."""
        content = '{"expires_in":%s}'
        assert {"expires_in": sys.float_info.max} == parse_object(content % ("9" * digits))
        assert {"expires_in": -sys.float_info.max} == parse_object(content % ("-" + "9" * digits))

    def test_an_integer_of_4300_digits_is_exact(self) -> None:
        """Python converts as many by default."""
        assert {"a": 10**4300 - 1} == parse_object('{"a":%s}' % ("9" * 4300))

    @pytest.mark.parametrize(
        "content",
        ['{"a":1,"a":1}', '{"a":1,"b":2,"a":3}', r'{"a":1,"\u0061":2}', '{"b":[{"a":1,"a":null}]}', '{"":0,"":0}'],
    )
    def test_a_repeated_member_is_an_error(self, content: str) -> None:
        """The depth and the spelling of the name do not matter (RFC 8259 section 4)."""
        assert "repeats a member" == parse_object(content)

    def test_two_objects_may_have_members_of_the_same_name(self) -> None:
        """Names only repeat within one object."""
        assert {"a": {"a": {"a": 1}}} == parse_object('{"a":{"a":{"a":1}}}')

    @given(json_text, json_text)
    @example("a", "a")
    @example("é", "e\u0301")
    def test_member_names_are_compared_by_code_points(self, left: str, right: str) -> None:
        """They are not normalised."""
        content = "{" + f"{json.dumps(left)}:1,{json.dumps(right, ensure_ascii=False)}:2" + "}"
        assert ("repeats a member" if left == right else {left: 1, right: 2}) == parse_object(content)


class TestEncodings:
    def test_one_byte_order_mark_is_skipped(self) -> None:
        """RFC 8259 section 8.1 allows parsers to skip it."""
        assert {"a": 1} == parse_object(codecs.BOM_UTF8 + b'{"a":1}')

    @pytest.mark.parametrize(
        "content",
        [codecs.BOM_UTF8 * 2 + b"{}", b" " + codecs.BOM_UTF8 + b"{}", b"{}" + codecs.BOM_UTF8, "\ufeff{}"],
        ids=ascii,
    )
    def test_any_other_byte_order_mark_is_an_error(self, content: bytes | str) -> None:
        """It is a second mark, a mark elsewhere, or a mark in a str."""
        assert "is not JSON" == parse_object(content)

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
    def test_utf16_and_utf32_are_an_error(self, encoding: str) -> None:
        """No encoding is guessed, not even from a byte order mark."""
        assert parse_object('{"a":"é"}'.encode(encoding)) in ("is not UTF-8", "is not JSON")

    @pytest.mark.parametrize("piece", [b"\xff", b"\xe9", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"], ids=ascii)
    def test_bytes_that_are_not_utf8_are_an_error(self, piece: bytes) -> None:
        """These are Latin-1, overlong forms, surrogates and code points beyond Unicode."""
        assert "is not UTF-8" == parse_object(b'{"a":"%s"}' % piece)


class TestBounds:
    def test_the_limits_are_a_mebibyte_32_levels_and_30000_values(self) -> None:
        """A change of a limit is deliberate."""
        assert (1_048_576, 32, 30_000) == (MAX_SIZE, MAX_DEPTH, MAX_VALUES)

    @pytest.mark.parametrize("over", [-1, 0, 1])
    def test_a_text_of_a_mebibyte_is_parsed_and_a_longer_text_is_not(self, over: int) -> None:
        """One byte more is an error."""
        content = b'{"a":"%s"}' % (b"x" * (MAX_SIZE - len(b'{"a":""}') + over))
        assert (over > 0) == (f"exceeds {MAX_SIZE} bytes" == parse_object(content))

    @pytest.mark.parametrize(("expected", "max_size"), [("exceeds 7 bytes", 7), ({"a": "é"}, 8 + 2)])
    def test_max_size_is_enforced_and_named_in_the_error(self, expected: object, max_size: int) -> None:
        """An explicit limit replaces the default."""
        assert expected == parse_object('{"a":"é"}'.encode(), max_size=max_size)

    def test_size_is_checked_before_the_content(self) -> None:
        """A text beyond the limit is not decoded."""
        assert "exceeds 0 bytes" == parse_object(b"\xff", max_size=0)

    @pytest.mark.parametrize("beside", ["", '"b":[[],{}],', '"b":"[{[{",'], ids=["alone", "siblings", "in a string"])
    def test_a_text_of_32_levels_is_parsed_and_a_deeper_text_is_not(self, beside: str) -> None:
        """One level more is an error."""
        assert isinstance(parse_object(nested(MAX_DEPTH, beside=beside)), dict)
        assert "is nested too deeply" == parse_object(nested(MAX_DEPTH + 1, beside=beside))

    def test_a_value_in_the_deepest_level_does_not_count_as_a_level(self) -> None:
        """Only arrays and objects count."""
        assert isinstance(parse_object(nested(MAX_DEPTH, "1")), dict)
        assert "is nested too deeply" == parse_object(nested(MAX_DEPTH + 1, "1"))

    @pytest.mark.parametrize("beside", ['"b":[],', '"b":"[",'])
    def test_depth_does_not_depend_on_other_members(self, beside: str) -> None:
        """Brackets in siblings and strings do not count."""
        assert isinstance(parse_object(nested(MAX_DEPTH, "1", beside)), dict)

    @pytest.mark.skipif(sys.platform == "emscripten", reason="WebAssembly has no recursion limit that a text reaches")
    @pytest.mark.parametrize("unit", ['{"a":', "[", '{"a":['])
    def test_endless_brackets_are_an_error_without_a_recursion_error(self, unit: str) -> None:
        """It does not matter whether they are closed."""
        assert "is nested too deeply" == parse_object('{"a":' + unit * 14_000)
        assert "has more than 30000 values" == parse_object('{"a":' + unit * 100_000)

    def test_a_wide_text_is_parsed(self) -> None:
        """A text may have many more brackets than levels."""
        assert {"a": [{}] * 10_000} == parse_object('{"a":[' + "{}," * 9_999 + "{}]}")

    @pytest.mark.parametrize("over", [0, 1])
    def test_a_text_of_30000_values_is_parsed_and_a_larger_text_is_not(self, over: int) -> None:
        """Two brackets and the commas are counted."""
        text = '{"a":[' + "0," * (MAX_VALUES - 2 + over) + "0]}"
        assert (over > 0) == (f"has more than {MAX_VALUES} values" == parse_object(text))

    @pytest.mark.parametrize("unit", ["[]", "{}", "[[]]", "0", '""', "[0]", '{"":0}', "[{},[]]", "null"])
    @pytest.mark.parametrize("size", [28_000, MAX_SIZE])
    def test_a_text_of_many_values_takes_few_calls(self, unit: str, size: int) -> None:
        """A mebibyte of empty arrays took half a second."""
        length = min(size // (unit.count("[") + unit.count("{") + unit.count(",") + 1), MAX_SIZE // (len(unit) + 2))
        content = f'{{"access_token":"tok-1","token_type":"Bearer","x":[{",".join([unit] * length)}]}}'
        response, request = HttpResponse(200, (), content.encode()), token_request(ClientCredentials("id"))
        calls = 0

        def count(_: FrameType, event: str, __: object) -> None:
            nonlocal calls
            calls += event in ("call", "c_call")

        sys.setprofile(count)
        try:
            outcome = read_token_response(response, request, 0.0, lambda: None)
        finally:
            sys.setprofile(None)
        assert isinstance(outcome, Token) == (size < MAX_VALUES)
        assert calls < (15 * MAX_VALUES if size < MAX_VALUES else 500)


class TestAnyContent:
    @given(st.binary(max_size=60))
    @example(b"\xff\xfe{\x00}\x00")
    @example(b"\xef\xbb")
    def test_any_bytes_are_an_object_or_an_error(self, content: bytes) -> None:
        """Nothing is raised."""
        assert isinstance(parse_object(content), dict | str)

    @given(st.one_of(json_like, st.text()))
    @example('{"a":-}')
    @example('{"a":1e}')
    @example('{"a":"\\u12"}')
    @example('"\ud800')
    def test_any_text_is_an_object_or_an_error(self, content: str) -> None:
        """Nothing is raised."""
        assert isinstance(parse_object(content), dict | str)

    @given(st.lists(st.sampled_from(["{", "}", "[", "]", '"a":', "1", ",", "NaN", '"', "\ufeff"]), max_size=90))
    def test_pieces_of_json_are_parsed_as_by_the_standard_library(self, pieces: list[str]) -> None:
        """Anything else is an error."""
        found = parse_object("".join(pieces))
        assert isinstance(found, str) or json.loads("".join(pieces)) == found

    @pytest.mark.parametrize(
        "content",
        [
            b's3cret"',
            b'{"a":"s3cret","a":1}',
            b'["s3cret"]',
            b'{"a":"s3cret\xff"}',
            b"[" * 40 + b'"s3cret"' + b"]" * 40,
        ],
    )
    def test_an_error_does_not_quote_the_text(self, content: bytes) -> None:
        """The text may contain a token."""
        reason = parse_object(content)
        assert isinstance(reason, str)
        assert "s3cret" not in reason


class TestKinds:
    @pytest.mark.parametrize(
        ("array", "is_an_object", "value"),
        [
            (True, False, []),
            (True, False, (1,)),
            (False, True, {}),
            (False, True, {"a": 1}),
            (False, True, MappingProxyType({"a": 1})),
            (False, False, {1: "a"}),
            (False, False, {"a": 1, None: 2}),
            (False, False, "ab"),
            (False, False, b"ab"),
            (False, False, {"a"}),
            (False, False, None),
        ],
        ids=repr,
    )
    def test_lists_and_tuples_are_arrays_and_mappings_with_str_names_are_objects(
        self, array: bool, is_an_object: bool, value: object
    ) -> None:
        """Nothing else is either."""
        assert (array, is_an_object) == (is_array(value), is_object(value))


class TestFreeze:
    @given(values)
    def test_freezing_changes_no_content(self, value: object) -> None:
        """Freezing a frozen value changes nothing either."""
        frozen = freeze(value)
        assert json.loads(write(value)) == json.loads(write(frozen))
        assert frozen == freeze(frozen)

    @given(values)
    def test_a_frozen_value_holds_tuples_and_read_only_mappings_only(self, value: object) -> None:
        """This holds at every depth."""
        level: list[object] = [freeze(value)]
        while level:
            assert not [found for found in level if isinstance(found, list | dict)]
            level = [child for found in level for child in jsontext._children(found)]

    def test_a_frozen_value_is_a_copy(self) -> None:
        """Later changes of the original do not reach it."""
        inner: list[object] = [1]
        original: dict[str, object] = {"a": inner}
        frozen = freeze(original)
        inner.append(2)
        original["b"] = 3
        assert {"a": (1,)} == frozen

    @pytest.mark.parametrize(
        ("expected", "value"),
        [("set", {1}), ("bytes", b"a"), ("dict", {1: 2}), ("object", [object()]), ("complex", {"a": (1j,)})],
        ids=["set", "bytes", "names that are not str", "in an array", "in an object"],
    )
    def test_a_value_outside_json_raises_a_type_error_with_its_type(self, expected: str, value: object) -> None:
        """The depth does not matter."""
        for work in (freeze, write):
            with pytest.raises(TypeError, match=f"^{expected} is not a JSON value$"):
                untyped(work)(value)


class TestWrite:
    @given(objects)
    @example({"": [{}, [], {"": None}]})
    @example({"a": -0.0, "b": 1e308, "c": 10**4000})
    @example({"\u2028": '\x7f\x00"\\/'})
    def test_parse_object_is_the_inverse_of_write(self, members: dict[str, object]) -> None:
        """This holds for text and for bytes, and includes the order of members."""
        text = write(members)
        assert members == parse_object(text) == parse_object(text.encode())
        assert list(members) == list(parse_object(text))

    @pytest.mark.parametrize(
        ("expected", "value"),
        [
            ('{"b":1,"a":[true,null,-0.5,"é"]}', {"b": 1, "a": (True, None, -0.5, "é")}),
            ("{}", MappingProxyType({})),
            ('{"b":{},"a":[]}', OrderedDict(b=OrderedDict(), a=())),
            ('"\\"\\\\\\n\\u0000/"', '"\\\n\x00/'),
            ("[[],{}]", ([], {})),
            ("1", 1),
        ],
    )
    def test_text_is_compact_and_keeps_the_order(self, expected: str, value: object) -> None:
        """Only characters that JSON requires to be escaped are escaped."""
        assert expected == write(value)

    @given(values)
    def test_text_equals_that_of_the_standard_library(self, value: object) -> None:
        """Both use the same options."""
        assert json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False) == write(value)

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
    def test_nan_and_infinities_raise_a_value_error(self, value: float) -> None:
        """The depth does not matter."""
        for holder in (value, [value], {"a": ({"b": value},)}):
            with pytest.raises(ValueError, match="JSON"):
                write(holder)

    @pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}, [{"a": "b\ud800"}]], ids=ascii)
    def test_a_lone_surrogate_raises_an_error(self, value: object) -> None:
        """It may be in a text or in a name."""
        with pytest.raises(UnicodeEncodeError):
            write(value)

    def test_a_very_deep_value_raises_a_recursion_error(self) -> None:
        """The interpreter does not crash."""
        value: Mapping[str, object] = {}
        for _ in range(100_000):
            value = {"a": value}
        with pytest.raises(RecursionError):
            write(value)

    def test_a_value_that_contains_itself_raises_a_recursion_error(self) -> None:
        """It has no end."""
        value: list[object] = []
        value.append(value)
        with pytest.raises(RecursionError):
            write(value)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1" + "0" * 400 + ".0"])
def test_a_number_out_of_range_is_the_largest_float_of_its_sign(number: str) -> None:
    """It is never an infinity (RFC 8259 section 6), and the rest of the object is read."""
    largest = -sys.float_info.max if number.startswith("-") else sys.float_info.max
    assert {"a": largest, "b": 1} == parse_object(f'{{"a": {number}, "b": 1}}')


def test_ascii_only_text_keeps_every_character() -> None:
    """Lone surrogates are escaped, too."""
    text = write({"a": "é\ud800"}, ascii_only=True)
    assert '{"a":"\\u00e9\\ud800"}' == text
    assert {"a": "é\ud800"} == parse_object(text)
