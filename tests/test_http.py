"""
HTTP messages as values, and Retry-After.
"""

import copy
import pickle
import re
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import oauth_cc
from oauth_cc import HttpRequest, HttpResponse, Secret
from oauth_cc._wire.grammar import HEADER_NAME, HEADER_VALUE
from oauth_cc.errors import InvalidInput
from oauth_cc.http import MAX_RETRY_AFTER, Headers, pairs_of, retry_after

PACKAGE = str(Path(oauth_cc.__file__).parent)
URL = "https://api.example/things"
SECRET = "s3cret-value"
NOW = 1700000000.0
SPLITTERS = ["\r\nX-Evil: 1", "\n", "\r", "\x00", "\x0b", "\x7f"]

names = st.text(st.sampled_from("aAbBxX-_.1"), min_size=1, max_size=4)
field_values = st.from_regex(HEADER_VALUE, fullmatch=True)
field_lists = st.lists(st.tuples(names, field_values), max_size=4)
any_fields = st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), max_size=4)
moments = st.floats(0, 4e9)
# From 1970 on, as POSIX seconds; whole seconds, as HTTP-date has them.
dates = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)


def untyped(value: object) -> Any:
    """Gives *value* as a program without a type checker would."""
    return value


def locals_inside(error: BaseException) -> Iterator[str]:
    """Gives the repr of each local variable in the frames of oauth_cc that *error* passed through."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith(PACKAGE):
            yield from map(repr, frame.f_locals.values())


class TestFields:
    @pytest.mark.parametrize(
        "given_headers",
        [
            {"A": "1", "B": "2"},
            MappingProxyType({"A": "1", "B": "2"}),
            [("A", "1"), ("B", "2")],
            (("A", "1"), ("B", "2")),
            {"A": "1", "B": "2"}.items(),
            iter([("A", "1"), ("B", "2")]),
        ],
        ids=["dict", "mapping", "list", "tuple", "items", "iterator"],
    )
    def test_any_shape(self, given_headers: Headers) -> None:
        """Fields are taken from a mapping or from any pairs, once, and are kept as a tuple of pairs."""
        response = HttpResponse(200, given_headers)
        assert (("A", "1"), ("B", "2")) == response.headers
        assert response.headers == HttpRequest("GET", URL, response.headers).headers

    @given(st.dictionaries(st.text(), st.integers()))
    def test_pairs_of(self, fields: dict[str, int]) -> None:
        """`pairs_of` gives the same pairs for a mapping, for its items and for what it gave."""
        assert tuple(fields.items()) == pairs_of(fields) == pairs_of(fields.items()) == pairs_of(pairs_of(fields))

    @pytest.mark.parametrize(
        "given_headers",
        [
            None,
            5,
            "ab",
            ["abc"],
            [("a",)],
            [("a", "b", "c")],
            [("a", None)],
            [(1, "b")],
            [None],
            {"a": 1},
            {"a": ["b"]},
            {"a": b"b"},
            {b"a": "b"},
            {"a": Secret("b")},
        ],
        ids=repr,
    )
    def test_what_is_no_field(self, given_headers: object) -> None:
        """Anything but a mapping or pairs of str is refused as the library's own error, without a cause to leak."""
        for make in (lambda fields: HttpRequest("GET", URL, fields), lambda fields: HttpResponse(200, fields)):
            with pytest.raises(InvalidInput, match=r"^headers: give a mapping or \(name, value\) pairs") as caught:
                make(untyped(given_headers))
            assert (None, None) == (caught.value.__cause__, caught.value.__context__)

    @pytest.mark.parametrize("pair", [["a", "b"], "ab"], ids=repr)
    def test_pairs_of_another_kind(self, pair: object) -> None:
        """A record made from pairs that are no tuples equals one made from tuples, or is refused."""
        try:
            request = HttpRequest("GET", URL, untyped([pair]))
        except InvalidInput:
            return
        assert HttpRequest("GET", URL, [("a", "b")]) == request


class TestRequestIsARecord:
    def test_keeps_what_it_was_given(self) -> None:
        """A request holds method, url, fields and body as they go on the wire."""
        request = HttpRequest("POST", URL, {"Accept": "a/b"}, b"x=1")
        assert ("POST", URL, (("Accept", "a/b"),), b"x=1") == (
            request.method,
            request.url,
            request.headers,
            request.body,
        )
        assert ((), b"") == (HttpRequest("GET", URL).headers, HttpRequest("GET", URL).body)

    @given(field_lists, field_lists)
    def test_equality(self, left: list[tuple[str, str]], right: list[tuple[str, str]]) -> None:
        """Requests are equal exactly if their content is, and then hash alike."""
        one, other = HttpRequest("GET", URL, left), HttpRequest("GET", URL, right)
        assert (left == right) == (one == other)
        assert HttpRequest("GET", URL, tuple(left)) == one
        assert hash(HttpRequest("GET", URL, tuple(left))) == hash(one)

    def test_differs_in_every_part(self) -> None:
        """Requests that differ in one part are unequal."""
        parts: list[tuple[str, str, Headers, bytes]] = [
            ("GET", URL, (), b""),
            ("PUT", URL, (), b""),
            ("GET", f"{URL}/", (), b""),
            ("GET", URL, {"a": "b"}, b""),
            ("GET", URL, (), b"x"),
        ]
        assert len(parts) == len({HttpRequest(*part) for part in parts})

    def test_evolves(self) -> None:
        """`attrs.evolve` makes another valid request, or none."""
        assert HttpRequest("PUT", URL) == attrs.evolve(HttpRequest("GET", URL), method="PUT")
        with pytest.raises(InvalidInput):
            attrs.evolve(HttpRequest("GET", URL), method="PUT\r\n")

    def test_frozen(self) -> None:
        """A request and an answer cannot be changed."""
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            HttpRequest("GET", URL).body = b""  # type: ignore[misc]  # what the test proves
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            HttpResponse(200).content = b""  # type: ignore[misc]  # what the test proves

    def test_a_redaction_is_no_field(self) -> None:
        """What checkers do not see: a Secret made text, in place of the secret."""
        field = f"Bearer {Secret(SECRET)}"
        with pytest.raises(InvalidInput, match=r"write \.reveal\(\)"):
            HttpRequest("GET", URL, {"Authorization": field})
        with pytest.raises(InvalidInput, match=r"write \.reveal\(\)"):
            HttpRequest("GET", URL).with_header("Authorization", field)


class TestRequestSplitsNoMessage:
    @pytest.mark.parametrize("splitter", SPLITTERS, ids=ascii)
    @pytest.mark.parametrize("frame", ["{}", "a{}", "{}a", "a{}b"])
    def test_header_injection(self, frame: str, splitter: str) -> None:
        """A line break or control character in a field's name or value is refused wherever it stands."""
        hostile = frame.format(splitter)
        for fields in ({hostile: "a"}, {"a": hostile}, {"ok": "1", "a": hostile}):
            with pytest.raises(InvalidInput, match="no HTTP field may"):
                HttpRequest("GET", URL, fields)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("", "a"), ("a b", "a"), ("a:", "a"), ("é", "a"), ("a", " a"), ("a", "a\t"), ("a", "\u0100"), ("a", "\ud800")],
        ids=ascii,
    )
    def test_other_illegal_fields(self, name: str, value: str) -> None:
        """A name that is no token, and a value with a blank at an end or beyond Latin-1, are refused (RFC 9110)."""
        with pytest.raises(InvalidInput, match="no HTTP field may"):
            HttpRequest("GET", URL, {name: value})

    @given(any_fields)
    def test_any_fields(self, fields: list[tuple[str, str]]) -> None:
        """Any fields are kept as they are or are an `InvalidInput`, and nothing else is raised."""
        legal = all(HEADER_NAME.fullmatch(name) and HEADER_VALUE.fullmatch(value) for name, value in fields)
        try:
            assert tuple(fields) == HttpRequest("GET", URL, fields).headers
        except InvalidInput:
            assert not legal
        else:
            assert legal

    @pytest.mark.parametrize(
        "method", ["", "GET ", "GET\r\n", "GE T", "GET /x HTTP/1.1", "ÉT", b"GET", None], ids=ascii
    )
    def test_methods(self, method: object) -> None:
        """A method that is no token is refused."""
        with pytest.raises(InvalidInput, match=r"^method: "):
            HttpRequest(untyped(method), URL)

    @pytest.mark.parametrize(
        "url",
        [b"https://api.example/", None, 5, "", "https://h/\r\nX: y", "https://h/a b", "https://h/\x00", "https://h/é"],
        ids=ascii,
    )
    def test_urls(self, url: object) -> None:
        """A URL that is no str, or holds what could end the request line, is refused without being quoted."""
        with pytest.raises(InvalidInput, match=r"^url: give it as a str of visible ASCII characters"):
            HttpRequest("GET", untyped(url))

    @pytest.mark.parametrize(
        "body", ["text", None, bytearray(b"a"), memoryview(b"a")], ids=lambda body: type(body).__name__
    )
    def test_bodies(self, body: object) -> None:
        """A body that is no bytes, the mutable kinds too, is refused by the name of its type."""
        with pytest.raises(InvalidInput, match=f"^body: give it as bytes, not {type(body).__name__}$"):
            HttpRequest("POST", URL, (), untyped(body))


class TestWithHeader:
    @given(field_lists, names, field_values)
    def test_one_field_of_the_name(self, fields: list[tuple[str, str]], name: str, value: str) -> None:
        """The new request ends with the new field, keeps the others in order and no other of that name in any case."""
        before = HttpRequest("POST", URL, fields, b"x")
        after = before.with_header(name, value)
        kept = [pair for pair in fields if pair[0].lower() != name.lower()]
        assert (*kept, (name, value)) == after.headers
        assert (("POST", URL, b"x"), tuple(fields)) == ((after.method, after.url, after.body), before.headers)

    @given(field_lists, names, field_values)
    def test_is_idempotent(self, fields: list[tuple[str, str]], name: str, value: str) -> None:
        """Setting a field twice is setting it once."""
        once = HttpRequest("GET", URL, fields).with_header(name, value)
        assert once == once.with_header(name, value)

    @pytest.mark.parametrize("splitter", SPLITTERS, ids=ascii)
    def test_header_injection(self, splitter: str) -> None:
        """What could split the message is refused, in the name and in the value."""
        for name, value in ((f"a{splitter}", "b"), ("a", f"b{splitter}")):
            with pytest.raises(InvalidInput, match="no HTTP field may"):
                HttpRequest("GET", URL).with_header(name, value)

    @pytest.mark.parametrize(("name", "value"), [(5, "a"), ("a", 5), ("a", None), ("a", b"s3cret-value")])
    def test_other_types(self, name: object, value: object) -> None:
        """A name or value that is no str is the library's own error, and is not seen in its frames."""
        with pytest.raises(InvalidInput) as caught:
            HttpRequest("GET", URL).with_header(untyped(name), untyped(value))
        assert SECRET not in str(list(locals_inside(caught.value)))


class TestNothingIsShown:
    @pytest.mark.parametrize(
        ("url", "shown"),
        [
            ("https://id:s3cret-value@h/a#s3cret-value", "https://***@h/a"),
            ("https://h/a?b=s3cret-value#c", "https://h/a?***"),
            ("https://h#s3cret-value", "https://h"),
            ("/relative", "/relative"),
        ],
    )
    def test_url_in_repr(self, url: str, shown: str) -> None:
        """Of a URL neither userinfo nor query nor fragment is shown."""
        assert f"HttpRequest(GET {shown}, headers=(), body=0 bytes)" == repr(HttpRequest("GET", url))

    def test_what_a_server_says_is_printable(self) -> None:
        """What a terminal or a log would obey is not in a repr."""
        response = HttpResponse(200, {"Server": "x\n\x1b[2J\u202e", "A\r": "b"})
        assert "HttpResponse(200, headers=(Server: x??[2J?, A?: ***), content=0 bytes)" == repr(response)

    def test_copies_are_itself(self) -> None:
        """A message cannot change, so that a copy of it is itself."""
        for message in (HttpRequest("GET", URL), HttpResponse(200)):
            assert copy.copy(message) is message
            assert copy.deepcopy([message]) == [message]

    def test_repr_of_a_request(self) -> None:
        """A request shows method, path, harmless fields and sizes, but no query, no body and no other field."""
        fields = {"Accept": "a/b", "Authorization": f"Basic {SECRET}", "DPoP": SECRET, "X-Api-Key": SECRET}
        request = HttpRequest("POST", f"{URL}?key={SECRET}", fields, SECRET.encode())
        shown = "headers=(Accept: a/b, Authorization: ***, DPoP: ***, X-Api-Key: ***), body=12 bytes"
        assert f"HttpRequest(POST {URL}?***, {shown})" == repr(request) == f"{request}"

    def test_repr_of_an_answer(self) -> None:
        """An answer shows status, harmless fields and sizes, but no content and no other field."""
        fields = [("content-TYPE", "a/b"), ("Set-Cookie", SECRET), ("Set-Cookie", SECRET), ("DPoP-Nonce", SECRET)]
        shown = "headers=(content-TYPE: a/b, Set-Cookie: ***, Set-Cookie: ***, DPoP-Nonce: ***), content=12 bytes"
        assert f"HttpResponse(200, {shown})" == repr(HttpResponse(200, fields, SECRET.encode()))

    def test_repr_without_fields(self) -> None:
        """A message without fields says so."""
        assert f"HttpRequest(GET {URL}, headers=(), body=0 bytes)" == repr(HttpRequest("GET", URL))
        assert "HttpResponse(204, headers=(), content=0 bytes)" == repr(HttpResponse(204))

    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_pickle(self, protocol: int) -> None:
        """Pickle refuses a request and an answer in every protocol."""
        messages: list[object] = [HttpRequest("GET", URL, (), SECRET.encode()), HttpResponse(200, (), SECRET.encode())]
        for message in messages:
            with pytest.raises(TypeError, match="is not pickled") as caught:
                pickle.dumps(message, protocol)
            assert SECRET not in str([str(caught.value), *locals_inside(caught.value)])

    @pytest.mark.parametrize(
        "refuse",
        [
            lambda: HttpRequest("GET", URL, {"Authorization": f"{SECRET}\n"}),
            lambda: HttpRequest("GET", URL, [("Authorization", SECRET), ("a b", "c")]),
            lambda: HttpRequest("GET", URL, untyped({"Authorization": SECRET.encode()})),
            lambda: HttpRequest("GET", URL, untyped([(SECRET,)])),
            lambda: HttpRequest("GET", untyped(URL.encode()), {"Authorization": SECRET}),
            lambda: HttpRequest(f"GET {SECRET}", URL),
            lambda: HttpRequest("GET", untyped([f"{URL}?key={SECRET}"])),
            lambda: HttpRequest("POST", URL, {}, untyped(SECRET)),
            lambda: HttpRequest("GET", URL).with_header("Authorization", f"{SECRET}\n"),
            lambda: HttpRequest("GET", URL, {"A": "b"}).with_header(f"{SECRET}\n", "a"),
            lambda: HttpResponse(200, untyped({"Set-Cookie": SECRET.encode()})),
            lambda: HttpResponse(untyped("200"), {"Set-Cookie": SECRET}),
            lambda: HttpResponse(200, {"Set-Cookie": SECRET}, untyped(SECRET)),
        ],
        ids=[
            "value",
            "beside",
            "bytes",
            "no pair",
            "url",
            "method",
            "no url",
            "body",
            "with",
            "name",
            "a1",
            "a2",
            "a3",
        ],
    )
    def test_refusals(self, refuse: Any) -> None:
        """Neither the error nor the local variables of our frames show what was refused, a plain str secret too."""
        with pytest.raises(InvalidInput) as caught:
            refuse()
        assert (None, None) == (caught.value.__cause__, caught.value.__context__)
        assert SECRET not in str([repr(caught.value), *locals_inside(caught.value)])

    @pytest.mark.parametrize(
        "refuse",
        [lambda: HttpRequest("GET", URL, {"A": f"{SECRET}\n"}), lambda: HttpResponse(untyped("200"), {"A": SECRET})],
        ids=["request", "answer"],
    )
    def test_traceback_with_locals(self, refuse: Any) -> None:
        """A crash reporter that prints local variables can print a refusal, and shows nothing of what was refused."""
        with pytest.raises(InvalidInput) as caught:
            refuse()
        trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        assert SECRET not in str([frame.locals for frame in trace.stack])


class TestResponse:
    def test_keeps_what_it_was_given(self) -> None:
        """An answer holds status, fields and content."""
        response = HttpResponse(200, {"A": "b"}, b"{}")
        assert (200, (("A", "b"),), b"{}") == (response.status, response.headers, response.content)
        assert ((), b"") == (HttpResponse(204).headers, HttpResponse(204).content)

    @given(st.integers(), any_fields, st.binary())
    @example(0, [("", "a\r\nb"), ("\ud800", "\x00")], b"\xff")
    def test_holds_whatever_a_server_sends(self, status: int, fields: list[tuple[str, str]], content: bytes) -> None:
        """Any status, fields and content can be held, compared, hashed and shown."""
        response = HttpResponse(status, fields, content)
        assert HttpResponse(status, tuple(fields), content) == response
        assert hash(HttpResponse(status, tuple(fields), content)) == hash(response)
        assert repr(response).startswith(f"HttpResponse({status}, headers=(")

    def test_status_of_the_standard_library(self) -> None:
        """A status may be a member of `http.HTTPStatus`."""
        assert HttpResponse(200) == HttpResponse(HTTPStatus.OK)

    @pytest.mark.parametrize("status", ["200", 200.0, None, True, b"200"], ids=repr)
    def test_status_that_is_no_int(self, status: object) -> None:
        """A status that is no int, a bool too, is refused by the name of its type."""
        with pytest.raises(
            InvalidInput, match=f"^status: give the status code as an int, not {type(status).__name__}$"
        ):
            HttpResponse(untyped(status))

    @pytest.mark.parametrize("content", ["text", None, bytearray(b"a")], ids=lambda content: type(content).__name__)
    def test_content_that_is_no_bytes(self, content: object) -> None:
        """Content that is no bytes is refused by the name of its type."""
        with pytest.raises(InvalidInput, match=f"^content: give it as bytes, not {type(content).__name__}$"):
            HttpResponse(200, (), untyped(content))

    @given(field_lists, names)
    def test_header(self, fields: list[tuple[str, str]], name: str) -> None:
        """`header` gives the values of every field of a name, compared without case, in their order."""
        response = HttpResponse(200, fields)
        assert tuple(value for key, value in fields if key.lower() == name.lower()) == response.header(name)
        assert response.header(name.upper()) == response.header(name.swapcase())


def imf_fixdate(moment: datetime) -> str:
    """Gives *moment* as the preferred form of HTTP-date."""
    return format_datetime(moment, usegmt=True)


def rfc_850(moment: datetime) -> str:
    """Gives *moment* as the obsolete form with a year of two digits."""
    return moment.strftime("%A, %d-%b-%y %H:%M:%S GMT")


def asctime(moment: datetime) -> str:
    """Gives *moment* as the obsolete form of C's asctime."""
    return f"{moment:%a %b} {moment.day:2d} {moment:%H:%M:%S} {moment.year:04d}"


def waited(text: str, now: float = NOW) -> float | None:
    """Gives what the Retry-After field *text* asks for."""
    return retry_after(HttpResponse(503, {"Retry-After": text}), now)


def expected_wait(moment: datetime, now: float) -> float:
    """Gives the seconds from *now* to *moment*, as the standard library counts them, within the bounds."""
    return min(max(moment.timestamp() - now, 0.0), MAX_RETRY_AFTER)


class TestRetryAfterSeconds:
    @given(st.integers(0, 10**400))
    @example(0)
    @example(3600)
    @example(3601)
    def test_any_number(self, seconds: int) -> None:
        """A number of seconds is believed up to the ceiling, however many digits it has."""
        assert float(min(seconds, 3600)) == waited(str(seconds))

    @pytest.mark.parametrize(("expected", "text"), [(7.0, "007"), (7.0, " \t7 "), (3600.0, "9" * 100_000)])
    def test_spellings(self, expected: float, text: str) -> None:
        """Leading zeros, blanks around the field and endless digits are read."""
        assert expected == waited(text)

    @pytest.mark.parametrize(
        "text", ["", "-1", "+1", "1.5", "1e3", "1_0", "0x10", "٧", "7s", "7, 8", "inf", "nan", "7\n"]
    )
    def test_junk(self, text: str) -> None:
        """What is neither digits nor a date is passed over, whatever float() would read in it."""
        assert waited(text) is None

    @pytest.mark.parametrize("fields", [(), [("Retry-After", "7"), ("retry-after", "7")], {"Retry": "7"}])
    def test_missing_or_repeated(self, fields: Headers) -> None:
        """Without the field, or with two of them, nothing is known."""
        assert retry_after(HttpResponse(503, fields), NOW) is None

    def test_name_in_any_case(self) -> None:
        """The field's name is compared without case."""
        assert 7.0 == retry_after(HttpResponse(503, {"rEtRy-aFtEr": "7"}), NOW)


class TestRetryAfterDate:
    @pytest.mark.parametrize(
        "text", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
    )
    def test_the_examples_of_rfc_9110(self, text: str) -> None:
        """The three forms that section 5.6.7 prints are the same moment."""
        moment = parsedate_to_datetime("Sun, 06 Nov 1994 08:49:37 GMT").timestamp()
        assert 60.0 == waited(text, moment - 60)

    @given(dates, st.floats(-5000, 5000))
    @example(datetime(2000, 2, 29, tzinfo=UTC), -1.0)
    @example(datetime(2100, 2, 28, 23, 59, 59, tzinfo=UTC), -1.0)
    @example(datetime(1970, 1, 1, tzinfo=UTC), 0.5)
    def test_full_years(self, moment: datetime, since: float) -> None:
        """In both forms with a full year, the wait is what the standard library counts from now to the date."""
        now = moment.timestamp() + since
        assert expected_wait(moment, now) == waited(imf_fixdate(moment), now)
        assert expected_wait(moment, now) == waited(asctime(moment), now)

    @given(dates, moments)
    def test_far_dates(self, moment: datetime, now: float) -> None:
        """A date long past asks for no wait, one far ahead for the ceiling, and none in between for more."""
        assert expected_wait(moment, now) == waited(imf_fixdate(moment), now) == waited(asctime(moment), now)

    @given(dates.filter(lambda moment: 0 < moment.year % 100 < 99), st.floats(-5000, 5000))
    @example(datetime(2004, 2, 29, tzinfo=UTC), -1.0)
    @example(datetime(1994, 12, 31, 23, 59, 59, tzinfo=UTC), -1.0)
    def test_two_digits_near_now(self, moment: datetime, since: float) -> None:
        """A year of two digits is the near one of this century, so that the wait is that of the full year."""
        now = moment.timestamp() + since
        assert expected_wait(moment, now) == waited(rfc_850(moment), now)

    @given(st.integers(1975, 2049), st.integers(0, 99))
    @example(2023, 73)
    @example(2023, 74)
    def test_two_digits_far_from_now(self, current: int, year: int) -> None:
        """A year that appears to be more than 50 years ahead is the last one in the past with its digits."""
        now = datetime(current, 7, 1, tzinfo=UTC).timestamp()
        century = current - current % 100
        full = max(base + year for base in (century - 100, century, century + 100) if base + year <= current + 50)
        moment = datetime(full, 7, 1, tzinfo=UTC)
        assert expected_wait(moment, now) == waited(rfc_850(moment), now)

    @pytest.mark.parametrize(
        ("expected", "since"), [(1.0, -1.0), (0.0, 0.0), (0.0, 1.0), (3600.0, -3600.0), (3600.0, -3601.0)]
    )
    def test_bounds(self, expected: float, since: float) -> None:
        """A wait is never negative and never over the ceiling."""
        assert expected == waited("Tue, 14 Nov 2023 22:13:20 GMT", NOW + since)

    @pytest.mark.parametrize(
        "day", ["31 Feb 2023", "29 Feb 2023", "30 Feb 2024", "31 Apr 2023", "00 Nov 2023", "32 Dec 2023"]
    )
    def test_days_that_are_none(self, day: str) -> None:
        """A day that its month does not have is passed over."""
        assert waited(f"Fri, {day} 00:00:00 GMT") is None

    def test_leap_day(self) -> None:
        """The day that a leap year has is read."""
        assert 0.0 == waited("Thu, 29 Feb 2024 00:00:00 GMT", datetime(2024, 3, 1, tzinfo=UTC).timestamp())

    def test_leap_second(self) -> None:
        """A leap second is legal in an HTTP-date."""
        assert 0.5 == waited("Sat, 31 Dec 2016 23:59:60 GMT", datetime(2017, 1, 1, tzinfo=UTC).timestamp() - 0.5)

    @pytest.mark.parametrize(
        "text",
        [
            "Tue, 14 Nov 2023 22:13:20",
            "Tue, 14 Nov 2023 22:13:20 UTC",
            "Tue, 14 Nov 2023 22:13:20 +0000",
            "Tue, 14 Nov 23 22:13:20 GMT",
            "Tue, 14 nov 2023 22:13:20 GMT",
            "Tue, 14 Nov 2023 24:00:00 GMT",
            "Tue, 14 Nov 2023 22:60:00 GMT",
            "Tue, 14 Nov 2023 22:13:61 GMT",
            "Tue, 00 Nov 2023 22:13:20 GMT",
            "Tue, 32 Nov 2023 22:13:20 GMT",
            "Tue, 4 Nov 2023 22:13:20 GMT",
            "Tue, 14 Foo 2023 22:13:20 GMT",
            "Tue, 14 Nov ٢٠٢٣ 22:13:20 GMT",
            "Tuesday, 14-Nov-2023 22:13:20 GMT",
            "Tuesday, 00-Nov-23 22:13:20 GMT",
            "Tue Nov 14 22:13:20 23",
            "Tue Nov  0 22:13:20 2023",
            "2023-11-14T22:13:20Z",
            "Tue, 14 Nov 2023 22:13:20 GMT, 7",
        ],
    )
    def test_junk(self, text: str) -> None:
        """What resembles a date but is none of the three forms is passed over."""
        assert waited(text) is None

    @given(
        st.one_of(
            st.text(),
            st.from_regex(re.compile(r"[A-Z][a-z]{2}, [0-9]{2} (Jan|Feb|Dec) [0-9]{4} [0-9:]{8} GMT"), fullmatch=True),
            st.from_regex(re.compile(r"[A-Z][a-z]{2} (Jan|Feb|Dec) [ 0-9]{2} [0-9:]{8} [0-9]{4}"), fullmatch=True),
            st.from_regex(re.compile(r"[A-Z][a-z]{5}, [0-9]{2}-(Jan|Feb)-[0-9]{2} [0-9:]{8} GMT"), fullmatch=True),
        ),
        moments,
    )
    @example("Mon, 01 Jan 0000 00:00:00 GMT", 0.0)
    def test_any_text(self, text: str, now: float) -> None:
        """Any text gives a wait within the bounds or nothing, and no error."""
        wait = waited(text, now)
        assert wait is None or 0.0 <= wait <= MAX_RETRY_AFTER
