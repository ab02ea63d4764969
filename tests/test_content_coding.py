"""
Decoding of content codings within bounds (RFC 9110 section 8.4).
"""

import gzip
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_cc._wire.content_coding import decode_content

codings = st.sampled_from(["gzip", "x-gzip", "deflate"])


def compressed(content: bytes, coding: str) -> bytes:
    """Return *content* in *coding*."""
    return zlib.compress(content) if coding == "deflate" else gzip.compress(content)


@given(st.binary(max_size=200), codings)
@example(b"", "gzip")
@example(b"", "deflate")
def test_decoding_reverses_compression(content: bytes, coding: str) -> None:
    """The name of the coding may be in any case and surrounded by blanks."""
    for fields in ([coding], [f" {coding.upper()}\t"], [f"identity, {coding},"], [coding, "identity", ""]):
        assert content == decode_content(compressed(content, coding), fields, max_size=200)


@given(st.binary(), st.lists(st.sampled_from(["", "identity", "Identity", " , ,", "identity,IDENTITY"])))
def test_content_without_a_coding_is_returned_unchanged(content: bytes, fields: list[str]) -> None:
    """Identity counts as no coding."""
    assert content is decode_content(content, iter(fields), max_size=0)


@pytest.mark.parametrize(
    "fields",
    [["br"], ["zstd"], ["compress"], ["gzip, br"], ["gzip", "gzip"], ["gzip, deflate"], ["gzip;q=1"], ["g zip"]],
)
def test_an_unrequested_coding_is_rejected_without_decoding(fields: list[str]) -> None:
    """Two codings, one over the other, are rejected too."""
    content = gzip.compress(b"{}")
    assert "has a content coding that was not requested" == decode_content(content, fields, max_size=10)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("over", [-1, 0, 1, 2, 1000])
def test_decoding_stops_one_byte_beyond_the_limit(coding: str, over: int) -> None:
    """The extra byte shows that the content is too long."""
    content = bytes(range(100)) * 12
    bound = len(content) - over
    assert content[: bound + 1] == decode_content(compressed(content, coding), [coding], max_size=bound)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_decompression_bomb_needs_no_more_memory_than_the_limit(coding: str) -> None:
    """Fifty kilobytes would decode to fifty megabytes."""
    bomb = compressed(b"\x00" * 50_000_000, coding)
    tracemalloc.start()
    try:
        decoded = decode_content(bomb, [coding], max_size=10_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert b"\x00" * 10_001 == decoded
    assert peak < 200_000


@given(st.binary(min_size=1, max_size=100), codings, st.data())
def test_truncated_content_is_rejected(content: bytes, coding: str, data: st.DataObject) -> None:
    """A missing checksum counts as truncated."""
    whole = compressed(content, coding)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    assert "has a truncated content coding" == decode_content(cut, [coding], max_size=len(content))


@given(st.binary(max_size=100), codings)
@example(b"{}", "gzip")
@example(zlib.compress(b"{}", wbits=-15), "deflate")
@example(b"\x1f\x8b\x08\xff" + b"\xff" * 40, "gzip")
def test_any_bytes_decode_within_the_limit_or_return_a_reason(content: bytes, coding: str) -> None:
    """Nothing is raised."""
    decoded = decode_content(content, [coding], max_size=10)
    assert isinstance(decoded, str) or len(decoded) <= 11


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("damage", [lambda whole: b"{}" + whole, lambda whole: whole[:-1] + b"\x55"])
def test_damaged_content_is_rejected(coding: str, damage: Any) -> None:
    """The content does not match its coding or its checksum."""
    content = damage(compressed(b"{}" * 10, coding))
    assert "has a broken content coding" == decode_content(content, [coding], max_size=100)


@given(st.text())
@example("gzip\x00")
@example("ｇｚｉｐ")
def test_any_text_as_coding_decodes_or_returns_a_reason(coding: str) -> None:
    """The reason does not quote the coding."""
    decoded = decode_content(b"{}", [coding], max_size=10)
    assert decoded in (b"{}", "has a content coding that was not requested", "has a broken content coding")


def test_content_after_the_end_of_the_coding_is_rejected() -> None:
    """Dropping it silently would hide data."""
    content = gzip.compress(b'{"a":') + gzip.compress(b"1}")
    assert "has a broken content coding" == decode_content(content, ["gzip"], max_size=10)
