"""
Content codings, undone within bounds (RFC 9110 section 8.4).
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
    """Gives *content* in *coding*."""
    return zlib.compress(content) if coding == "deflate" else gzip.compress(content)


@given(st.binary(max_size=200), codings)
@example(b"", "gzip")
@example(b"", "deflate")
def test_is_the_inverse_of_coding(content: bytes, coding: str) -> None:
    """What was compressed is given whole, its coding named in any case and with blanks around it."""
    for fields in ([coding], [f" {coding.upper()}\t"], [f"identity, {coding},"], [coding, "identity", ""]):
        assert content == decode_content(compressed(content, coding), fields, max_size=200)


@given(st.binary(), st.lists(st.sampled_from(["", "identity", "Identity", " , ,", "identity,IDENTITY"])))
def test_no_coding(content: bytes, fields: list[str]) -> None:
    """Without a coding, or with identity alone, content is given as it came."""
    assert content is decode_content(content, iter(fields), max_size=0)


@pytest.mark.parametrize(
    "fields",
    [["br"], ["zstd"], ["compress"], ["gzip, br"], ["gzip", "gzip"], ["gzip, deflate"], ["gzip;q=1"], ["g zip"]],
)
def test_unknown_codings(fields: list[str]) -> None:
    """A coding that was not asked for, and one over another, are refused without being undone."""
    content = gzip.compress(b"{}")
    assert "came in a content coding that was not asked for" == decode_content(content, fields, max_size=10)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("over", [-1, 0, 1, 2, 1000])
def test_bound(coding: str, over: int) -> None:
    """Content up to the bound is given whole; of more there comes one byte beyond, which tells that it is more."""
    content = bytes(range(100)) * 12
    bound = len(content) - over
    assert content[: bound + 1] == decode_content(compressed(content, coding), [coding], max_size=bound)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_bomb(coding: str) -> None:
    """Of fifty megabytes in fifty kilobytes only what the bound allows is ever held."""
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
def test_cut_short(content: bytes, coding: str, data: st.DataObject) -> None:
    """Content that ends before its coding does, were it by its checksum alone, is a fault."""
    whole = compressed(content, coding)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    assert "came in a content coding cut short" == decode_content(cut, [coding], max_size=len(content))


@given(st.binary(max_size=100), codings)
@example(b"{}", "gzip")
@example(zlib.compress(b"{}", wbits=-15), "deflate")
@example(b"\x1f\x8b\x08\xff" + b"\xff" * 40, "gzip")
def test_any_content(content: bytes, coding: str) -> None:
    """Any bytes give content within the bound or the reason why there is none; nothing is raised."""
    decoded = decode_content(content, [coding], max_size=10)
    assert isinstance(decoded, str) or len(decoded) <= 11


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("damage", [lambda whole: b"{}" + whole, lambda whole: whole[:-1] + b"\x55"])
def test_broken(coding: str, damage: Any) -> None:
    """Content that is not in its coding, or whose checksum is wrong, is a fault."""
    content = damage(compressed(b"{}" * 10, coding))
    assert "came in a broken content coding" == decode_content(content, [coding], max_size=100)


@given(st.text())
@example("gzip\x00")
@example("ｇｚｉｐ")
def test_any_coding(coding: str) -> None:
    """Any text as a coding gives content or a reason, and the reason does not quote it."""
    decoded = decode_content(b"{}", [coding], max_size=10)
    assert decoded in (b"{}", "came in a content coding that was not asked for", "came in a broken content coding")


def test_more_than_one_member() -> None:
    """What follows the end of the coding is not cut off in silence."""
    content = gzip.compress(b'{"a":') + gzip.compress(b"1}")
    assert "came in a broken content coding" == decode_content(content, ["gzip"], max_size=10)
