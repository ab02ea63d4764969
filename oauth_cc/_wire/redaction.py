"""
Secrets in the text of a server, in the forms in which programs echo them.

A program that echoes a secret writes it plain, percent-encoded, escaped for HTML or JSON, or in base64. Often it cuts
the secret, and host names are lower-cased. So the text is decoded once in each of these ways, and each secret is
searched for in the result, in any case. The work is linear in the length of the text.
"""

import re
from binascii import a2b_base64
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias
from urllib.parse import unquote_to_bytes

LEAST_CUT: Final = 12
"""The number of characters from which the beginning of a secret is redacted, even if the rest is missing."""

MARGIN: Final = 12 * LEAST_CUT
"""The characters that the longest form of `LEAST_CUT` characters takes: pairs of ``\\uXXXX``."""

# 12 characters of base64 hold 9 octets.
_LEAST_CUT_BASE64: Final = 9
# Two octets occur in the base64 of nearly any text.
_LEAST_BASE64: Final = 3
# The beginning of a URL is known to everyone.
_PUBLIC: Final = re.compile(r"https?://|urn:")

Span: TypeAlias = tuple[int, int]
"""Where a part of a text begins and ends."""

_Escape: TypeAlias = Callable[[str], bytes]

_PERCENT: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_FORM: Final = re.compile(r"%[0-9A-Fa-f]{2}|\+")
_HTML: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|amp|lt|gt|quot|apos);")
_NAMES: Final = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"}
_JSON: Final = re.compile(
    r"\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[\"'\\/]"
)
_BASE64: Final = re.compile(r"[-+/_0-9A-Za-z]{4,}=*")
_STANDARD: Final = str.maketrans("-_", "+/")


def echoes(text: str, secrets: Iterable[str]) -> list[Span]:
    """
    Return where *text* repeats one of *secrets*, whole or cut, in any of these forms. The spans are in order.

        >>> echoes("got s%2f3cret", ["s/3cret"])
        [(4, 13)]

    Args:
        text: The text, which may be hostile.
        secrets: The secrets, as they are sent.
    """
    known = [secret for secret in secrets if secret]
    found = list(_base64_places(text, known))
    for octets, sources in _decodings(text):
        found += [(sources[start][0], sources[end - 1][1]) for start, end in _places(octets, known, LEAST_CUT)]
    return joined(found)


def _decodings(text: str) -> Iterator[tuple[bytes, list[Span]]]:
    yield _decoded(text, None, _octets)
    for mark, escapes, decode in (
        ("%", _PERCENT, _of_percent),
        ("+", _FORM, _of_percent),
        ("&", _HTML, _of_html),
        ("\\", _JSON, _of_json),
    ):
        if mark in text:
            yield _decoded(text, escapes, decode)


def _decoded(text: str, escapes: re.Pattern[str] | None, decode: _Escape) -> tuple[bytes, list[Span]]:
    # Each octet with the span of its source.
    escaped = {} if escapes is None else {found.start(): found.end() for found in escapes.finditer(text)}
    octets, sources, start = bytearray(), list[Span](), 0
    while start < len(text):
        end = escaped.get(start)
        piece = _octets(text[start]) if end is None else decode(text[start:end])
        end = start + 1 if end is None else end
        octets += piece
        sources += [(start, end)] * len(piece)
        start = end
    return bytes(octets), sources


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _of_percent(escape: str) -> bytes:
    return b" " if escape == "+" else bytes.fromhex(escape[1:])


def _of_html(escape: str) -> bytes:
    if escape in _NAMES:
        return _octets(_NAMES[escape])
    digits = escape[2:-1]
    number = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    return _octets(chr(number)) if number < 0x110000 else b""


def _of_json(escape: str) -> bytes:
    if len(escape) == 2:
        return _octets(escape[1])
    units = [int(digits[1:], 16) for digits in escape.split("\\")[1:]]
    return _octets(b"".join([unit.to_bytes(2, "big") for unit in units]).decode("utf-16-be", "surrogatepass"))


def _places(octets: bytes, secrets: Iterable[str], least: int) -> Iterator[Span]:
    octets = octets.lower()
    for secret in secrets:
        whole = _octets(secret).lower()
        beginning = whole if _PUBLIC.match(secret) else _octets(secret[:least]).lower()
        start = octets.find(beginning)
        while start >= 0:
            yield start, start + _common(octets, start, whole)
            start = octets.find(beginning, start + 1)


def _common(octets: bytes, start: int, whole: bytes) -> int:
    # By halving, as a search for each length would take quadratic time.
    least, most = 0, len(whole)
    while least < most:
        middle = (least + most + 1) // 2
        if octets.startswith(whole[:middle], start):
            least = middle
        else:
            most = middle - 1
    return least


def _base64_places(text: str, secrets: Iterable[str]) -> Iterator[Span]:
    known = [secret for secret in secrets if len(_octets(secret)) >= _LEAST_BASE64]
    for found in _BASE64.finditer(text):
        run = found[0].rstrip("=").translate(_STANDARD)
        # The base64 may begin after other characters of its alphabet.
        for shift in range(4):
            part = run[shift:]
            part = part[:-1] if len(part) % 4 == 1 else part
            octets = a2b_base64(part + "=" * (-len(part) % 4))
            # The two halves of a Basic credential are percent-encoded (RFC 6749 section 2.3.1).
            if any([any(_places(inner, known, _LEAST_CUT_BASE64)) for inner in (octets, unquote_to_bytes(octets))]):
                yield found.span()
                break


def joined(spans: list[Span]) -> list[Span]:
    """Return *spans* in order, with spans that overlap or touch as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found
