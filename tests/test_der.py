"""
The recognition of keys and certificates in DER by their outer structure (X.690).
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc._wire.der import der_form, elements, structure


def tlv(tag: int, content: bytes = b"") -> bytes:
    """Return a DER element with a length of one octet."""
    return bytes([tag, len(content)]) + content


def sequence(*tags: int, first: bytes | None = None) -> bytes:
    """Return a sequence of empty elements with these *tags*, the first of them with the content *first*."""
    inner = [tlv(tag) for tag in tags]
    if first is not None:
        inner[0] = tlv(tags[0], first)
    return tlv(0x30, b"".join(inner))


def signed(*tags: int) -> bytes:
    """Return a signed object whose first part has elements with these *tags*."""
    return sequence(0x30, 0x30, 0x03, first=b"".join([tlv(tag) for tag in tags]))


@pytest.mark.parametrize(
    ("der", "expected"),
    [
        (b"", []),
        (tlv(0x05), [(0x05, b"")]),
        (tlv(0x04, b"a") + tlv(0x05) + tlv(0x02, b"bc"), [(0x04, b"a"), (0x05, b""), (0x02, b"bc")]),
        (tlv(0x04, b"a" * 127), [(0x04, b"a" * 127)]),
        (b"\x04\x81\x80" + b"a" * 128 + tlv(0x05), [(0x04, b"a" * 128), (0x05, b"")]),
        (b"\x04\x81\x01a", [(0x04, b"a")]),
        (b"\x04\x82\x01\x02" + b"a" * 258, [(0x04, b"a" * 258)]),
        (b"\x04\x84\x00\x00\x00\x01a", [(0x04, b"a")]),
        (b"\x04\x85\x00\x00\x00\x00\x01a", None),
        (b"\x04", None),
        (b"\x04\x02a", None),
        (b"\x04\x81", None),
        (b"\x04\x82\x00", None),
        (b"\x04\x81\x02a", None),
        (b"\x04\x80", None),
        (b"\x04\x80a\x00\x00", None),
        (tlv(0x05) + b"\x04", None),
        (tlv(0x05) + b"\x04\x01", None),
    ],
    ids=range(18),
)
def test_elements_have_their_tag_and_their_whole_content(der: bytes, expected: object) -> None:
    """A length has at most four octets of its own, and the indefinite form is not DER (X.690 section 8.1.3)."""
    assert elements(der) == expected


@pytest.mark.parametrize(
    ("der", "expected"),
    [
        (sequence(0x02, 0x30), (0x02, 0x30)),
        (sequence(), ()),
        (b"", ()),
        (tlv(0x31, tlv(0x02)), ()),
        (sequence(0x02) * 2, ()),
        (sequence(0x02) + b"\x00", ()),
        (tlv(0x30, b"\x04\x02a"), ()),
        (sequence(0x02)[:-1], ()),
    ],
    ids=range(8),
)
def test_only_one_whole_sequence_has_a_structure(der: bytes, expected: tuple[int, ...]) -> None:
    """Its elements are whole, too."""
    assert structure(der) == expected


@pytest.mark.parametrize(
    ("der", "form"),
    [
        (signed(0xA0, 0x02, 0x30, 0x30, 0x30, 0x30, 0x30), "certificate"),
        (signed(0x02, 0x30, 0x30), "certificate"),
        (signed(0x02, 0x30, 0x30, 0xA0, 0xA1), "certificate"),
        (signed(), "certificate"),
        (sequence(0x30, 0x30, 0x03, first=b"\x04\x02"), "certificate"),
        (signed(0x02, 0x30, 0x30, 0xA0), "certificate request"),
        (signed(0x02, 0x30, 0x30, 0x17, 0x17), "revocation list"),
        (signed(0x02, 0x30, 0x30, 0x18), "revocation list"),
        (sequence(0x30, 0x04), "encrypted private key"),
        (sequence(0x30, 0x03), "public key"),
        (sequence(0x02, 0x02), "public key"),
        (sequence(0x02, 0x30, first=b"\x03"), "PKCS #12"),
        (sequence(0x02, 0x30, 0x30, first=b"\x03"), "PKCS #12"),
        (sequence(0x02, 0x30, 0x04), "private key"),
        (sequence(0x02, 0x30, 0x04, first=b"\x03"), "private key"),
        (sequence(0x02, 0x30, 0x04, 0xA0), "private key"),
        (sequence(0x02, 0x02, 0x02), "private key"),
        (sequence(*[0x02] * 9), "private key"),
        (sequence(0x02, 0x04), "private key"),
        (sequence(0x02, 0x04, 0xA0, 0xA1), "private key"),
        (sequence(0x06, 0xA0), "PKCS #7"),
        (sequence(0x02, 0x30, first=b"\x00"), None),
        (sequence(0x02, 0x30, 0x30, first=b"\x02"), None),
        (sequence(0x02, 0x30, 0x30, 0x30, first=b"\x03"), None),
        (sequence(0x02), None),
        (sequence(0x06), None),
        (sequence(0x06, 0xA0, 0x02), None),
        (sequence(0x30, 0x04, 0x02), None),
        (sequence(0x30, 0x03, 0x02), None),
        (sequence(0x30, 0x30, 0x04), None),
        (sequence(0x30, 0x30, 0x03, 0x02), None),
        (sequence(), None),
        (b"", None),
    ],
    ids=range(33),
)
def test_a_form_is_recognised_by_its_outer_structure(der: bytes, form: str | None) -> None:
    """Only a certificate, its request and a revocation list are read one level deeper."""
    assert der_form(der) == form


@given(st.binary())
def test_any_bytes_have_a_form_or_none(der: bytes) -> None:
    """Nothing is raised."""
    assert (der_form(der) is None) or structure(der)
    assert der_form(tlv(0x30, der[:100])) is None or structure(tlv(0x30, der[:100]))
