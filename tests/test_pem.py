"""
The text and the blocks of PEM in the forms that variables, editors and secret stores give them (RFC 7468).
"""

import base64

import pytest

from oauth_cc._wire.pem import block, blocks, unwrap

DER = b"\x30\x03\x02\x01\x05"
PEM = "-----BEGIN KEY-----\nAA==\n-----END KEY-----"
JWK = '{"k": "a"}'


def encoded(content: bytes) -> str:
    """Return *content* in base64."""
    return base64.b64encode(content).decode()


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (PEM, PEM),
        (PEM.encode(), PEM),
        (f"\ufeff{PEM}", PEM),
        (f"{PEM}\n".encode("utf-8-sig"), PEM),
        (f"\n {PEM}\t".encode("utf-16"), PEM),
        (b"\xfe\xff" + PEM.encode("utf-16-be"), PEM),
        (f' "{PEM}" ', PEM),
        (f"' {PEM}\n'", PEM),
        (PEM.replace("\n", "\\n"), PEM),
        (PEM.replace("\n", "\\r\\n"), PEM),
        (encoded(PEM.encode()), PEM),
        (encoded(f"\ufeff{PEM}".encode()), PEM),
        (f"  {encoded(PEM.encode())[:20]}\r\n {encoded(PEM.encode())[20:]}\n".encode(), PEM),
        (DER, DER),
        (encoded(DER), DER),
        (f'"{encoded(DER)}"'.encode(), DER),
        (JWK, JWK),
        (encoded(JWK.encode()), JWK),
        (encoded(f" {JWK}\n".encode()), JWK),
        (f'{{"pem": "{PEM}\\n"}}', f'{{"pem": "{PEM}\\n"}}'),
        ("C:\\new\\rest", "C:\\new\\rest"),
        (encoded(b"client.pem"), encoded(b"client.pem")),
        (encoded(b"a{}"), encoded(b"a{}")),
        ("client", "client"),
        ("AA==AA==", "AA==AA=="),
        ("=", "="),
        ("X", "X"),
        (f"=={encoded(DER)}", f"=={encoded(DER)}"),
        ("", ""),
        (b"", ""),
        (b" caf\xe9 ", "caf\ufffd"),
        (DER[:-1], "0\x03\x02\x01"),
    ],
    ids=range(32),
)
def test_the_text_or_the_der_is_unwrapped(given_: str | bytes, expected: str | bytes) -> None:
    """Base64 that holds neither PEM, DER nor JSON stays as it is."""
    assert unwrap(given_) == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (PEM, [("KEY", "AA==")]),
        (f"a\n{PEM}\nb\n{PEM.replace('KEY', 'X509 CRL #1')}", [("KEY", "AA=="), ("X509 CRL #1", "AA==")]),
        ("-----BEGIN A----- x -----END A----- y -----END A-----", [("A", "x")]),
        ("-----BEGIN A-----x-----BEGIN B-----y-----END B-----", [("B", "y")]),
        ("-----BEGIN A-----x-----BEGIN B-----y-----END A-----z-----END B-----", [("B", "y-----END A-----z")]),
        ("-----END A-----x-----BEGIN A-----", []),
        ("-----BEGIN a-----x-----END a-----", []),
        ("-----BEGIN ----- x -----END -----", []),
        (f"-----BEGIN {'A' * 40}-----x-----END {'A' * 40}-----", [("A" * 40, "x")]),
        (f"-----BEGIN {'A' * 41}-----x-----END {'A' * 41}-----", []),
    ],
    ids=range(11),
)
def test_a_block_ends_with_the_label_that_it_began_with(text: str, found: list[tuple[str, str]]) -> None:
    """What is around the blocks is skipped."""
    assert blocks(text) == found


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("", [""]),
        (" AA\n== ", ["AA=="]),
        ("A" * 64, ["A" * 64]),
        ("A" * 60 + " " + "B" * 5, ["A" * 60 + "B" * 4, "B"]),
        ("Proc-Type: 4,ENCRYPTED\n\nAA ==", ["Proc-Type: 4,ENCRYPTED", "", "AA =="]),
    ],
)
def test_the_lines_of_a_block_are_restored(content: str, lines: list[str]) -> None:
    """A block with headers of its own stays as it is (RFC 1421 section 4.6)."""
    assert block("A KEY", content) == "\n".join(["-----BEGIN A KEY-----", *lines, "-----END A KEY-----", ""])
