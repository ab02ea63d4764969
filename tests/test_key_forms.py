"""
The forms that keys and certificates come in, made by OpenSSL, OpenSSH and cryptography.
"""

import base64
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, pkcs12
from cryptography.x509 import CertificateRevocationListBuilder, load_pem_x509_certificate
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws

from oauth_cc import Certificate, Secret, errors
from oauth_cc.authentication.key_forms import KeyText, recognized
from oauth_cc.jose import key_from_file, key_from_jwk, key_from_pem
from oauth_cc.tls import certificate_from_file
from tests.keys import CURVES, RSA, jwk, pem, private, public, public_jwk, public_pem
from tests.leaks import shown_by

CLIENT = trustme.CA().issue_cert("client.example")
PEMS = [part.bytes() for part in CLIENT.cert_chain_pems]
CHAIN = b"".join(PEMS)
X509 = load_pem_x509_certificate(PEMS[0])
DER = X509.public_bytes(Encoding.DER)
GUIDE = Path(__file__).parents[1] / "oauth_cc" / "authentication" / "PROVIDERS.md"
PLAIN, CLOSED = serialization.NoEncryption(), serialization.BestAvailableEncryption(b"pass")
OWN: dict[str, PrivateKeyTypes] = {"RSA": RSA, "EC": CURVES["ES256"], "Ed25519": CURVES["EdDSA"]}

WRAPPED: dict[str, Callable[[str], str | bytes]] = {
    "as it is": str,
    "bytes": str.encode,
    "Windows line ends": lambda text: text.replace("\n", "\r\n"),
    "byte order mark": lambda text: text.encode("utf-8-sig"),
    "byte order mark in text": lambda text: f"\ufeff{text}",
    "UTF-16": lambda text: text.encode("utf-16"),
    "backslash n": lambda text: text.replace("\n", "\\n"),
    "backslash r n": lambda text: text.replace("\n", "\\r\\n"),
    "spaces": lambda text: text.replace("\n", " "),
    "quotes": lambda text: f'"{text}"\n',
    "indented": lambda text: text.replace("\n", "\n    "),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 in lines": lambda text: base64.encodebytes(text.encode()),
    "other text around": lambda text: f"Bag Attributes\n    friendlyName: client\n{text}\nsome more\n",
}


def private_bytes(key: PrivateKeyTypes, encoding: Encoding, form: PrivateFormat, *, closed: bool = False) -> bytes:
    """Return *key* in this form."""
    return key.private_bytes(encoding, form, CLOSED if closed else PLAIN)


def texts(name: str) -> dict[str, str]:
    """Return the PEM forms of a key."""
    key = OWN[name]
    forms = {"PKCS #8": PrivateFormat.PKCS8, "OpenSSH": PrivateFormat.OpenSSH}
    if name != "Ed25519":
        forms["traditional"] = PrivateFormat.TraditionalOpenSSL
    return {form: private_bytes(key, Encoding.PEM, kind).decode() for form, kind in forms.items()}


@pytest.mark.parametrize(
    ("name", "wrapped"), [*[("EC", wrapped) for wrapped in WRAPPED], ("RSA", "backslash n"), ("Ed25519", "base64")]
)
def test_every_text_of_a_key_is_the_same_key(name: str, wrapped: str, tmp_path: Path) -> None:
    """PKCS #8, PKCS #1, SEC 1 and OpenSSH, however a variable or an editor has changed the text."""
    expected = private(OWN[name]).thumbprint()
    for text in texts(name).values():
        content = WRAPPED[wrapped](text)
        assert key_from_pem(content).thumbprint == expected
        file = tmp_path / "key"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        assert key_from_file(file).thumbprint == expected


@pytest.mark.parametrize("name", OWN)
def test_every_binary_form_of_a_key_is_the_same_key(name: str, tmp_path: Path) -> None:
    """DER of PKCS #8, PKCS #1 and SEC 1, and PKCS #12, also in base64."""
    key = OWN[name]
    forms = [private_bytes(key, Encoding.DER, PrivateFormat.PKCS8)]
    if name != "Ed25519":
        forms.append(private_bytes(key, Encoding.DER, PrivateFormat.TraditionalOpenSSL))
    closed = [
        private_bytes(key, Encoding.DER, PrivateFormat.PKCS8, closed=True),
        pem(key, password=b"pass"),
        pkcs12.serialize_key_and_certificates(b"client", key, None, None, CLOSED),  # type: ignore[arg-type]  # a key
    ]
    expected = private(key).thumbprint()
    for form in [*forms, *closed]:
        password = "pass" if form in closed else None
        for content in (form, base64.b64encode(form).decode()) if name == "EC" else (form,):
            assert key_from_pem(content, password=password).thumbprint == expected
        (tmp_path / "key").write_bytes(form)
        assert key_from_file(tmp_path / "key", password=password).thumbprint == expected
    for form in closed:
        with pytest.raises(errors.InvalidKey, match=r"is (PKCS #12|encrypted); pass password="):
            key_from_pem(form)
        with pytest.raises(errors.InvalidKey, match="the right password"):
            key_from_pem(form, password="wrong")
        # As a variable of the environment that is not UTF-8.
        with pytest.raises(errors.InvalidKey, match="the right password") as caught:
            key_from_pem(form, password="M4RKER\udcff")
        assert "M4RKER" not in shown_by(caught.value)


def openssl(*arguments: str, given: bytes = b"") -> bytes:
    """Return what OpenSSL prints."""
    command = ["openssl", *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout


def test_an_encrypted_key_in_the_older_form_is_read() -> None:
    """It has headers within the PEM."""
    closed = openssl("rsa", "-aes256", "-passout", "pass:pass", "-traditional", given=pem(RSA))
    assert b"Proc-Type" in closed
    for content in (closed, closed.replace(b"\n", b"\r\n"), closed.replace(b"\n", b"\\n")):
        assert key_from_pem(content, password="pass") == key_from_pem(pem(RSA))
        with pytest.raises(errors.InvalidKey, match="is encrypted; pass password="):
            key_from_pem(content)


@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_a_key_for_rsa_pss_signs_with_that_alone(form: str) -> None:
    """RS256 would be accepted by no server that checks the key."""
    made = openssl("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", "-outform", form)
    key = key_from_pem(made)
    assert key.algorithm == "PS256"
    assert key_from_pem(made, algorithm="PS512").algorithm == "PS512"
    signed = key.signer(b"eyJhbGciOiJQUzI1NiJ9.e30")
    assert isinstance(signed, bytes)
    half = openssl("pkey", "-pubout", *(["-inform", "DER"] if form == "DER" else []), given=made)
    whole = f"eyJhbGciOiJQUzI1NiJ9.e30.{base64.urlsafe_b64encode(signed).decode().rstrip('=')}"
    assert jws.deserialize_compact(whole, jws_key(half), algorithms=["PS256"]).payload == b"{}"
    with pytest.raises(errors.InvalidKey, match="use PS256 or PS384 or PS512"):
        key_from_pem(made, algorithm="RS256")


def jws_key(half: bytes) -> Any:
    """Return the public key of PEM for joserfc."""
    from joserfc.jwk import RSAKey

    return RSAKey.import_key(half)


def test_a_jwk_set_has_its_key_by_its_kid(tmp_path: Path) -> None:
    """A set with one private key needs no name."""
    two = {"keys": [jwk(RSA, kid="a"), jwk(CURVES["ES256"], kid="b"), public_jwk(CURVES["ES384"], kid="c")]}
    assert key_from_jwk(two, key_id="b").algorithm == "ES256"
    assert key_from_jwk({"keys": two["keys"][1:]}).key_id == "b"
    for wrap in (str, lambda text: base64.b64encode(text.encode()).decode(), lambda text: f"\ufeff{text}"):
        (tmp_path / "keys").write_text(wrap(json.dumps(two)))
        assert key_from_file(tmp_path / "keys", key_id="a").algorithm == "RS256"
        assert key_from_jwk(wrap(json.dumps(two)), key_id="a").key_id == "a"
    with pytest.raises(errors.InvalidKey, match="0 private keys match; pass key_id=, one of: a, b"):
        key_from_jwk(two, key_id="d")


SSH = (
    ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
)
OTHER = {
    "public key": (public_pem(RSA), "is a public key or a certificate; pass the private key"),
    "certificate": (PEMS[0], "is a public key or a certificate; pass the private key"),
    "certificate in DER": (DER, "is a certificate in DER, not a private key"),
    "public key in DER": (
        RSA.public_key().public_bytes(Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        "is a public key in DER; pass the private key",
    ),
    "request": (b"-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----", "certificate request"),
    "SSH public key": (SSH, "is an SSH public key; pass the private key, the file without .pub"),
    "PuTTY": (b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", "is a PuTTY key; convert it with: puttygen"),
    "PGP": (b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n", "is a PGP key"),
    "file name": (b"client.pem", "is not PEM, DER or a JWK; pass the text of the file"),
    "empty": (b"", "is not PEM, DER or a JWK"),
    "half a key": (pem(RSA)[:200], "is not PEM, DER or a JWK"),
    "the other half": (pem(RSA)[200:], "is not PEM, DER or a JWK"),
    "broken DER": (b"\x30\x03\x02\x01\x00", "cannot be read"),
    "PKCS #12 without a key": (
        pkcs12.serialize_key_and_certificates(b"a", None, X509, None, CLOSED),
        "cannot be read",
    ),
}


@pytest.mark.parametrize("name", OTHER)
def test_another_form_is_named_with_what_to_do(name: str) -> None:
    """It is not quoted."""
    content, reason = OTHER[name]
    with pytest.raises(errors.InvalidKey, match=reason.replace("(", r"\(")) as caught:
        key_from_pem(content, password="pass")
    assert len(content) < 40 or repr(content[20:60])[2:-1] not in shown_by(caught.value)


@pytest.mark.parametrize("name", sorted(set(OTHER) - {"file name", "empty", "half a key"}))
def test_the_fault_of_a_file_names_the_file(name: str, tmp_path: Path) -> None:
    """Its form is named as for a text, without advice to pass the text."""
    content, reason = OTHER[name]
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(errors.InvalidKey, match=reason.replace("(", r"\(")) as caught:
        key_from_file(tmp_path / "key", password="pass")
    assert str(caught.value).startswith(f"signing key file {tmp_path / 'key'} ")
    assert "-----BEGIN" not in str(caught.value)
    assert len(content) < 40 or repr(content[20:60])[2:-1] not in shown_by(caught.value)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is empty; check the program that writes it"),
        (b" \n", "is empty; check the program that writes it"),
        (b"client.pem", "is not PEM, DER or a JWK; pass a file with the private key in one of these forms"),
        (b"<html>", "is not PEM, DER or a JWK; pass a file with the private key in one of these forms"),
        (pem(RSA)[:200], "is PEM without its end; copy the whole file"),
        (b"\xfe\xed\xfe\xed\0\0\0\2", "is a Java KeyStore; convert it with: keytool -importkeystore"),
    ],
    ids=range(6),
)
def test_a_file_in_no_known_form_is_described(content: bytes, fault: str, tmp_path: Path) -> None:
    """What it lacks is what to do."""
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(errors.InvalidKey) as caught:
        key_from_file(tmp_path / "key")
    assert str(caught.value).startswith(f"signing key file {tmp_path / 'key'} {fault}")


@pytest.mark.parametrize(
    ("account", "named"),
    [
        ({"type": "service_account", "private_key": pem(RSA).decode()}, ("Google", "private_key")),
        ({"type": "serviceaccount", "keyId": "1", "key": pem(RSA).decode(), "userId": "2"}, ("Zitadel", "key")),
    ],
)
def test_the_file_of_a_service_account_is_named_with_its_recipe(
    account: dict[str, str], named: tuple[str, str], tmp_path: Path
) -> None:
    """The guide has the recipe. Nothing of the key is shown."""
    (tmp_path / "key").write_text(json.dumps(account))
    text = f"{named[0]} service account; pass its member {named[1]} "
    loads: list[Callable[[], object]] = [lambda: key_from_file(tmp_path / "key"), lambda: key_from_jwk(account)]
    for load in loads:
        with pytest.raises(errors.InvalidKey, match=text) as caught:
            load()
        recipe = str(caught.value).split("'")[1]
        assert f"\n## {recipe}\n" in GUIDE.read_text()
        assert pem(RSA).decode()[60:90] not in shown_by(caught.value)


@given(st.binary(max_size=99) | st.text(max_size=99) | st.binary(max_size=99).map(lambda end: b"\x30\x82" + end))
def test_any_content_is_a_key_text_or_a_fault(content: str | bytes) -> None:
    """A fault is a part of a sentence."""
    found = recognized(content, has_password=True)
    assert isinstance(found, KeyText) or found.startswith("is ")


REVOKED = (
    CertificateRevocationListBuilder()
    .issuer_name(X509.subject)
    .last_update(datetime(2026, 1, 1))
    .next_update(datetime(2027, 1, 1))
    .sign(RSA, SHA256())
    .public_bytes(Encoding.DER)
)


@pytest.mark.parametrize("wrapped", WRAPPED)
def test_every_text_of_a_certificate_is_the_same_certificate(wrapped: str) -> None:
    """The first one of a chain is the client's."""
    for text in (PEMS[0].decode(), CHAIN.decode(), pem(RSA).decode() + CHAIN.decode()):
        found = Certificate.from_pem(WRAPPED[wrapped](text))
        assert found == Certificate.from_der(DER)
        assert found.chain[0] == DER


def test_a_certificate_in_der_is_read_from_its_bytes_and_base64() -> None:
    """So it is by the constructor for PEM."""
    for content in (DER, base64.b64encode(DER), base64.b64encode(DER).decode()):
        assert Certificate.from_pem(content) == Certificate.from_der(DER)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            pkcs12.serialize_key_and_certificates(b"a", None, X509, None, PLAIN),
            "certificate is PKCS #12; use oauth_cc.tls.certificate_from_file",
        ),
        (b"-----BEGIN PKCS7-----\nAA==\n-----END PKCS7-----", "certificate is PKCS #7; convert it to PEM"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nAA==", "certificate is a certificate request; pass the certificate"),
        (public_pem(RSA), "certificate is a public key; pass the certificate"),
        (SSH, "certificate is an SSH public key; pass an X.509"),
        (base64.b64encode(pem(RSA)), "certificate must not be a private key"),
    ],
    ids=range(6),
)
def test_another_form_of_certificate_is_named_with_what_to_do(content: bytes, reason: str) -> None:
    """It is not quoted."""
    with pytest.raises(errors.InvalidInput, match=reason) as caught:
        Certificate.from_pem(content)
    assert repr(content[20:60])[2:-1] not in shown_by(caught.value) or len(content) < 60


def test_every_form_that_openssl_writes_of_a_certificate_is_read_or_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in a file, which may be PKCS #12 with a password. No foreign exception is raised."""
    key, leaf = tmp_path / "key.pem", tmp_path / "leaf.pem"
    key.write_bytes(pem(RSA))
    leaf.write_bytes(openssl("req", "-new", "-x509", "-key", str(key), "-subj", "/CN=client", "-days", "9"))
    ours = Certificate.from_pem(leaf.read_bytes())
    request = openssl("req", "-new", "-key", str(key), "-subj", "/CN=client")
    export = ("pkcs12", "-export", "-inkey", str(key), "-in", str(leaf), "-passout")
    read = [
        openssl("x509", "-in", str(leaf), "-outform", "DER"),
        openssl("x509", "-in", str(leaf), "-text"),
        leaf.read_bytes() + key.read_bytes(),
        b"\xef\xbb\xbf" + leaf.read_bytes().replace(b"\n", b"\r\n"),
        base64.b64encode(leaf.read_bytes()),
        leaf.read_bytes().replace(b"\n", b"\\n"),
        openssl(*export, "pass:s3cret"),
        openssl(*export, "pass:s3cret", "-certpbe", "NONE", "-keypbe", "NONE"),
        base64.b64encode(openssl(*export, "pass:s3cret", "-certfile", str(leaf))),
    ]
    named = {
        openssl("x509", "-in", str(leaf), "-trustout"): "is in a format of OpenSSL; convert it with",
        openssl("crl2pkcs7", "-nocrl", "-certfile", str(leaf)): "is PKCS #7; convert it to PEM",
        openssl("crl2pkcs7", "-nocrl", "-certfile", str(leaf), "-outform", "DER"): "is PKCS #7; convert it to PEM",
        request: "is a certificate request",
        openssl("req", "-outform", "DER", given=request): "is a certificate request",
        b"-----BEGIN X509 CRL-----\nAA==\n-----END X509 CRL-----": "is a revocation list",
        REVOKED: "is a revocation list",
        pem(RSA): "must not be a private key",
        openssl("pkey", "-pubout", given=pem(RSA)): "is a public key",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----": "in DER; use the file as issued",
        openssl(*export, "pass:other"): "cannot be read; pass the right password=",
        openssl("pkcs12", "-export", "-nocerts", "-inkey", str(key), "-passout", "pass:s3cret"): "is missing; export",
        b"": "holds no certificate; pass a file with one",
    }
    file = tmp_path / "certificate"
    for content in read:
        file.write_bytes(content)
        assert certificate_from_file(file, password=Secret("s3cret")) == ours
        assert certificate_from_file(file, password=b"s3cret").x5t == ours.x5t
    for content, reason in named.items():
        file.write_bytes(content)
        with pytest.raises(errors.InvalidInput, match=re.escape(reason)) as caught:
            certificate_from_file(file, password="s3cret")
        assert str(caught.value).startswith(f"certificate file {file} " if content[:1] != b"0" else "certificate ")
        assert "s3cret" not in shown_by(caught.value)
    file.write_bytes(read[6])
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "cryptography.hazmat.primitives.serialization.pkcs12", None)
        with pytest.raises(ImportError, match=r"install oauth_cc\[jwt\]") as missing:
            certificate_from_file(file, password="s3cret")
        assert "s3cret" not in shown_by(missing.value)
    file.unlink()
    for wrong, reason in ((file, "cannot be read: No such file"), (pem(RSA).decode(), "must be in a file")):
        with pytest.raises(errors.InvalidInput, match=reason):
            certificate_from_file(wrong)


NOT_KEY = "certificate must not be a private key; pass the key to the HTTP library only"
PASSWORD = ("-passout", "pass:pass")


def forms_of_a_key(name: str) -> dict[str, bytes]:
    """Return the forms in which OpenSSL writes a key of this kind."""
    plain = pem(OWN[name])
    forms = {
        "PKCS #8": openssl("pkcs8", "-topk8", "-nocrypt", given=plain),
        "PKCS #8 in DER": openssl("pkcs8", "-topk8", "-nocrypt", "-outform", "DER", given=plain),
        "PKCS #8, encrypted": openssl("pkcs8", "-topk8", *PASSWORD, given=plain),
        "PKCS #8, encrypted by scrypt": openssl("pkcs8", "-topk8", "-scrypt", *PASSWORD, given=plain),
        "PKCS #8, encrypted by an older cipher": openssl(
            "pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES", *PASSWORD, given=plain
        ),
        "PKCS #8 in DER, encrypted": openssl("pkcs8", "-topk8", "-outform", "DER", *PASSWORD, given=plain),
    }
    if name == "Ed25519":
        return forms
    command = ("rsa", "-traditional") if name == "RSA" else ("ec",)
    return {
        **forms,
        "traditional": openssl(*command, given=plain),
        "traditional in DER": openssl(*command, "-outform", "DER", given=plain),
        "traditional, encrypted": openssl(*command, "-aes128", *PASSWORD, given=plain),
        "behind parameters": openssl("ecparam", "-name", "prime256v1") + openssl(*command, given=plain),
    }


@pytest.mark.parametrize("name", OWN)
def test_every_form_that_openssl_writes_of_a_key_is_read_and_no_certificate(name: str) -> None:
    """It is named where a certificate belongs, and where its password is missing."""
    expected = private(OWN[name]).thumbprint()
    for form, content in forms_of_a_key(name).items():
        assert key_from_pem(content, password="pass").thumbprint == expected, form
        if "encrypted" in form:
            with pytest.raises(errors.InvalidKey, match="is encrypted; pass password="):
                key_from_pem(content)
        for given_ in (content, base64.b64encode(content)):
            with pytest.raises(errors.InvalidInput, match=NOT_KEY) as caught:
                Certificate.from_pem(given_)
            assert repr(content[40:80])[2:-1] not in shown_by(caught.value)


# Written by: ssh-keygen -t ed25519 -N M4RKER
@pytest.mark.parametrize("content", ["A", "!", ""])
def test_an_openssh_key_that_is_not_base64_is_rejected(content: str) -> None:
    """The error is this library's own."""
    with pytest.raises(errors.InvalidKey, match="key"):
        key_from_pem(f"-----BEGIN OPENSSH PRIVATE KEY-----\n{content}\n-----END OPENSSH PRIVATE KEY-----\n")


CLOSED_OPENSSH = """-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABAO1dqsj4
qCmzysCclbkb+VAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIK9fgYTSUiv5jo3I
FxRCaoGUziYU+qZ1ftJhO1t/VH7DAAAAkOTRSHGyi/XY0wUr1MfKEtm2poScQAyY3SjR1z
/1u7y8krerCGc1jOhJtUif+/1oXh1kaiGX7aRaCm8m5H7PJc8Xd7Dxb3iAdC7xDty0zRih
VTp4LKzs4oMvmHAzWouwEORN+3nsre5DqbqZUJoDGcOuHWkpGhDOHsZC1lodNci9qL4pvy
0/GfaZOaVOwYIWPw==
-----END OPENSSH PRIVATE KEY-----
"""


def test_an_encrypted_key_of_openssh_is_named() -> None:
    """It needs the package bcrypt, which the extra does not install."""
    with pytest.raises(errors.InvalidKey, match="is encrypted; pass password="):
        key_from_pem(CLOSED_OPENSSH)
    advice = r"OpenSSH .* install bcrypt, or remove the password with: ssh-keygen -p -f FILE"
    with pytest.raises(errors.InvalidKey, match=advice) as caught:
        key_from_pem(CLOSED_OPENSSH, password="M4RKER but another")
    assert "M4RKER" not in shown_by(caught.value)
    with pytest.raises(errors.InvalidInput, match=NOT_KEY):
        Certificate.from_pem(CLOSED_OPENSSH)


def test_pkcs_12_is_read_as_openssl_writes_it(tmp_path: Path) -> None:
    """It may have no password. Its key and its certificate may each be missing."""
    key, leaf = tmp_path / "key.pem", tmp_path / "leaf.pem"
    key.write_bytes(pem(RSA))
    leaf.write_bytes(openssl("req", "-new", "-x509", "-key", str(key), "-subj", "/CN=client", "-days", "9"))
    export = ("pkcs12", "-export", "-in", str(leaf))
    both = (*export, "-inkey", str(key))
    expected = private(RSA).thumbprint(), Certificate.from_pem(leaf.read_bytes()).thumbprint
    file = tmp_path / "both.p12"
    for options, password in (
        (PASSWORD, "pass"),
        (("-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1", *PASSWORD), "pass"),
        (("-passout", "pass:"), ""),
        (("-passout", "pass:", "-certpbe", "NONE", "-keypbe", "NONE", "-nomac"), None),
    ):
        file.write_bytes(openssl(*both, *options))
        found = key_from_file(file, password=password), certificate_from_file(file, password=password)
        assert (found[0].thumbprint, found[1].thumbprint) == expected
        with pytest.raises(errors.InvalidInput, match=r"is PKCS #12; use oauth_cc\.tls\.certificate_from_file"):
            Certificate.from_pem(file.read_bytes())
    file.write_bytes(openssl(*export, "-nokeys", *PASSWORD))
    with pytest.raises(errors.InvalidKey, match="is PKCS #12; pass password="):
        key_from_file(file)
    with pytest.raises(errors.InvalidKey, match="is PKCS #12 and cannot be read; export it with its key"):
        key_from_file(file, password="pass")


def test_what_is_no_key_is_named_where_a_key_belongs(tmp_path: Path) -> None:
    """OpenSSL writes it in PEM and in DER."""
    key, leaf = tmp_path / "key.pem", tmp_path / "leaf.pem"
    key.write_bytes(pem(RSA))
    leaf.write_bytes(openssl("req", "-new", "-x509", "-key", str(key), "-subj", "/CN=client", "-days", "9"))
    request = openssl("req", "-new", "-key", str(key), "-subj", "/CN=client")
    bundle = ("crl2pkcs7", "-nocrl", "-certfile", str(leaf))
    named = {
        openssl("req", "-outform", "DER", given=request): "is a certificate request in DER",
        request: "is a certificate request",
        REVOKED: "is a revocation list in DER",
        b"-----BEGIN X509 CRL-----\nAA==\n-----END X509 CRL-----": "is a revocation list",
        openssl(*bundle): "is PKCS #7, which holds certificates alone",
        openssl(*bundle, "-outform", "DER"): "is PKCS #7, which holds certificates alone",
        openssl("ecparam", "-name", "prime256v1"): "is parameters without a key",
        openssl("rsa", "-RSAPublicKey_out", "-outform", "DER", given=pem(RSA)): "is a public key in DER",
        openssl("pkey", "-pubout", "-outform", "DER", given=pem(RSA)): "is a public key in DER",
    }
    for content, reason in named.items():
        for given_ in (content, base64.b64encode(content).decode()):
            with pytest.raises(errors.InvalidKey, match=f"signing key {reason}"):
                key_from_pem(given_, password="pass")


KEY_OF_EC = jwk(CURVES["ES256"], kid="a")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (json.dumps(KEY_OF_EC), "certificate is a JWK; pass the certificate of the key in PEM or DER"),
        (json.dumps({"keys": [KEY_OF_EC]}, indent=2), "certificate is a JWK"),
        (base64.b64encode(json.dumps({**KEY_OF_EC, "x5c": ["AA=="]}).encode()), "certificate is a JWK"),
        ("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", NOT_KEY),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\n", NOT_KEY),
        ("-----BEGIN PGP PUBLIC KEY BLOCK-----\n", "certificate is a PGP key"),
        ("ecdsa-sha2-nistp256 AAAA me@host", "certificate is an SSH public key"),
        (json.dumps({"type": "service_account", "private_key": pem(RSA).decode()}), NOT_KEY),
        (openssl("pkey", "-pubout", "-outform", "DER", given=pem(RSA)), "certificate is a public key"),
        (openssl("rsa", "-RSAPublicKey_out", "-outform", "DER", given=pem(RSA)), "certificate is a public key"),
    ],
    ids=range(10),
)
def test_what_is_no_certificate_is_named_where_one_belongs(content: str | bytes, reason: str) -> None:
    """It is not quoted."""
    with pytest.raises(errors.InvalidInput, match=re.escape(reason)) as caught:
        Certificate.from_pem(content)
    assert f"{KEY_OF_EC['d']}" not in shown_by(caught.value)


def test_x5t_and_x5c_are_those_of_the_certificate() -> None:
    """A thumbprint alone does not have them."""
    found = Certificate.from_pem(CHAIN)
    digest = hashlib.sha1(DER, usedforsecurity=False).digest()
    assert found.x5t == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert found.x5c == tuple(
        [base64.b64encode(load_pem_x509_certificate(one).public_bytes(Encoding.DER)).decode() for one in PEMS]
    )
    assert (Certificate(found.thumbprint).x5t, Certificate(found.thumbprint).x5c) == (None, ())


def test_a_secret_key_and_a_public_half_match() -> None:
    """Reading changes nothing."""
    for key in OWN.values():
        assert key_from_pem(Secret(pem(key).decode())).thumbprint == public(key).thumbprint()
