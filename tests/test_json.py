"""
JSON text: read strictly and within bounds (RFC 8259), written compactly.
"""

import codecs
import json
import sys
from collections import OrderedDict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_cc._wire import json as jsontext
from oauth_cc._wire.json import MAX_DEPTH, MAX_SIZE, freeze, is_array, is_object, parse_object, write

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
    """Gives an object of *depth* levels, with *inner* in the deepest and *beside* before it in the outermost."""
    return f"{{{beside}" + '"a":' + "[" * (depth - 1) + inner + "]" * (depth - 1) + "}"


def untyped(value: object) -> Any:
    """Gives *value* as a program without a type checker would."""
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
    def test_objects(self, expected: dict[str, object], content: bytes) -> None:
        """An object is read with every kind of member, from bytes and from text alike."""
        assert expected == parse_object(content)
        assert expected == parse_object(content.decode())

    @pytest.mark.parametrize("content", ["[]", "null", "1", '"a"', "[{}]", "true"])
    def test_other_values(self, content: str) -> None:
        """JSON that is no object is refused as such."""
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
    def test_no_json(self, content: str) -> None:
        """What RFC 8259 does not derive is refused, however readers with more wait_timeout take it."""
        assert "is not JSON" == parse_object(content)
        assert "is not JSON" == parse_object(content.encode())

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
    @pytest.mark.parametrize("frame", ['{"a":%s}', '{"a":[1,{"b":%s}]}', "%s"])
    def test_numbers_that_json_has_not(self, number: str, frame: str) -> None:
        """NaN and the infinities are refused anywhere (RFC 8259 section 6)."""
        assert "is not JSON" == parse_object(frame % number)

    def test_number_of_5000_digits(self) -> None:
        """An integer too long for Python to read is a fault, not a foreign ValueError."""
        assert "is not JSON" == parse_object('{"expires_in":%s}' % ("9" * 5000))

    @pytest.mark.parametrize(
        "content",
        ['{"a":1,"a":1}', '{"a":1,"b":2,"a":3}', r'{"a":1,"\u0061":2}', '{"b":[{"a":1,"a":null}]}', '{"":0,"":0}'],
    )
    def test_repeated_members(self, content: str) -> None:
        """A member given twice in one object, at any depth and in any spelling, is refused (RFC 8259 section 4)."""
        assert "repeats a member" == parse_object(content)

    def test_same_member_in_two_objects(self) -> None:
        """A name may stand in each of several objects."""
        assert {"a": {"a": {"a": 1}}} == parse_object('{"a":{"a":{"a":1}}}')

    @given(json_text, json_text)
    @example("a", "a")
    @example("é", "e\u0301")
    def test_members_repeat_by_code_points(self, left: str, right: str) -> None:
        """Two members are the same exactly if their names are, code point by code point."""
        content = "{" + f"{json.dumps(left)}:1,{json.dumps(right, ensure_ascii=False)}:2" + "}"
        assert ("repeats a member" if left == right else {left: 1, right: 2}) == parse_object(content)


class TestEncodings:
    def test_one_byte_order_mark(self) -> None:
        """One byte order mark before UTF-8 bytes is passed over (RFC 8259 section 8.1)."""
        assert {"a": 1} == parse_object(codecs.BOM_UTF8 + b'{"a":1}')

    @pytest.mark.parametrize(
        "content",
        [codecs.BOM_UTF8 * 2 + b"{}", b" " + codecs.BOM_UTF8 + b"{}", b"{}" + codecs.BOM_UTF8, "\ufeff{}"],
        ids=ascii,
    )
    def test_other_byte_order_marks(self, content: bytes | str) -> None:
        """A second mark, a mark elsewhere, or one in a text is no JSON."""
        assert "is not JSON" == parse_object(content)

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
    def test_other_encodings(self, encoding: str) -> None:
        """No encoding is guessed: UTF-16 and UTF-32 are refused, with a byte order mark or without."""
        assert parse_object('{"a":"é"}'.encode(encoding)) in ("is not UTF-8", "is not JSON")

    @pytest.mark.parametrize("piece", [b"\xff", b"\xe9", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"], ids=ascii)
    def test_bytes_that_are_no_utf8(self, piece: bytes) -> None:
        """Latin-1, overlong forms, surrogates and what lies beyond Unicode are no UTF-8."""
        assert "is not UTF-8" == parse_object(b'{"a":"%s"}' % piece)


class TestBounds:
    def test_the_bounds(self) -> None:
        """A mebibyte and 32 levels are read at the most."""
        assert (1_048_576, 32) == (MAX_SIZE, MAX_DEPTH)

    @pytest.mark.parametrize("over", [-1, 0, 1])
    def test_default_size(self, over: int) -> None:
        """A text of a mebibyte is read, one byte more is not."""
        content = b'{"a":"%s"}' % (b"x" * (MAX_SIZE - len(b'{"a":""}') + over))
        assert (over > 0) == (f"exceeds {MAX_SIZE} bytes" == parse_object(content))

    @pytest.mark.parametrize(("expected", "max_size"), [("exceeds 7 bytes", 7), ({"a": "é"}, 8 + 2)])
    def test_size_given(self, expected: object, max_size: int) -> None:
        """A bound given is kept to, and named in the fault."""
        assert expected == parse_object('{"a":"é"}'.encode(), max_size=max_size)

    def test_size_before_anything_else(self) -> None:
        """A text over its bound is not looked into."""
        assert "exceeds 0 bytes" == parse_object(b"\xff", max_size=0)

    @pytest.mark.parametrize("beside", ["", '"b":[[],{}],', '"b":"[{[{",'], ids=["alone", "siblings", "in a string"])
    def test_depth(self, beside: str) -> None:
        """A text of `MAX_DEPTH` levels is read, one level more is not."""
        assert isinstance(parse_object(nested(MAX_DEPTH, beside=beside)), dict)
        assert "is nested too deeply" == parse_object(nested(MAX_DEPTH + 1, beside=beside))

    def test_depth_of_a_filled_text(self) -> None:
        """What stands in the deepest level makes a text that has brackets for no other level no deeper."""
        assert isinstance(parse_object(nested(MAX_DEPTH, "1")), dict)
        assert "is nested too deeply" == parse_object(nested(MAX_DEPTH + 1, "1"))

    @pytest.mark.parametrize("beside", ['"b":[],', '"b":"[",'])
    def test_depth_is_the_same_beside_other_members(self, beside: str) -> None:
        """What stands beside the deepest level changes nothing about the bound."""
        assert isinstance(parse_object(nested(MAX_DEPTH, "1", beside)), dict)

    @pytest.mark.skipif(sys.platform == "emscripten", reason="WebAssembly has no recursion limit that a text reaches")
    @pytest.mark.parametrize("unit", ['{"a":', "[", '{"a":['])
    def test_depth_without_end(self, unit: str) -> None:
        """A text of nothing but brackets is a fault, not a RecursionError, closed or not."""
        assert "is nested too deeply" == parse_object('{"a":' + unit * 100_000)

    def test_width_is_not_depth(self) -> None:
        """A wide text, with many more brackets than levels, is read."""
        assert {"a": [{}] * 10_000} == parse_object('{"a":[' + "{}," * 9_999 + "{}]}")


class TestAnyContent:
    @given(st.binary(max_size=60))
    @example(b"\xff\xfe{\x00}\x00")
    @example(b"\xef\xbb")
    def test_bytes(self, content: bytes) -> None:
        """Any bytes give an object or the reason why they are none; nothing is raised."""
        assert isinstance(parse_object(content), dict | str)

    @given(st.one_of(json_like, st.text()))
    @example('{"a":-}')
    @example('{"a":1e}')
    @example('{"a":"\\u12"}')
    @example('"\ud800')
    def test_text(self, content: str) -> None:
        """Any text gives an object or the reason why it is none; nothing is raised."""
        assert isinstance(parse_object(content), dict | str)

    @given(st.lists(st.sampled_from(["{", "}", "[", "]", '"a":', "1", ",", "NaN", '"', "\ufeff"]), max_size=90))
    def test_pieces_of_json(self, pieces: list[str]) -> None:
        """Any pieces of JSON give an object that the standard library reads in the same way, or a reason."""
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
    def test_reasons_quote_nothing(self, content: bytes) -> None:
        """A reason tells nothing of the text, in which a token may stand."""
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
    def test_arrays_and_objects(self, array: bool, is_an_object: bool, value: object) -> None:
        """A list or tuple is an array, a mapping with names of str alone an object, and nothing else is either."""
        assert (array, is_an_object) == (is_array(value), is_object(value))


class TestFreeze:
    @given(values)
    def test_changes_no_content(self, value: object) -> None:
        """A frozen value is what it was, and freezing it again changes nothing."""
        frozen = freeze(value)
        assert json.loads(write(value)) == json.loads(write(frozen))
        assert frozen == freeze(frozen)

    @given(values)
    def test_leaves_nothing_to_change(self, value: object) -> None:
        """Every array in a frozen value is a tuple, every object a read-only mapping."""
        level: list[object] = [freeze(value)]
        while level:
            assert not [found for found in level if isinstance(found, list | dict)]
            level = [child for found in level for child in jsontext._children(found)]

    def test_is_a_copy(self) -> None:
        """What is done to the original later does not reach the frozen value."""
        inner: list[object] = [1]
        original: dict[str, object] = {"a": inner}
        frozen = freeze(original)
        inner.append(2)
        original["b"] = 3
        assert {"a": (1,)} == frozen

    @pytest.mark.parametrize(
        ("expected", "value"),
        [("set", {1}), ("bytes", b"a"), ("dict", {1: 2}), ("object", [object()]), ("complex", {"a": (1j,)})],
        ids=["set", "bytes", "names that are no str", "in an array", "in an object"],
    )
    def test_what_json_has_not(self, expected: str, value: object) -> None:
        """What is no JSON value is refused at any depth, by the name of its type."""
        for work in (freeze, write):
            with pytest.raises(TypeError, match=f"^{expected} is no JSON value$"):
                untyped(work)(value)


class TestWrite:
    @given(objects)
    @example({"": [{}, [], {"": None}]})
    @example({"a": -0.0, "b": 1e308, "c": 10**4000})
    @example({"\u2028": '\x7f\x00"\\/'})
    def test_parse_object_is_its_inverse(self, members: dict[str, object]) -> None:
        """Reading what was written gives the members again, from text and from bytes, in their order."""
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
    def test_compact_text(self, expected: str, value: object) -> None:
        """A value is written without blanks, in the order given, with no more escapes than JSON needs."""
        assert expected == write(value)

    @given(values)
    def test_as_the_standard_library(self, value: object) -> None:
        """What is written is what the standard library writes with the same choices."""
        assert json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False) == write(value)

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
    def test_numbers_that_json_has_not(self, value: float) -> None:
        """NaN and the infinities are refused at any depth."""
        for holder in (value, [value], {"a": ({"b": value},)}):
            with pytest.raises(ValueError, match="JSON"):
                write(holder)

    @pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}, [{"a": "b\ud800"}]], ids=ascii)
    def test_lone_surrogates(self, value: object) -> None:
        """A lone surrogate, in a text or in a name, is refused rather than written."""
        with pytest.raises(UnicodeEncodeError):
            write(value)

    def test_without_end(self) -> None:
        """A value nested without end is a RecursionError, not a crash."""
        value: Mapping[str, object] = {}
        for _ in range(100_000):
            value = {"a": value}
        with pytest.raises(RecursionError):
            write(value)

    def test_holding_itself(self) -> None:
        """A value that holds itself is nested without end."""
        value: list[object] = []
        value.append(value)
        with pytest.raises(RecursionError):
            write(value)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1" + "0" * 400 + ".0"])
def test_numbers_beyond_every_float(number: str) -> None:
    """A number that would become an infinity is a fault (RFC 8259 section 6)."""
    assert "is not JSON" == parse_object(f'{{"a": {number}}}')


def test_ascii_only() -> None:
    """Escaped text holds whatever JSON text held, half a surrogate pair too."""
    text = write({"a": "é\ud800"}, ascii_only=True)
    assert '{"a":"\\u00e9\\ud800"}' == text
    assert {"a": "é\ud800"} == parse_object(text)
