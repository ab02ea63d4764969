"""
Form text, application/x-www-form-urlencoded (RFC 6749 appendix B).
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus, unquote_to_bytes

_PLAIN: Final = re.compile(r"[-._~0-9A-Za-z ]*")
_FORM_TEXT: Final = re.compile(r"(?:[-._~0-9A-Za-z!$'()*,;:@/?+&=\[\]]|%[0-9A-Fa-f]{2})*")


def encode_value(text: str) -> str:
    """
    Encode *text* for a form: UTF-8, a space as ``+``, ``-._~`` plain, everything else as upper-case ``%XX``.

        >>> encode_value("hello world/é")
        'hello+world%2F%C3%A9'

    Raises:
        UnicodeEncodeError: *text* contains a lone surrogate. Records reject such text first.
    """
    # Fast path: most values need no look-up of each character.
    if _PLAIN.fullmatch(text):
        return text.replace(" ", "+")
    return quote_plus(text)


def percent_encode(text: str) -> str:
    """
    Encode *text* with a space as ``%20``, which every server decodes in HTTP Basic (RFC 6749 section 2.3.1).

        >>> percent_encode("a b+c:d")
        'a%20b%2Bc%3Ad'
    """
    return quote(text, safe="")


def encode(pairs: Iterable[tuple[str, str]]) -> str:
    """
    Compose the form text of (name, value) *pairs*, in their order.

        >>> encode([("grant_type", "client_credentials"), ("scope", "hello world")])
        'grant_type=client_credentials&scope=hello+world'
    """
    return "&".join([f"{encode_value(name)}={encode_value(value)}" for name, value in pairs])


def decode(text: str) -> tuple[tuple[str, str], ...] | str:
    """
    Parse form *text* into (name, value) pairs, or return what is wrong with it as a str that completes "the text …".

    Stricter than `urllib.parse.parse_qsl`: broken percent-encoding, bytes that are not UTF-8 and characters outside
    form text are errors. A name without ``=`` has an empty value. Empty pieces between ``&`` are skipped.

        >>> decode("x=1&y=a+b%2B")
        (('x', '1'), ('y', 'a b+'))
        >>> decode("x=%zz")
        'contains a character that must be percent-encoded in form text'
    """
    if not _FORM_TEXT.fullmatch(text):
        return "contains a character that must be percent-encoded in form text"
    try:
        return tuple([_decode_pair(piece) for piece in text.split("&") if piece])
    except UnicodeDecodeError:
        return "contains bytes that are not UTF-8; encode the values in UTF-8"


def _decode_pair(piece: str) -> tuple[str, str]:
    name, _, value = piece.partition("=")
    return _decode_value(name), _decode_value(value)


def _decode_value(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
