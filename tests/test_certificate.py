"""
Client certificates and their thumbprints (RFC 8705 section 3.1, RFC 7468).
"""

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_cc import Certificate, CertificateFile, errors
from tests.leaks import shown_by

ISSUED = trustme.CA().issue_cert("client.example")
LEAF, AUTHORITY = ISSUED.cert_chain_pems[0].bytes(), trustme.CA().cert_pem.bytes()
KEY = ISSUED.private_key_pem.bytes()
PARSED = x509.load_pem_x509_certificate(LEAF)
DER = PARSED.public_bytes(serialization.Encoding.DER)
THUMBPRINT = base64.urlsafe_b64encode(PARSED.fingerprint(hashes.SHA256())).decode().rstrip("=")

# RFC 8705 appendix A.
SAMPLE = """-----BEGIN CERTIFICATE-----
MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
-----END CERTIFICATE-----
"""


def test_a_certificate_that_is_rotated_is_identified_by_its_path() -> None:
    """The content of the file, with its key, is not a path."""
    assert CertificateFile(Path("/run/svid.pem")) == CertificateFile("/run/svid.pem")
    wrong: Any
    for wrong in (SAMPLE, KEY.decode(), KEY, 5, ""):
        with pytest.raises(errors.InvalidInput, match="must be the path of a file") as caught:
            CertificateFile(wrong)
        assert "MHcC" not in shown_by(caught.value)


def test_rfc_8705_sample_has_its_printed_thumbprint() -> None:
    """The sample is the certificate of RFC 8705 appendix A."""
    assert "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0" == Certificate.from_pem(SAMPLE).thumbprint


@pytest.mark.parametrize(
    "pem",
    [
        LEAF,
        LEAF.decode(),
        LEAF + AUTHORITY,
        KEY + LEAF,
        LEAF + KEY,
        b"Subject: CN=client\xe9\n\n" + LEAF,
        LEAF.replace(b"\n", b"\r\n"),
        LEAF.replace(b"\n", b" \t\n"),
    ],
    ids=["bytes", "text", "chain", "key before", "key after", "text before", "CR LF", "blanks"],
)
def test_the_first_certificate_of_pem_text_counts(pem: str | bytes) -> None:
    """Text, keys and further certificates around it are ignored."""
    assert Certificate(THUMBPRINT) == Certificate.from_pem(pem)


def test_der_and_pem_of_a_certificate_are_equal() -> None:
    """The repr shows the thumbprint."""
    assert Certificate(THUMBPRINT) == Certificate.from_der(DER)
    assert Certificate(THUMBPRINT) != Certificate.from_pem(AUTHORITY)
    assert THUMBPRINT in repr(Certificate.from_der(DER))


@pytest.mark.parametrize("pem", [KEY, KEY.decode(), KEY.replace(b"EC PRIVATE", b"ENCRYPTED PRIVATE")])
def test_a_private_key_is_rejected_without_quoting_it(pem: str | bytes) -> None:
    """The error names the mistake and does not contain the key."""
    secret = KEY.splitlines()[2].decode()
    with pytest.raises(errors.InvalidInput, match=r"^certificate must not be a private key; pass the key") as caught:
        Certificate.from_pem(pem)
    assert secret not in shown_by(caught.value)
    with pytest.raises(errors.InvalidInput, match=r"^certificate thumbprint must be a SHA-256") as direct:
        Certificate(KEY.decode())
    assert secret not in shown_by(direct.value)


@pytest.mark.parametrize("pem", ["", "client.pem", "-----BEGIN CERTIFICATE-----", LEAF[:-5], b"\xff"])
def test_text_without_a_certificate_is_rejected(pem: str | bytes) -> None:
    """So are the name of a file and half a certificate."""
    with pytest.raises(
        errors.InvalidInput, match=r"^no certificate in the text; pass the text of a PEM file, not its name"
    ):
        Certificate.from_pem(pem)


def test_broken_base64_is_rejected() -> None:
    """The text between BEGIN and END must be base64."""
    for inside in ("A", "A===", "AA=A"):
        with pytest.raises(errors.InvalidInput, match=r"^certificate is not base64"):
            Certificate.from_pem(f"-----BEGIN CERTIFICATE-----\n{inside}\n-----END CERTIFICATE-----")


def _der_of_others() -> dict[str, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    der, plain = serialization.Encoding.DER, serialization.NoEncryption()
    locked = serialization.BestAvailableEncryption(b"password")
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    return {
        "PKCS #8": key.private_bytes(der, serialization.PrivateFormat.PKCS8, plain),
        "PKCS #8, encrypted": key.private_bytes(der, serialization.PrivateFormat.PKCS8, locked),
        "SEC 1": key.private_bytes(der, serialization.PrivateFormat.TraditionalOpenSSL, plain),
        "public key": key.public_key().public_bytes(der, public),
        "two": DER + DER,
        "cut": DER[:-1],
        "more": DER + b"\0",
        "empty": b"",
        "one octet": b"\x30",
        "indefinite": b"\x30\x80" + DER + b"\0\0",
        "huge": b"\x30\x89" + b"\xff" * 9,
    }


OTHERS = _der_of_others()
NAMED = {
    **dict.fromkeys(("PKCS #8", "PKCS #8, encrypted", "SEC 1"), "certificate must not be a private key; pass the key"),
    "public key": "certificate is a public key; pass the certificate",
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_der_is_rejected(name: str) -> None:
    """Keys in DER, and truncated or extended certificates, are rejected, in PEM too."""
    reason = NAMED.get(name, r"certificate is not an X\.509 certificate in DER")
    with pytest.raises(errors.InvalidInput, match=f"^{reason}") as caught:
        Certificate.from_der(OTHERS[name])
    assert repr(OTHERS[name])[2:-1] not in shown_by(caught.value) or len(OTHERS[name]) < 2
    framed = f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(OTHERS[name]).decode()}\n-----END CERTIFICATE-----"
    with pytest.raises(errors.InvalidInput, match=f"^{reason}"):
        Certificate.from_pem(framed)


@pytest.mark.parametrize("given_", [None, 5, ["x"]])
def test_other_types_are_rejected(given_: Any) -> None:
    """No value is converted to text or bytes."""
    with pytest.raises(errors.InvalidInput, match=r"^certificate must be the text of a PEM file, not"):
        Certificate.from_pem(given_)
    with pytest.raises(errors.InvalidInput, match=r"^certificate must be bytes in DER, not"):
        Certificate.from_der(given_)
    with pytest.raises(errors.InvalidInput, match="must be a SHA-256 in base64url"):
        Certificate(given_)


@pytest.mark.parametrize(
    "thumbprint",
    ["", THUMBPRINT[:-1], f"{THUMBPRINT}=", f"{THUMBPRINT}\n", "+" + THUMBPRINT[1:], THUMBPRINT[:-1] + "B", "ab:" * 32],
    ids=range(7),
)
def test_an_illegal_thumbprint_is_rejected(thumbprint: str) -> None:
    """A thumbprint is 43 characters of base64url whose last two bits are zero."""
    with pytest.raises(errors.InvalidInput, match=r"use Certificate\.from_pem\(\) to compute it"):
        Certificate(thumbprint)


@given(st.binary() | st.text() | st.binary().map(lambda end: LEAF + end))
@example("-----BEGIN CERTIFICATE-----" * 10_000)
@example("-----BEGIN CERTIFICATE-----" + "A" * 1_000_000)
@example("-----BEGIN " + "A" * 1_000_000 + "PRIVATE KEY-----")
def test_any_pem_is_a_certificate_or_invalid_input(pem: str | bytes) -> None:
    """The time is linear in the length of the text."""
    try:
        assert Certificate(THUMBPRINT) == Certificate.from_pem(pem)
    except errors.InvalidInput:
        assert LEAF not in (pem if isinstance(pem, bytes) else pem.encode())


@given(st.one_of(st.binary(), st.binary().map(lambda end: DER + end), st.integers(0, len(DER)).map(lambda n: DER[:n])))
def test_any_der_is_a_certificate_or_invalid_input(der: bytes) -> None:
    """The thumbprint of a certificate is the hash of its bytes."""
    try:
        found = Certificate.from_der(der)
    except errors.InvalidInput:
        return
    expected = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
    assert expected == found.thumbprint
