"""
Content codings of an answer, undone within bounds (RFC 9110 section 8.4).
"""

import zlib
from collections.abc import Iterable


def decode_content(content: bytes, codings: Iterable[str], *, max_size: int) -> bytes | str:
    """
    Gives *content* with its content coding undone; or, as a str that completes "the answer …", why it cannot be.

    *codings*: the values of the Content-Encoding fields. gzip and deflate are known (RFC 9110 section 8.4); a request
    that asks for ``identity`` should meet neither. *max_size*: the bytes that may be used: decoding ends one byte
    beyond, so that no small answer swells and its reader still sees that it is too large.

        >>> decode_content(b"abc", [], max_size=10)
        b'abc'
        >>> decode_content(b"abc", ["br"], max_size=10)
        'came in a content coding that was not asked for'
    """
    names = [name.strip().lower() for field in codings for name in field.split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if not names:
        return content
    if names not in (["gzip"], ["x-gzip"], ["deflate"]):
        return "came in a content coding that was not asked for"
    return _inflate(content, max_size)


def _inflate(content: bytes, max_size: int) -> bytes | str:
    # 32 + MAX_WBITS reads both the gzip and the zlib header.
    inflater = zlib.decompressobj(32 + zlib.MAX_WBITS)
    try:
        decoded = inflater.decompress(content, max_size + 1)
    except zlib.error:
        return "came in a broken content coding"
    if len(decoded) > max_size:
        return decoded
    if not inflater.eof:
        return "came in a content coding cut short"
    return "came in a broken content coding" if inflater.unused_data else decoded
