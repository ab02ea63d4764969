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
from oauth_cc import (
    ClientCredentials,
    HttpRequest,
    HttpResponse,
    Secret,
    dpop,
    parse_token_response,
    token_request,
)
from oauth_cc._wire.grammar import HEADER_NAME, HEADER_VALUE
from oauth_cc.errors import InvalidInput
from oauth_cc.http import MAX_RETRY_AFTER, Headers, date, frames_message, pairs_of, retry_after

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
# Dates from 1970 on, in whole seconds as in HTTP-date.
dates = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)


def untyped(value: object) -> Any:
    """Return *value* with the type that an unchecked program sees."""
    return value


def locals_inside(error: BaseException) -> Iterator[str]:
    """Yield the repr of each local variable in the frames of oauth_cc that *error* passed through."""
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
    def test_headers_are_taken_from_a_mapping_or_pairs(self, given_headers: Headers) -> None:
        """They are kept as a tuple of pairs."""
        response = HttpResponse(200, given_headers)
        assert (("A", "1"), ("B", "2")) == response.headers
        assert response.headers == HttpRequest("GET", URL, response.headers).headers

    @given(st.dictionaries(st.text(), st.integers()))
    def test_pairs_of_is_the_same_for_a_mapping_and_its_items(self, fields: dict[str, int]) -> None:
        """Applying it twice changes nothing."""
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
    def test_headers_of_another_type_are_rejected(self, given_headers: object) -> None:
        """The error has no cause that could show a secret."""
        for make in (lambda fields: HttpRequest("GET", URL, fields), lambda fields: HttpResponse(200, fields)):
            with pytest.raises(InvalidInput, match=r"^headers must be a mapping or \(name, value\) pairs") as caught:
                make(untyped(given_headers))
            assert (None, None) == (caught.value.__cause__, caught.value.__context__)

    @pytest.mark.parametrize("pair", [["a", "b"], "ab"], ids=repr)
    def test_pairs_that_are_not_tuples_become_tuples_or_are_rejected(self, pair: object) -> None:
        """Equal headers make equal requests."""
        try:
            request = HttpRequest("GET", URL, untyped([pair]))
        except InvalidInput:
            return
        assert HttpRequest("GET", URL, [("a", "b")]) == request


class TestRequestIsARecord:
    def test_a_request_keeps_its_arguments(self) -> None:
        """They are sent unchanged."""
        request = HttpRequest("POST", URL, {"Accept": "a/b"}, b"x=1")
        assert ("POST", URL, (("Accept", "a/b"),), b"x=1") == (
            request.method,
            request.url,
            request.headers,
            request.body,
        )
        assert ((), b"") == (HttpRequest("GET", URL).headers, HttpRequest("GET", URL).body)

    @given(field_lists, field_lists)
    def test_requests_are_equal_exactly_if_their_content_is(
        self, left: list[tuple[str, str]], right: list[tuple[str, str]]
    ) -> None:
        """Equal requests have equal hashes."""
        one, other = HttpRequest("GET", URL, left), HttpRequest("GET", URL, right)
        assert (left == right) == (one == other)
        assert HttpRequest("GET", URL, tuple(left)) == one
        assert hash(HttpRequest("GET", URL, tuple(left))) == hash(one)

    def test_requests_that_differ_in_one_field_are_unequal(self) -> None:
        """Every field counts."""
        parts: list[tuple[str, str, Headers, bytes]] = [
            ("GET", URL, (), b""),
            ("PUT", URL, (), b""),
            ("GET", f"{URL}/", (), b""),
            ("GET", URL, {"a": "b"}, b""),
            ("GET", URL, (), b"x"),
        ]
        assert len(parts) == len({HttpRequest(*part) for part in parts})

    def test_attrs_evolve_validates_the_new_request(self) -> None:
        """An invalid field raises an error."""
        assert HttpRequest("PUT", URL) == attrs.evolve(HttpRequest("GET", URL), method="PUT")
        with pytest.raises(InvalidInput):
            attrs.evolve(HttpRequest("GET", URL), method="PUT\r\n")

    def test_attrs_evolve_keeps_the_fields_it_does_not_name(self) -> None:
        """They are hidden, also from attrs itself."""
        request, response = HttpRequest("POST", URL, {"a": "b"}, b"x"), HttpResponse(200, {"a": "b"}, b"x")
        assert HttpRequest("PUT", URL, {"a": "b"}, b"x") == attrs.evolve(request, method="PUT")
        assert HttpResponse(404, {"a": "b"}, b"x") == attrs.evolve(response, status=404)

    def test_requests_and_responses_cannot_be_changed(self) -> None:
        """Setting a field raises an error."""
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            HttpRequest("GET", URL).body = b""  # type: ignore[misc]  # what the test proves
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            HttpResponse(200).content = b""  # type: ignore[misc]  # what the test proves

    def test_a_header_with_the_redaction_of_a_secret_is_rejected(self) -> None:
        """Type checkers do not notice a formatted Secret."""
        field = f"Bearer {Secret(SECRET)}"
        with pytest.raises(InvalidInput, match=r"use secret\.reveal\(\)"):
            HttpRequest("GET", URL, {"Authorization": field})
        with pytest.raises(InvalidInput, match=r"use secret\.reveal\(\)"):
            HttpRequest("GET", URL).with_header("Authorization", field)


class TestRequestSplitsNoMessage:
    @pytest.mark.parametrize("splitter", SPLITTERS, ids=ascii)
    @pytest.mark.parametrize("frame", ["{}", "a{}", "{}a", "a{}b"])
    def test_a_header_with_a_line_break_or_control_character_is_rejected(self, frame: str, splitter: str) -> None:
        """It may be anywhere in the name or the value."""
        hostile = frame.format(splitter)
        for fields in ({hostile: "a"}, {"a": hostile}, {"ok": "1", "a": hostile}):
            with pytest.raises(InvalidInput, match=r"^headers contain a character that HTTP fields must not contain"):
                HttpRequest("GET", URL, fields)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("", "a"), ("a b", "a"), ("a:", "a"), ("é", "a"), ("a", " a"), ("a", "a\t"), ("a", "\u0100"), ("a", "\ud800")],
        ids=ascii,
    )
    def test_a_header_outside_the_grammar_is_rejected(self, name: str, value: str) -> None:
        """A name is a token, and a value is Latin-1 without white space at its ends (RFC 9110)."""
        with pytest.raises(InvalidInput, match=r"^headers contain a character that HTTP fields must not contain"):
            HttpRequest("GET", URL, {name: value})

    @given(any_fields)
    def test_any_headers_are_kept_or_are_invalid_input(self, fields: list[tuple[str, str]]) -> None:
        """Nothing else is raised."""
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
    def test_a_method_that_is_not_a_token_is_rejected(self, method: object) -> None:
        """The error names the argument."""
        with pytest.raises(InvalidInput, match=r"^method must be an HTTP method"):
            HttpRequest(untyped(method), URL)

    @pytest.mark.parametrize(
        "url",
        [b"https://api.example/", None, 5, "", "https://h/\r\nX: y", "https://h/a b", "https://h/\x00", "https://h/é"],
        ids=ascii,
    )
    def test_a_url_that_could_split_the_request_line_is_rejected(self, url: object) -> None:
        """A URL that is not a str is rejected, too."""
        with pytest.raises(InvalidInput, match=r"^url must be a str of visible ASCII characters"):
            HttpRequest("GET", untyped(url))

    @pytest.mark.parametrize(
        "body", ["text", None, bytearray(b"a"), memoryview(b"a")], ids=lambda body: type(body).__name__
    )
    def test_a_body_that_is_not_bytes_is_rejected(self, body: object) -> None:
        """Mutable kinds of bytes are rejected, too."""
        with pytest.raises(InvalidInput, match=f"^body must be bytes, not {type(body).__name__}; encode it first$"):
            HttpRequest("POST", URL, (), untyped(body))


REDACTED = "headers contain the redacted text of a Secret; use secret.reveal() instead of str(secret)"
UNSENDABLE = "headers contain a character that HTTP fields must not contain (RFC 9110 section 5.5)"
NO_PAIRS = "headers must be a mapping or (name, value) pairs, all of them str"


@pytest.mark.parametrize(
    ("call", "parameter", "reason"),
    [
        (lambda: HttpRequest("a b", URL), "method", "method must be an HTTP method such as 'GET'"),
        (
            lambda: HttpRequest("GET", "é"),
            "url",
            "url must be a str of visible ASCII characters; percent-encode any other",
        ),
        (lambda: HttpRequest("GET", URL, untyped(5)), "headers", NO_PAIRS),
        (lambda: HttpRequest("GET", URL, (), untyped("a")), "body", "body must be bytes, not str; encode it first"),
        (lambda: HttpRequest("GET", URL, {"a b": "c"}), "headers", UNSENDABLE),
        (lambda: HttpRequest("GET", URL, {"a": f"{Secret('s')}"}), "headers", REDACTED),
        (lambda: HttpRequest("GET", URL).with_header("a", "\n"), "headers", UNSENDABLE),
        (lambda: HttpRequest("GET", URL).with_header("a", f"b {Secret('s')}"), "headers", REDACTED),
        (lambda: HttpResponse(untyped(None)), "status", "status must be an int, not NoneType"),
        (lambda: HttpResponse(200, untyped({"a": 5})), "headers", NO_PAIRS),
        (lambda: HttpResponse(200, (), untyped("a")), "content", "content must be bytes, not str; encode it first"),
        (
            lambda: dpop.dpop_nonce(untyped(b"HTTP/1.1 200 OK")),
            "response",
            "response must be an HttpResponse, not bytes; use HttpResponse(status, headers, content)",
        ),
        *[
            (
                lambda received_at=received_at: parse_token_response(
                    HttpResponse(400), ClientCredentials("id"), received_at=untyped(received_at)
                ),
                "received_at",
                "received_at must be POSIX seconds as a finite float; use time.time()",
            )
            for received_at in (None, "5", True, float("nan"), float("inf"), -float("inf"))
        ],
    ],
)
def test_the_error_of_an_argument_names_it_and_says_what_to_pass(call: Any, parameter: str, reason: str) -> None:
    """Its reason is one sentence."""
    with pytest.raises(InvalidInput) as caught:
        call()
    assert (parameter, reason) == caught.value.args


@pytest.mark.parametrize("received_at", [1700000000, 1700000000.5, -1])
def test_the_time_of_a_response_may_be_any_finite_number(received_at: float) -> None:
    """A program on a machine with a wrong clock still gets its token."""
    response = HttpResponse(200, (), b'{"access_token": "t", "token_type": "Bearer", "expires_in": 5}')
    token = parse_token_response(response, token_request(ClientCredentials("id", "s")), received_at=received_at)
    assert received_at + 5 == token.expires_at


@pytest.mark.parametrize(
    ("expected", "names"),
    [
        (True, "Connection Cookie Date Expect Host HTTP2-Settings Keep-Alive Set-Cookie TE Trailer Transfer-Encoding"),
        (True, "Upgrade Via WWW-Authenticate Content-Length Content-Type Proxy-Authorization Sec-Fetch-Mode"),
        (True, "CONTENT-LENGTH proxy-connection sec-websocket-key hOST cookie"),
        (False, "Accept Authorization DPoP User-Agent X-Content-Type X-Proxy-Id X-Sec-Id Contents Proxy Section Hosts"),
        (False, "Cookie2 Updated Dates Tea"),
    ],
)
def test_a_header_that_shapes_its_message_is_recognised_in_any_case(expected: bool, names: str) -> None:
    """HTTP libraries set these alone (RFC 9110 sections 7 and 8)."""
    assert dict.fromkeys(names.split(), expected) == {name: frames_message(name) for name in names.split()}


class TestWithHeader:
    @given(field_lists, names, field_values)
    def test_with_header_replaces_every_field_of_that_name(
        self, fields: list[tuple[str, str]], name: str, value: str
    ) -> None:
        """The name counts in any case, and all other fields keep their order."""
        before = HttpRequest("POST", URL, fields, b"x")
        after = before.with_header(name, value)
        kept = [pair for pair in fields if pair[0].lower() != name.lower()]
        assert (*kept, (name, value)) == after.headers
        assert (("POST", URL, b"x"), tuple(fields)) == ((after.method, after.url, after.body), before.headers)

    @given(field_lists, names, field_values)
    def test_with_header_is_idempotent(self, fields: list[tuple[str, str]], name: str, value: str) -> None:
        """Setting a field twice is the same as setting it once."""
        once = HttpRequest("GET", URL, fields).with_header(name, value)
        assert once == once.with_header(name, value)

    @pytest.mark.parametrize("splitter", SPLITTERS, ids=ascii)
    def test_with_header_rejects_a_line_break_or_control_character(self, splitter: str) -> None:
        """It may be in the name or in the value."""
        for name, value in ((f"a{splitter}", "b"), ("a", f"b{splitter}")):
            with pytest.raises(InvalidInput, match=r"^headers contain a character that HTTP fields must not contain"):
                HttpRequest("GET", URL).with_header(name, value)

    @pytest.mark.parametrize(("name", "value"), [(5, "a"), ("a", 5), ("a", None), ("a", b"s3cret-value")])
    def test_with_header_rejects_other_types_and_does_not_show_them(self, name: object, value: object) -> None:
        """The frames of the error do not hold the value."""
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
            ("https://id:s3cret-value@h?b", "https://***@h?***"),
            ("https://id@s3cret-value@h/a/b@c", "https://***@h/a/b@c"),
            ("https://h/go/https://i/a@b", "https://h/go/https://i/a@b"),
            ("https://s3cret-value@h/go/https://i", "https://***@h/go/https://i"),
            ("https://h/a#?s3cret-value", "https://h/a"),
            ("/relative?a=s3cret-value?b", "/relative?***"),
        ],
    )
    def test_the_repr_of_a_url_omits_userinfo_query_and_fragment(self, url: str, shown: str) -> None:
        """They may contain secrets."""
        assert f"HttpRequest(GET {shown}, headers=(), body=0 bytes)" == repr(HttpRequest("GET", url))

    def test_control_characters_of_a_server_are_replaced_in_the_repr(self) -> None:
        """A terminal or a log could interpret them."""
        response = HttpResponse(200, {"Server": "x\n\x1b[2J\u202e", "A\r": "b"})
        assert "HttpResponse(200, headers=(Server: x??[2J?, A?: ***), content=0 bytes)" == repr(response)

    def test_a_message_is_its_own_copy(self) -> None:
        """It cannot change."""
        for message in (HttpRequest("GET", URL), HttpResponse(200)):
            assert copy.copy(message) is message
            assert copy.deepcopy([message]) == [message]

    def test_the_repr_of_a_request_redacts_query_body_and_unknown_fields(self) -> None:
        """It shows method, path, known fields and sizes."""
        fields = {"Accept": "a/b", "Authorization": f"Basic {SECRET}", "DPoP": SECRET, "X-Api-Key": SECRET}
        request = HttpRequest("POST", f"{URL}?key={SECRET}", fields, SECRET.encode())
        shown = "headers=(Accept: a/b, Authorization: ***, DPoP: ***, X-Api-Key: ***), body=12 bytes"
        assert f"HttpRequest(POST {URL}?***, {shown})" == repr(request) == f"{request}"

    def test_the_repr_of_a_response_redacts_content_and_unknown_fields(self) -> None:
        """It shows status, known fields and sizes."""
        fields = [("content-TYPE", "a/b"), ("Set-Cookie", SECRET), ("Set-Cookie", SECRET), ("DPoP-Nonce", SECRET)]
        shown = "headers=(content-TYPE: a/b, Set-Cookie: ***, Set-Cookie: ***, DPoP-Nonce: ***), content=12 bytes"
        assert f"HttpResponse(200, {shown})" == repr(HttpResponse(200, fields, SECRET.encode()))

    def test_the_repr_of_a_message_without_fields_shows_empty_headers(self) -> None:
        """The size of the body is zero."""
        assert f"HttpRequest(GET {URL}, headers=(), body=0 bytes)" == repr(HttpRequest("GET", URL))
        assert "HttpResponse(204, headers=(), content=0 bytes)" == repr(HttpResponse(204))

    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_messages_cannot_be_pickled(self, protocol: int) -> None:
        """No protocol is supported."""
        messages: list[object] = [HttpRequest("GET", URL, (), SECRET.encode()), HttpResponse(200, (), SECRET.encode())]
        for message in messages:
            with pytest.raises(TypeError, match="cannot be pickled") as caught:
                pickle.dumps(message, protocol)
            assert SECRET not in str([str(caught.value), *locals_inside(caught.value)])

    @pytest.mark.parametrize(
        ("message", "reason"),
        [
            (
                HttpRequest("GET", URL),
                "an HttpRequest may contain a secret and cannot be pickled; compose it where it is sent",
            ),
            (
                HttpResponse(200),
                "an HttpResponse may contain a token and cannot be pickled; parse it where it was received",
            ),
        ],
        ids=["request", "response"],
    )
    def test_the_error_of_a_pickled_message_says_what_to_do(self, message: object, reason: str) -> None:
        """A program that pickles one did not think of its secret."""
        with pytest.raises(TypeError, match=f"^{reason}$"):
            pickle.dumps(message)

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
    def test_an_error_does_not_show_the_rejected_value(self, refuse: Any) -> None:
        """Neither its text nor the local variables of its frames do."""
        with pytest.raises(InvalidInput) as caught:
            refuse()
        assert (None, None) == (caught.value.__cause__, caught.value.__context__)
        assert SECRET not in str([repr(caught.value), *locals_inside(caught.value)])

    @pytest.mark.parametrize(
        "refuse",
        [lambda: HttpRequest("GET", URL, {"A": f"{SECRET}\n"}), lambda: HttpResponse(untyped("200"), {"A": SECRET})],
        ids=["request", "response"],
    )
    def test_a_traceback_with_local_variables_does_not_show_the_rejected_value(self, refuse: Any) -> None:
        """Crash reporters print such tracebacks."""
        with pytest.raises(InvalidInput) as caught:
            refuse()
        trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        assert SECRET not in str([frame.locals for frame in trace.stack])


class TestResponse:
    def test_a_response_keeps_its_arguments(self) -> None:
        """Headers and content are empty by default."""
        response = HttpResponse(200, {"A": "b"}, b"{}")
        assert (200, (("A", "b"),), b"{}") == (response.status, response.headers, response.content)
        assert ((), b"") == (HttpResponse(204).headers, HttpResponse(204).content)

    @given(st.integers(), any_fields, st.binary())
    @example(0, [("", "a\r\nb"), ("\ud800", "\x00")], b"\xff")
    def test_a_response_accepts_any_status_headers_and_content(
        self, status: int, fields: list[tuple[str, str]], content: bytes
    ) -> None:
        """It can be compared, hashed and printed."""
        response = HttpResponse(status, fields, content)
        assert HttpResponse(status, tuple(fields), content) == response
        assert hash(HttpResponse(status, tuple(fields), content)) == hash(response)
        assert repr(response).startswith(f"HttpResponse({status}, headers=(")

    def test_a_status_may_be_an_http_status(self) -> None:
        """`http.HTTPStatus.OK` equals 200."""
        assert HttpResponse(200) == HttpResponse(HTTPStatus.OK)

    @pytest.mark.parametrize("status", ["200", 200.0, None, True, b"200"], ids=repr)
    def test_a_status_that_is_not_an_int_is_rejected(self, status: object) -> None:
        """A bool is rejected, too."""
        with pytest.raises(InvalidInput, match=f"^status must be an int, not {type(status).__name__}$"):
            HttpResponse(untyped(status))

    @pytest.mark.parametrize("content", ["text", None, bytearray(b"a")], ids=lambda content: type(content).__name__)
    def test_content_that_is_not_bytes_is_rejected(self, content: object) -> None:
        """The error names the type."""
        with pytest.raises(
            InvalidInput, match=f"^content must be bytes, not {type(content).__name__}; encode it first$"
        ):
            HttpResponse(200, (), untyped(content))

    @given(field_lists, names)
    def test_header_returns_every_value_of_a_name_in_any_case(self, fields: list[tuple[str, str]], name: str) -> None:
        """The values keep their order."""
        response = HttpResponse(200, fields)
        assert tuple(value for key, value in fields if key.lower() == name.lower()) == response.header(name)
        assert response.header(name.upper()) == response.header(name.swapcase())


def imf_fixdate(moment: datetime) -> str:
    """Format *moment* as the preferred form of HTTP-date."""
    return format_datetime(moment, usegmt=True)


def rfc_850(moment: datetime) -> str:
    """Format *moment* as the obsolete form with a year of two digits."""
    return moment.strftime("%A, %d-%b-%y %H:%M:%S GMT")


def asctime(moment: datetime) -> str:
    """Format *moment* as the obsolete form of C's asctime."""
    return f"{moment:%a %b} {moment.day:2d} {moment:%H:%M:%S} {moment.year:04d}"


def waited(text: str, now: float = NOW) -> float | None:
    """Return the seconds that the Retry-After field *text* requests."""
    return retry_after(HttpResponse(503, {"Retry-After": text}), now)


def sent_at(text: str, now: float = NOW) -> float | None:
    """Return the moment that the Date field *text* names."""
    return date(HttpResponse(200, {"Date": text}), now)


def expected_wait(moment: datetime, now: float) -> float:
    """Return the seconds from *now* to *moment* within the limits, as the standard library counts them."""
    return min(max(moment.timestamp() - now, 0.0), MAX_RETRY_AFTER)


class TestRetryAfterSeconds:
    @given(st.integers(0, 10**400))
    @example(0)
    @example(3600)
    @example(3601)
    def test_a_number_of_seconds_is_limited_to_an_hour(self, seconds: int) -> None:
        """The number of digits does not matter."""
        assert float(min(seconds, 3600)) == waited(str(seconds))

    @pytest.mark.parametrize(("expected", "text"), [(7.0, "007"), (7.0, " \t7 "), (3600.0, "9" * 100_000)])
    def test_leading_zeros_and_white_space_are_accepted(self, expected: float, text: str) -> None:
        """White space may surround the number."""
        assert expected == waited(text)

    @pytest.mark.parametrize(
        "text", ["", "-1", "+1", "1.5", "1e3", "1_0", "0x10", "٧", "7s", "7, 8", "inf", "nan", "7\n", "X7X", "\xa07"]
    )
    def test_text_that_is_neither_digits_nor_a_date_is_ignored(self, text: str) -> None:
        """It is ignored even if float() accepts it."""
        assert waited(text) is None

    @pytest.mark.parametrize("fields", [(), [("Retry-After", "7"), ("retry-after", "7")], {"Retry": "7"}])
    def test_a_missing_or_repeated_field_is_ignored(self, fields: Headers) -> None:
        """The result is None."""
        assert retry_after(HttpResponse(503, fields), NOW) is None

    def test_the_name_of_the_field_is_case_insensitive(self) -> None:
        """All field names are."""
        assert 7.0 == retry_after(HttpResponse(503, {"rEtRy-aFtEr": "7"}), NOW)


class TestRetryAfterDate:
    @pytest.mark.parametrize(
        "text", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
    )
    def test_the_three_forms_of_rfc_9110_are_the_same_moment(self, text: str) -> None:
        """They are the examples of section 5.6.7."""
        moment = parsedate_to_datetime("Sun, 06 Nov 1994 08:49:37 GMT").timestamp()
        assert 60.0 == waited(text, moment - 60)

    @given(dates, st.floats(-5000, 5000))
    @example(datetime(2000, 2, 29, tzinfo=UTC), -1.0)
    @example(datetime(2100, 2, 28, 23, 59, 59, tzinfo=UTC), -1.0)
    @example(datetime(1970, 1, 1, tzinfo=UTC), 0.5)
    def test_a_date_with_a_full_year_is_counted_as_by_the_standard_library(
        self, moment: datetime, since: float
    ) -> None:
        """Both forms with a full year are."""
        now = moment.timestamp() + since
        assert expected_wait(moment, now) == waited(imf_fixdate(moment), now)
        assert expected_wait(moment, now) == waited(asctime(moment), now)

    @given(dates, moments)
    def test_any_date_is_limited_to_the_range_from_zero_to_an_hour(self, moment: datetime, now: float) -> None:
        """The date may be long past or far ahead."""
        assert expected_wait(moment, now) == waited(imf_fixdate(moment), now) == waited(asctime(moment), now)

    @given(dates.filter(lambda moment: 0 < moment.year % 100 < 99), st.floats(-5000, 5000))
    @example(datetime(2004, 2, 29, tzinfo=UTC), -1.0)
    @example(datetime(1994, 12, 31, 23, 59, 59, tzinfo=UTC), -1.0)
    def test_a_year_of_two_digits_is_that_of_this_century(self, moment: datetime, since: float) -> None:
        """The date is near."""
        now = moment.timestamp() + since
        assert expected_wait(moment, now) == waited(rfc_850(moment), now)

    @given(st.integers(1901, 2149), st.integers(0, 99))
    @example(1969, 20)
    @example(2023, 73)
    @example(2023, 74)
    @example(2060, 10)
    @example(2060, 11)
    def test_a_year_of_two_digits_is_at_most_50_years_ahead(self, current: int, year: int) -> None:
        """A later one is the last year in the past with the same digits."""
        now = datetime(current, 7, 1, tzinfo=UTC).timestamp()
        century = current - current % 100
        full = max(base + year for base in (century - 100, century, century + 100) if base + year <= current + 50)
        moment = datetime(full, 7, 1, tzinfo=UTC)
        assert expected_wait(moment, now) == waited(rfc_850(moment), now)
        assert moment.timestamp() == sent_at(rfc_850(moment), now)

    @pytest.mark.parametrize(
        ("expected", "since"), [(1.0, -1.0), (0.0, 0.0), (0.0, 1.0), (3600.0, -3600.0), (3600.0, -3601.0)]
    )
    def test_the_wait_is_never_negative_and_never_over_an_hour(self, expected: float, since: float) -> None:
        """The limits are inclusive."""
        assert expected == waited("Tue, 14 Nov 2023 22:13:20 GMT", NOW + since)

    @pytest.mark.parametrize(
        "day", ["31 Feb 2023", "29 Feb 2023", "30 Feb 2024", "31 Apr 2023", "00 Nov 2023", "32 Dec 2023"]
    )
    def test_a_day_that_its_month_does_not_have_is_ignored(self, day: str) -> None:
        """The result is None."""
        assert waited(f"Fri, {day} 00:00:00 GMT") is None

    def test_the_29th_of_february_of_a_leap_year_is_accepted(self) -> None:
        """Other years do not have the day."""
        assert 0.0 == waited("Thu, 29 Feb 2024 00:00:00 GMT", datetime(2024, 3, 1, tzinfo=UTC).timestamp())

    def test_a_leap_second_is_accepted(self) -> None:
        """An HTTP-date may contain it."""
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
    def test_text_that_only_resembles_a_date_is_ignored(self, text: str) -> None:
        """Only the three forms are read."""
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
    def test_any_text_is_a_wait_within_the_limits_or_is_ignored(self, text: str, now: float) -> None:
        """Nothing is raised."""
        wait = waited(text, now)
        assert wait is None or 0.0 <= wait <= MAX_RETRY_AFTER


class TestDate:
    @given(dates, moments)
    def test_the_date_of_a_response_is_counted_as_by_the_standard_library(self, moment: datetime, now: float) -> None:
        """The time of receipt does not matter for a full year."""
        assert moment.timestamp() == sent_at(imf_fixdate(moment), now) == sent_at(asctime(moment), now)

    @pytest.mark.parametrize(
        ("expected", "fields"),
        [
            (NOW, {"dATE": "Tue, 14 Nov 2023 22:13:20 GMT"}),
            (NOW, {"Date": " \tTue, 14 Nov 2023 22:13:20 GMT\t "}),
            (NOW, {"Date": "Tuesday, 14-Nov-23 22:13:20 GMT"}),
            (None, {"Date": "XTue, 14 Nov 2023 22:13:20 GMTX"}),
            (None, {"Date": "1700000000"}),
            (None, {"Date": ""}),
            (None, {"Dates": "Tue, 14 Nov 2023 22:13:20 GMT"}),
            (None, ()),
            (None, [("Date", "Tue, 14 Nov 2023 22:13:20 GMT"), ("date", "Tue, 14 Nov 2023 22:13:20 GMT")]),
        ],
    )
    def test_a_missing_repeated_or_invalid_date_is_none(self, expected: float | None, fields: Headers) -> None:
        """White space may surround the date."""
        assert expected == date(HttpResponse(200, fields), NOW)
