"""
The grammar of the RFCs as regular expressions, for `re.Pattern.fullmatch`.

Each pattern is named after its ABNF rule and matches in time linear in the length of the text.
"""

import re
from typing import Final

_NQCHAR: Final = r"[\x21\x23-\x5B\x5D-\x7E]"

SCOPE_TOKEN: Final = re.compile(rf"{_NQCHAR}+")
"""scope-token = 1*NQCHAR (RFC 6749 appendix A.4)."""

SCOPE: Final = re.compile(rf"{_NQCHAR}+(?: {_NQCHAR}+)*")
"""scope = scope-token *( SP scope-token ) (RFC 6749 appendix A.4)."""

NAME: Final = re.compile(r"[-._0-9A-Za-z]+")
"""param-name and the named form of token-type, 1*name-char (RFC 6749 appendices A.13 and A.18)."""

ERROR: Final = re.compile(r"[\x20\x21\x23-\x5B\x5D-\x7E]{1,200}")
"""error = 1*NQSCHAR (RFC 6749 appendix A.7), limited to 200 characters. Registered codes have up to 30."""

ACCESS_TOKEN: Final = re.compile(r"[\x21-\x7E]+")
"""
access-token = 1*VSCHAR (RFC 6749 appendix A.12) without the space, which an Authorization field cannot carry.

Wider than the b64token of RFC 6750 section 2.1, because servers issue such tokens and accept them.
"""

NONCE: Final = re.compile(rf"{_NQCHAR}{{1,4096}}")
"""nonce = 1*NQCHAR (RFC 9449 section 8.1), limited to 4096 characters, as servers accept few more in a header."""

TEXT: Final = re.compile(r"[^\x00-\x1F\x7F-\x9F\uD800-\uDFFF]*")
"""
UNICODECHARNOCRLF (RFC 6749 appendix A) without control characters, for client ids and secrets.

Wider than the VSCHAR of appendices A.1 and A.2, because appendix B encodes every Unicode character.
"""

HEADER_NAME: Final = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
"""token (RFC 9110 section 5.6.2), for field names and methods."""

HEADER_VALUE: Final = re.compile(r"(?:[\x21-\x7E\x80-\xFF](?:[\t\x20-\x7E\x80-\xFF]*[\x21-\x7E\x80-\xFF])?)?")
"""field-value (RFC 9110 section 5.5) without CR, LF and NUL, and without white space at either end."""

URL_TEXT: Final = ACCESS_TOKEN
"""
The visible ASCII characters, none of which can split an HTTP message.

Wider than the characters of a URL (RFC 3986 section 2).
"""


def text_fault(value: object) -> str | None:
    """
    Return what is wrong with *value* as text that a program reads from its settings, or None.

    The str lacks its subject ("must …").

        >>> text_fault(""), text_fault(5)
        ('must not be empty (is an environment variable unset?)', 'must be a str, not int')
    """
    if value is None or value == "":
        return f"must not be {'None' if value is None else 'empty'} (is an environment variable unset?)"
    return None if isinstance(value, str) else f"must be a str, not {type(value).__name__}"


def is_text(value: object) -> bool:
    """
    Return whether *value* is a str without control characters, and not empty.

        >>> is_text("key-1"), is_text(""), is_text(chr(10)), is_text(5)
        (True, False, False, False)
    """
    return isinstance(value, str) and bool(value) and TEXT.fullmatch(value) is not None
