"""
The redaction of secrets that a server echoes.
"""

import base64
import html
import json
import sys
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from oauth_cc import (
    AuthenticationFields,
    ClientCredentials,
    HttpResponse,
    Secret,
    TokenRequestRefused,
    parse_token_response,
    token_request,
)
from oauth_cc._wire.redaction import LEAST_CUT, MARGIN, Span, echoes, joined
from oauth_cc.refusal import redact

SECRET: Final = "s3cr3t/v<a>l\"ue\\&'é+% \U0001f511"


def escaped(secret: str) -> str:
    """Return *secret* escaped for JSON as PHP does it, with its slashes."""
    return json.dumps(secret)[1:-1].replace("/", "\\/")


def numbered(secret: str) -> str:
    """Return *secret* with each character as a number of HTML, decimal and hexadecimal by turns."""
    return "".join([f"&#{ord(each)};" if index % 2 else f"&#x{ord(each):X};" for index, each in enumerate(secret)])


def encoded(secret: str) -> str:
    """Return *secret* in base64."""
    return base64.b64encode(secret.encode()).decode()


def basic(secret: str) -> str:
    """Return a Basic credential of *secret* (RFC 6749 section 2.3.1)."""
    return encoded(f"client-7:{quote(secret, safe='')}")


FORMS: Final[dict[str, Callable[[str], str]]] = {
    "plain": str,
    "upper case": lambda secret: secret.encode().upper().decode(),
    "lower case": lambda secret: secret.encode().lower().decode(),
    "percent": lambda secret: quote(secret, safe=""),
    "lower-case percent": lambda secret: "".join([f"%{octet:02x}" for octet in secret.encode()]),
    "percent without slash": lambda secret: quote(secret, safe="/'&"),
    "form": quote_plus,
    "html": html.escape,
    "html without quotes": lambda secret: html.escape(secret, quote=False),
    "html numbers": numbered,
    "html numbers with a capital": lambda secret: "".join([f"&#X{ord(each):x};" for each in secret]),
    "json": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "json in ascii": escaped,
    "base64": encoded,
    "base64 without padding": lambda secret: encoded(secret).rstrip("="),
    "base64url": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
    "basic": basic,
    "basic, not encoded": lambda secret: encoded(f"id:{secret}"),
    "basic without padding": lambda secret: basic(secret).rstrip("="),
    "base64 after other characters of its alphabet": lambda secret: f"a/{encoded(secret)}",
}
SECRETS: Final = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=3)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25)
@given(secret=SECRETS)
def test_an_echoed_secret_is_redacted_in_each_form(form: str, secret: str) -> None:
    """The rest of the text stays as it was."""
    assume(secret not in "( )")
    echo = FORMS[form](secret)
    assert redact(f"( {echo} )", (Secret(secret),)) == "( *** )"


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_that_is_cut_is_redacted_from_twelve_characters(form: str) -> None:
    """Programs show the beginning of a secret to tell which one it was."""
    secret = Secret(SECRET)
    for length in range(12, len(SECRET)):
        echo = FORMS[form](SECRET[:length])
        assert redact(f"( {echo}… )", (secret,)) == "( ***… )"
    # As the list of what is not defended says.
    for part in (SECRET[:11], SECRET[1:], SECRET[-14:]):
        assert redact(f"( {part}… )", (secret,)) == f"( {part}… )"


@given(secret=SECRETS, length=st.integers(12, 40), before=st.text("ab", max_size=20), after=st.text("ab", max_size=20))
def test_every_occurrence_is_redacted_wherever_it_begins(secret: str, length: int, before: str, after: str) -> None:
    """A secret may begin within what looks like another one."""
    assume("*" not in secret)
    secret = f"{before}{secret}"
    shown = redact(f"{before}{secret[:length]}{secret}{after}", (Secret(secret),))
    assert secret not in shown
    assert len(secret) < 12 or secret[:12] not in shown


def test_a_secret_that_begins_within_another_find_is_redacted() -> None:
    """Its own beginning may repeat."""
    secret = Secret("a" * 12 + "b")
    assert redact("a" * 20 + "b", (secret,)) == "***"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", [0, 480, 488, 495, 499, 500, 600])
def test_a_secret_at_the_end_of_a_shortened_text_is_redacted(form: str, place: int) -> None:
    """Nothing of it is left there."""
    text = "-" * (place - 1) + " " * bool(place) + FORMS[form](SECRET * 20)
    shown = redact(text, (Secret(SECRET * 20),), 500)
    assert shown.strip("- ") == ("***" if place < 500 else "")


def test_a_url_that_holds_a_secret_is_redacted_as_a_whole() -> None:
    """The next label or segment may hold the rest of the secret."""
    secret = Secret("s3cr3t-of-the-client-7")
    for url in ("https://s3cr3t-of-the-.client-7.example/a", "https://as.example/s3cr3t-of-the-/client-7?a=b#c"):
        assert redact(f"not {url}, https://as.example", (secret,)) == "not ***, https://as.example"
        assert redact(f"not {url}", (secret,), 30) == "not ***"
    assert redact("https://as.example/?a=b s3cr3t-of-the-client-7", (secret,)) == "https://as.example/?a=b ***"


def test_the_beginning_of_a_url_is_shown() -> None:
    """A resource or an audience is redacted as a whole, and other URLs of its host are not."""
    secrets = (Secret("https://api.example/private"), Secret("urn:example:api:1"))
    assert redact("see https://api.example/help and urn:example:api:2", secrets) == (
        "see https://api.example/help and urn:example:api:2"
    )
    assert redact("not https://api.example/private", secrets) == "not ***"


@pytest.mark.parametrize(
    "text", ["&#9999999;", "%zz", "\\", "\\u12", "&;", "&#x;", "\ud800", "%", "a%ff", "====", "\\ud83d"]
)
def test_text_that_only_looks_escaped_is_shown(text: str) -> None:
    """It raises nothing."""
    assert redact(text, (Secret("s3cret"),)) == text


class Custom:
    """An authentication method of a user's own, whose secrets are in its parameters and headers alone."""

    name = "custom"

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """Return the fields of a request."""
        return AuthenticationFields(
            parameters=(("client_id", Secret(client_id)), ("password", Secret("p4ssw0rd"))),
            headers=(("X-Signature", Secret("V1 s1gn4ture")),),
        )


def test_secrets_in_the_fields_of_a_custom_method_are_redacted() -> None:
    """The client identifier, which is public, is shown."""
    request = token_request(ClientCredentials("your_id", Custom()))
    content = b'{"error": "x", "error_description": "your_id p4ssw0rd s1gn4ture"}'
    with pytest.raises(TokenRequestRefused) as caught:
        parse_token_response(HttpResponse(400, (), content), request, received_at=0.0)
    assert caught.value.description == "your_id *** ***"


LONG: Final = "abcdefghijklmnopqrst"
PRIVATE: Final = "https://api.example/private"


@pytest.mark.parametrize(
    ("text", "secret", "spans"),
    [
        ("", "a", []),
        ("a", "", []),
        ("xAbx", "aB", [(1, 3)]),
        ("ab ab", "ab", [(0, 2), (3, 5)]),
        ("aaa", "aa", [(0, 3)]),
        ("got s%2f3cret", "s/3cret", [(4, 13)]),
        ("xa+bx", "a b", [(1, 4)]),
        ("xa+bx", "a+b", [(1, 4)]),
        ("xa%2Bbx", "a+b", [(1, 6)]),
        ("xa&amp;bx", "a&b", [(1, 8)]),
        ("&lt;&gt;&quot;&apos;", "<>\"'", [(0, 20)]),
        ("&#97;&#x62;&#X63;", "abc", [(0, 17)]),
        ("a&#1114112;b", "ab", [(0, 12)]),
        ("a&#1114111;b", "ab", []),
        ("a&#1114111;b", "a\U0010ffffb", [(0, 12)]),
        (r"xa\u0062\x63x", "abc", [(1, 12)]),
        (r"\"\'\\\/", "\"'\\/", [(0, 8)]),
        (r"x\ud83d\udd11x", "\U0001f511", [(1, 13)]),
        (f"{LONG[:11]}!", LONG, []),
        (f"{LONG[:12]}!", LONG, [(0, 12)]),
        (f"{LONG[:19]}!", LONG, [(0, 19)]),
        (f"{LONG}u", LONG, [(0, 20)]),
        (f"-{LONG[:12]}{LONG}", LONG, [(1, 33)]),
        (LONG[1:], LONG, []),
        (base64.b64encode(b"ab").decode(), "ab", []),
        (base64.b64encode(b"abc").decode(), "abc", [(0, 4)]),
        (f"!{base64.b64encode(b'abcd').decode()}!", "abcd", [(1, 9)]),
        (base64.b64encode(LONG[:8].encode()).decode(), LONG, []),
        (base64.b64encode(LONG[:9].encode()).decode(), LONG, [(0, 12)]),
        (base64.b64encode(b"x-" + LONG.encode()).decode(), LONG, [(0, 32)]),
        (base64.urlsafe_b64encode(b"\xc3\xbe?>ab").decode(), "\xfe?>ab", [(0, 8)]),
        (PRIVATE, PRIVATE, [(0, 27)]),
        (PRIVATE[:-1], PRIVATE, []),
        (PRIVATE[:-1].replace("s", ""), PRIVATE.replace("s", ""), []),
        ("urn:example:private-", "urn:example:private-1", []),
        ("uri:example:private-", "uri:example:private-1", [(0, 20)]),
    ],
    ids=range(36),
)
def test_an_echo_is_found_where_it_is(text: str, secret: str, spans: list[Span]) -> None:
    """Its span covers the escapes of its first and its last character."""
    assert echoes(text, [secret]) == spans
    assert echoes(text, ["~", secret, ""]) == spans


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], []),
        ([(1, 2)], [(1, 2)]),
        ([(3, 4), (1, 2)], [(1, 2), (3, 4)]),
        ([(1, 2), (2, 3)], [(1, 3)]),
        ([(1, 5), (2, 3), (4, 6)], [(1, 6)]),
        ([(1, 5), (1, 2), (6, 7)], [(1, 5), (6, 7)]),
    ],
)
def test_spans_that_overlap_or_touch_are_joined(spans: list[Span], expected: list[Span]) -> None:
    """They are in order."""
    assert joined(spans) == expected


def test_the_margin_holds_the_longest_form_of_the_shortest_cut() -> None:
    """A cut secret at the limit of a text is found by what follows the limit."""
    assert len("\\ud83d\\udd11" * LEAST_CUT) == MARGIN
    assert (LEAST_CUT, MARGIN) == (12, 144)


HOSTILE: Final = ["a", "%61", "&#97;", "\\u0061", "+", "YWFh", "-", "%", "&", "\\", "\x00"]


@pytest.mark.parametrize("piece", HOSTILE, ids=ascii)
def test_the_work_is_bounded_on_hostile_text(piece: str) -> None:
    """A mebibyte takes as many calls as three kilobytes."""
    request = token_request(ClientCredentials("id", "a" * 3000))

    def calls(size: int) -> int:
        description = (piece * size)[:size]
        content = json.dumps({"error": "x", "error_description": description}, ensure_ascii=False).encode()
        response, count = HttpResponse(400, (), content), 0

        def profile(*_: object) -> None:
            nonlocal count
            count += 1

        sys.setprofile(profile)
        try:
            with pytest.raises(TokenRequestRefused):
                parse_token_response(response, request, received_at=0.0)
        finally:
            sys.setprofile(None)
        return count

    assert calls(2**19) <= 1.1 * calls(3000) < 100_000
