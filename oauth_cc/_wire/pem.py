"""
Keys and certificates in the forms that users have: PEM (RFC 7468), DER, and encodings of either.
"""

import re
from binascii import Error, a2b_base64
from typing import Final

from oauth_cc._wire.der import structure

_FRAME: Final = re.compile(r"-----(BEGIN|END) ([ 0-9A-Z#]{1,40})-----")
_BASE64: Final = re.compile(r"[\s0-9A-Za-z+/=]+")
_LINE: Final = 64


def unwrap(content: str | bytes) -> str | bytes:
    r"""
    Return the text or the DER that *content* holds.

    It may be UTF-8 or UTF-16 with a byte order mark, in quotes, in base64, and have ``\n`` as two characters.

        >>> unwrap(b"\xef\xbb\xbfLS0tLS1CRUdJTiBLRVktLS0tLQpBQT09Ci0tLS0tRU5EIEtFWS0tLS0t")
        '-----BEGIN KEY-----\nAA==\n-----END KEY-----'
    """
    found = _plain(content)
    if isinstance(found, str) and _BASE64.fullmatch(found):
        try:
            inner = _plain(a2b_base64("".join(found.split()), strict_mode=True))
        except Error:
            return found
        if isinstance(inner, bytes) or "-----BEGIN" in inner or inner.startswith("{"):
            return inner
    return found


def blocks(text: str) -> list[tuple[str, str]]:
    r"""
    Return the label and the content of each block of PEM in *text*.

        >>> blocks("-----BEGIN KEY----- AA == -----END KEY-----")
        [('KEY', 'AA ==')]
    """
    found: list[tuple[str, str]] = []
    begun: re.Match[str] | None = None
    for frame in _FRAME.finditer(text):
        if frame[1] == "BEGIN":
            begun = frame
        elif begun is not None and begun[2] == frame[2]:
            found.append((frame[2], text[begun.end() : frame.start()].strip()))
            begun = None
    return found


def block(label: str, content: str) -> str:
    r"""
    Return a block of PEM with its lines restored, unless it has headers of its own.

        >>> block("KEY", "AA ==")
        '-----BEGIN KEY-----\nAA==\n-----END KEY-----\n'

    Args:
        label: The label of the block, such as ``PRIVATE KEY``.
        content: The base64 text between its delimiters, with any white space.
    """
    if ":" not in content:
        joined = "".join(content.split())
        content = "\n".join([joined[start : start + _LINE] for start in range(0, len(joined), _LINE)])
    return f"-----BEGIN {label}-----\n{content}\n-----END {label}-----\n"


def _plain(content: str | bytes) -> str | bytes:
    if isinstance(content, bytes):
        if structure(content):
            return content
        wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
        content = content.decode("utf-16" if wide else "utf-8-sig", "replace")
    text = content.removeprefix("\ufeff").strip().strip("\"'").strip()
    # A JSON string that holds PEM has its line breaks so, and stays JSON.
    joined = "-----BEGIN" in text and not text.startswith("{")
    return text.replace("\\r", "").replace("\\n", "\n") if joined else text
