"""
HTTP requests and responses as values (RFC 9110).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NoReturn, SupportsIndex, TypeAlias, TypeGuard, TypeVar, final

import attrs

from oauth_cc._wire.grammar import HEADER_NAME, HEADER_VALUE, URL_TEXT
from oauth_cc._wire.hidden import Hidden
from oauth_cc.errors import InvalidInput, kind_fault, moment_fault
from oauth_cc.secret import REDACTION

__all__ = ["HttpRequest", "HttpResponse"]


def __dir__() -> list[str]:
    return __all__


V = TypeVar("V")

Headers: TypeAlias = "Mapping[str, str] | Iterable[tuple[str, str]]"
"""Header fields: a mapping, or (name, value) pairs in which a name may repeat."""

MAX_RETRY_AFTER: Final = 3600.0
"""The maximum number of seconds of a Retry-After, so that no server stops a client for longer."""

RETRYABLE: Final = frozenset({429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed later (RFC 9110 section 15.6, RFC 6585 section 4)."""

SHOWN_HEADERS: Final = frozenset(
    {"accept", "accept-encoding", "allow", "cache-control", "content-encoding", "content-length", "content-type"}
    | {"date", "pragma", "retry-after", "server", "user-agent", "via"}
)
"""Header fields, in lower case, whose values are not redacted. Any other field may contain a secret."""


@final
@attrs.frozen(init=False, repr=False)
class HttpRequest:
    """
    An HTTP request to send.

    Pass ``dict(request.headers)`` to an HTTP library. ``repr`` redacts the body, the query and every field that may
    contain a secret. A request cannot be pickled.

        >>> HttpRequest("GET", "https://api.example/things?page=2", {"Accept": "text/plain", "Cookie": "a=b"})
        HttpRequest(GET https://api.example/things?***, headers=(Accept: text/plain, Cookie: ***), body=0 bytes)

    Args:
        method: The HTTP method, such as ``GET``.
        url: The URL, as it is sent.
        headers: The header fields, a mapping or (name, value) pairs.
        body: The body, as it is sent.

    Raises:
        InvalidInput: An argument is of the wrong type, or could split the message.
    """

    __match_args__ = ("method", "url", "headers", "body")

    method: str
    # Hidden from code that prints the fields of a record.
    _url: Hidden[str] = attrs.field(alias="url")
    _headers: Hidden[tuple[tuple[str, str], ...]] = attrs.field(alias="headers")
    _body: Hidden[bytes] = attrs.field(alias="body")

    def __init__(
        self,
        method: str,
        url: str | Hidden[str],
        headers: Headers | Hidden[tuple[tuple[str, str], ...]] = (),
        body: bytes | Hidden[bytes] = b"",
    ) -> None:
        # attrs.evolve passes the hidden fields of another request.
        pairs = _pairs(headers.open() if isinstance(headers, Hidden) else headers)
        where = url.open() if isinstance(url, Hidden) else url
        content = body.open() if isinstance(body, Hidden) else body
        fault = _request_fault(method, where, pairs, content)
        if fault is not None:
            del self, method, url, headers, body, pairs, where, content
            raise fault
        object.__setattr__(self, "method", method)
        object.__setattr__(self, "_url", Hidden(where))
        object.__setattr__(self, "_headers", Hidden(pairs))
        object.__setattr__(self, "_body", Hidden(content))

    @property
    def url(self) -> str:
        """The URL, as it is sent."""
        return self._url.open()

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The header fields, (name, value) pairs in their order."""
        return self._headers.open()

    @property
    def body(self) -> bytes:
        """The body."""
        return self._body.open()

    def with_header(self, name: str, value: str) -> "HttpRequest":
        """
        Return this request with one field of that name, in place of all fields with the name in any case.

            >>> HttpRequest("GET", "https://api.example/", {"accept": "a/b"}).with_header("Accept", "c/d").headers
            (('Accept', 'c/d'),)

        Args:
            name: The name of the field (RFC 9110 section 5.1).
            value: Its value, without line breaks and other control characters.

        Raises:
            InvalidInput: The name or the value cannot stand in a header. The error quotes neither.
        """
        fault = _request_fault(self.method, self.url, _pairs([(name, value)]), self.body)
        if fault is not None:
            del name, value
            raise fault
        kept = [pair for pair in self.headers if pair[0].lower() != name.lower()]
        return HttpRequest(self.method, self.url, (*kept, (name, value)), self.body)

    def __repr__(self) -> str:
        url = _redacted_url(self.url)
        return f"HttpRequest({self.method} {url}, headers={_redacted(self.headers)}, body={len(self.body)} bytes)"

    def __copy__(self) -> "HttpRequest":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "HttpRequest":
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("an HttpRequest may contain a secret and cannot be pickled; compose it where it is sent")


@final
@attrs.frozen(init=False, repr=False)
class HttpResponse:
    """
    An HTTP response.

    ``repr`` redacts the content and every field that may contain a secret. A response cannot be pickled.

        >>> HttpResponse(200, {"Content-Type": "application/json"}, b'{"access_token": "..."}')
        HttpResponse(200, headers=(Content-Type: application/json), content=23 bytes)

    Args:
        status: The status code.
        headers: The header fields, a mapping or (name, value) pairs, with any values.
        content: The body, without its content coding.

    Raises:
        InvalidInput: An argument is of the wrong type.
    """

    __match_args__ = ("status", "headers", "content")

    status: int
    # Hidden as the fields of a request.
    _headers: Hidden[tuple[tuple[str, str], ...]] = attrs.field(alias="headers")
    _content: Hidden[bytes] = attrs.field(alias="content")

    def __init__(
        self,
        status: int,
        headers: Headers | Hidden[tuple[tuple[str, str], ...]] = (),
        content: bytes | Hidden[bytes] = b"",
    ) -> None:
        pairs = _pairs(headers.open() if isinstance(headers, Hidden) else headers)
        octets = content.open() if isinstance(content, Hidden) else content
        fault = _response_fault(status, pairs, octets)
        if fault is not None:
            del self, headers, content, pairs, octets
            raise fault
        object.__setattr__(self, "status", status)
        object.__setattr__(self, "_headers", Hidden(pairs))
        object.__setattr__(self, "_content", Hidden(octets))

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The header fields, (name, value) pairs in their order."""
        return self._headers.open()

    @property
    def content(self) -> bytes:
        """The body, without its content coding."""
        return self._content.open()

    def header(self, name: str) -> tuple[str, ...]:
        """
        Return the values of every field *name*, in any case and in their order.

            >>> HttpResponse(503, {"Retry-After": "7"}).header("retry-after")
            ('7',)

        Raises:
            InvalidInput: *name* is not a str.
        """
        if not isinstance(name, str):
            raise kind_fault("name", name, "the name of a header as a str")
        return tuple([value for key, value in self.headers if key.lower() == name.lower()])

    def __repr__(self) -> str:
        return f"HttpResponse({self.status}, headers={_redacted(self.headers)}, content={len(self.content)} bytes)"

    def __copy__(self) -> "HttpResponse":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "HttpResponse":
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("an HttpResponse may contain a token and cannot be pickled; parse it where it was received")


def check_response(given: object) -> None:
    """Raise `InvalidInput` unless *given* is an `HttpResponse`."""
    if not isinstance(given, HttpResponse):
        kind = type(given).__name__
        del given
        reason = f"response must be an HttpResponse, not {kind}; use HttpResponse(status, headers, content)"
        raise InvalidInput("response", reason)


def check_received(response: object, received_at: object) -> None:
    """
    Check what a program says that it received.

    Args:
        response: The response.
        received_at: When it was received, in POSIX seconds.

    Raises:
        InvalidInput: An argument is of another type, or *received_at* is not finite.
    """
    check_response(response)
    fault = moment_fault("received_at", received_at)
    if fault is not None:
        raise fault


# Fields by which a message is framed, routed or kept apart from another one (RFC 9110 sections 7 and 8, RFC 6265).
_FRAMING: Final = frozenset(
    "connection cookie date expect host http2-settings keep-alive set-cookie te trailer transfer-encoding upgrade via"
    " www-authenticate".split()
)


def frames_message(name: str) -> bool:
    """
    Return whether the header *name* shapes the message or its connection, and so is set by the HTTP library alone.

        >>> frames_message("Content-Length"), frames_message("X-Merchant-Id")
        (True, False)
    """
    lowered = name.lower()
    return lowered in _FRAMING or lowered.startswith(("content-", "proxy-", "sec-"))


def pairs_of(fields: Mapping[str, V] | Iterable[tuple[str, V]]) -> tuple[tuple[str, V], ...]:
    """
    Return the (name, value) pairs of *fields*, a mapping or pairs.

        >>> pairs_of({"a": 1})
        (('a', 1),)
    """
    if _are_pairs(fields):
        return tuple(fields)
    return tuple(fields.items()) if _is_mapping(fields) else ()


# Two guards, because to type checkers a Mapping is also an Iterable, possibly of pairs.
def _are_pairs(fields: Mapping[str, V] | Iterable[tuple[str, V]]) -> TypeGuard[Iterable[tuple[str, V]]]:
    return not isinstance(fields, Mapping)


def _is_mapping(fields: Mapping[str, V] | Iterable[tuple[str, V]]) -> TypeGuard[Mapping[str, V]]:
    return isinstance(fields, Mapping)


def _pairs(headers: Headers) -> tuple[tuple[str, str], ...] | None:
    try:
        pairs = tuple([(name, value) for name, value in pairs_of(headers)])
        return pairs if all([isinstance(name, str) and isinstance(value, str) for name, value in pairs]) else None
    except (TypeError, ValueError):
        return None


def _redacted(headers: tuple[tuple[str, str], ...]) -> str:
    shown = [f"{name}: {value}" if name.lower() in SHOWN_HEADERS else f"{name}: ***" for name, value in headers]
    # A server may send control sequences of a terminal.
    return "".join([character if character.isprintable() else "?" for character in f"({', '.join(shown)})"])


def _redacted_url(url: str) -> str:
    path, mark, _ = url.partition("#")[0].partition("?")
    scheme, separator, rest = path.partition("://")
    authority, slash, tail = rest.partition("/")
    host = f"***@{authority.rpartition('@')[2]}" if "@" in authority else authority
    return f"{scheme}{separator}{host}{slash}{tail}{'?***' if mark else ''}"


def _request_fault(
    method: str, url: str, pairs: tuple[tuple[str, str], ...] | None, body: bytes
) -> InvalidInput | None:
    if not isinstance(method, str) or not HEADER_NAME.fullmatch(method):
        return InvalidInput("method", "method must be an HTTP method such as 'GET'")
    if not isinstance(url, str) or not URL_TEXT.fullmatch(url):
        return InvalidInput("url", "url must be a str of visible ASCII characters; percent-encode any other")
    if pairs is None:
        return InvalidInput("headers", "headers must be a mapping or (name, value) pairs, all of them str")
    if not isinstance(body, bytes):
        return InvalidInput("body", f"body must be bytes, not {type(body).__name__}; encode it first")
    for name, value in pairs:
        if not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
            reason = "headers contain a character that HTTP fields must not contain (RFC 9110 section 5.5)"
            return InvalidInput("headers", reason)
        if REDACTION in value:
            reason = "headers contain the redacted text of a Secret; use secret.reveal() instead of str(secret)"
            return InvalidInput("headers", reason)
    return None


def _response_fault(status: int, pairs: tuple[tuple[str, str], ...] | None, content: bytes) -> InvalidInput | None:
    if not isinstance(status, int) or isinstance(status, bool):
        return InvalidInput("status", f"status must be an int, not {type(status).__name__}")
    if pairs is None:
        return InvalidInput("headers", "headers must be a mapping or (name, value) pairs, all of them str")
    if not isinstance(content, bytes):
        return InvalidInput("content", f"content must be bytes, not {type(content).__name__}; encode it first")
    return None


_YEAR: Final = 31556952
_SECONDS: Final = re.compile(r"[0-9]+")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH: Final = "|".join(_MONTHS)
_TIME: Final = r"(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9]|60)"
# IMF-fixdate, then the obsolete RFC 850 and asctime forms that a recipient must accept (RFC 9110 section 5.6.7). Not
# compiled on import, because few programs ever receive one.
_DATES: Final = (
    rf"[A-Z][a-z]{{2}}, (?P<day>[0-9]{{2}}) (?P<month>{_MONTH}) (?P<year>[0-9]{{4}}) {_TIME} GMT",
    rf"[A-Z][a-z]{{5,8}}, (?P<day>[0-9]{{2}})-(?P<month>{_MONTH})-(?P<year>[0-9]{{2}}) {_TIME} GMT",
    rf"[A-Z][a-z]{{2}} (?P<month>{_MONTH}) (?P<day>[ 0-9][0-9]) {_TIME} (?P<year>[0-9]{{4}})",
)


def retry_after(response: HttpResponse, received_at: float) -> float | None:
    """
    Return the seconds to wait that Retry-After requests (RFC 9110 section 10.2.3), from 0 to `MAX_RETRY_AFTER`.

    Both forms are read, seconds and HTTP-date. None if the field is missing, repeated or invalid.

        >>> retry_after(HttpResponse(503, {"Retry-After": "7"}), 1700000000.0)
        7.0
        >>> retry_after(HttpResponse(503, {"Retry-After": "Tue, 14 Nov 2023 22:14:20 GMT"}), 1700000000.0)
        60.0

    Args:
        response: The response.
        received_at: When it was received, in POSIX seconds.
    """
    values = response.header("Retry-After")
    if len(values) != 1:
        return None
    text = values[0].strip(" \t")
    if _SECONDS.fullmatch(text):
        return min(float(text), MAX_RETRY_AFTER)
    moment = _http_date(text, received_at)
    return None if moment is None else min(max(moment - received_at, 0.0), MAX_RETRY_AFTER)


def date(response: HttpResponse, received_at: float) -> float | None:
    """
    Return the Date of *response* in POSIX seconds (RFC 9110 section 6.6.1).

    None if the field is missing, repeated or invalid.

        >>> date(HttpResponse(401, {"Date": "Tue, 14 Nov 2023 22:14:20 GMT"}), 1700000000.0)
        1700000060.0

    Args:
        response: The response.
        received_at: When it was received, in POSIX seconds. Decides the century of a year with two digits.
    """
    values = response.header("Date")
    return _http_date(values[0].strip(" \t"), received_at) if len(values) == 1 else None


def _http_date(text: str, now: float) -> float | None:
    match = next((match for match in [re.fullmatch(pattern, text) for pattern in _DATES] if match), None)
    if match is None:
        return None
    year, month, day = int(match["year"]), _MONTHS.index(match["month"]) + 1, int(match["day"])
    if len(match["year"]) == 2:
        year = _full_year(year, now)
    days = _days(year, month, 1)
    if not 0 < day <= _days(year + month // 12, month % 12 + 1, 1) - days:
        return None
    seconds = int(match["hour"]) * 3600 + int(match["minute"]) * 60 + int(match["second"])
    return float((days + day - 1) * 86400 + seconds)


def _full_year(year: int, now: float) -> int:
    # A year "more than 50 years in the future" is in the past (RFC 9110 section 5.6.7).
    current = 1970 + int(now // _YEAR)
    centuries = [current - current % 100 + shift for shift in (100, 0, -100)]
    return next(century + year for century in centuries if century + year <= current + 50)


def _days(year: int, month: int, day: int) -> int:
    # Days since 1970-01-01 in the Gregorian calendar, counted in years that begin in March (no clock module here).
    if month <= 2:
        year -= 1
    month = (month + 9) % 12
    return year * 365 + year // 4 - year // 100 + year // 400 + (month * 153 + 2) // 5 + day - 1 - 719468
