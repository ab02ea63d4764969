"""
Form text and its parameters: application/x-www-form-urlencoded as RFC 6749 appendix B has it.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus, unquote_to_bytes

_PLAIN: Final = re.compile(r"[-._~0-9A-Za-z ]*")
_FORM_TEXT: Final = re.compile(r"(?:[-._~0-9A-Za-z!$'()*,;:@/?+&=\[\]]|%[0-9A-Fa-f]{2})*")


def encode_value(text: str) -> str:
    """
    Gives *text* as it stands in a form: UTF-8, a space as ``+``, ``-._~`` plain, all else in upper-case ``%XX``.

    Raises UnicodeEncodeError if *text* holds a lone surrogate; records refuse such text before it comes here.

        >>> encode_value("hello world/é")
        'hello+world%2F%C3%A9'
    """
    # The everyday value needs no table look-up for each character.
    if _PLAIN.fullmatch(text):
        return text.replace(" ", "+")
    return quote_plus(text)


def percent_encode(text: str) -> str:
    """
    Gives *text* with a space as ``%20``: the form that every server decodes in HTTP Basic (RFC 6749 section 2.3.1).

        >>> percent_encode("a b+c:d")
        'a%20b%2Bc%3Ad'
    """
    return quote(text, safe="")


def encode(pairs: Iterable[tuple[str, str]]) -> str:
    """
    Gives the form text of (name, value) *pairs*, in their order.

        >>> encode([("grant_type", "client_credentials"), ("scope", "hello world")])
        'grant_type=client_credentials&scope=hello+world'
    """
    return "&".join([f"{encode_value(name)}={encode_value(value)}" for name, value in pairs])


def decode(text: str) -> tuple[tuple[str, str], ...] | str:
    """
    Gives the (name, value) pairs of form *text*, or, as a str, what is wrong with it.

    Strict where `urllib.parse.parse_qsl` guesses: broken percent-encoding, bytes that are no UTF-8 and characters
    outside form text are faults. A name without ``=`` has an empty value; empty pieces between ``&`` are skipped.

        >>> decode("x=1&y=a+b%2B")
        (('x', '1'), ('y', 'a b+'))
        >>> decode("x=%zz")
        'holds a character that form text has only percent-encoded'
    """
    if not _FORM_TEXT.fullmatch(text):
        return "holds a character that form text has only percent-encoded"
    try:
        return tuple([_decode_pair(piece) for piece in text.split("&") if piece])
    except UnicodeDecodeError:
        return "holds bytes that are no UTF-8; encode its values in UTF-8"


def _decode_pair(piece: str) -> tuple[str, str]:
    name, _, value = piece.partition("=")
    return _decode_value(name), _decode_value(value)


def _decode_value(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
