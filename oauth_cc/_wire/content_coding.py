"""
Decoding of HTTP content codings within a size limit (RFC 9110 section 8.4).
"""

import zlib
from collections.abc import Iterable


def decode_content(content: bytes, codings: Iterable[str], *, max_size: int) -> bytes | str:
    """
    Return *content* decoded, or what is wrong with it as a str that completes "the response …".

    Decoding stops one byte after *max_size*. A small response cannot expand further, and the caller still sees that it
    is too large.

        >>> decode_content(b"abc", [], max_size=10)
        b'abc'
        >>> decode_content(b"abc", ["br"], max_size=10)
        'has a content coding that was not requested'

    Args:
        content: The body of the response, as received.
        codings: The values of the Content-Encoding fields. gzip and deflate are supported, and ``identity``.
        max_size: The number of bytes that are accepted.
    """
    names = [name.strip().lower() for field in codings for name in field.split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if not names:
        return content
    if names not in (["gzip"], ["x-gzip"], ["deflate"]):
        return "has a content coding that was not requested"
    return _inflate(content, max_size)


def _inflate(content: bytes, max_size: int) -> bytes | str:
    # 32 + MAX_WBITS reads both the gzip and the zlib header.
    inflater = zlib.decompressobj(32 + zlib.MAX_WBITS)
    try:
        decoded = inflater.decompress(content, max_size + 1)
    except zlib.error:
        return "has a broken content coding"
    if len(decoded) > max_size:
        return decoded
    if not inflater.eof:
        return "has a truncated content coding"
    return "has a broken content coding" if inflater.unused_data else decoded
