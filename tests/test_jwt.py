"""
Client assertions up to their signature: keys, claims, sources (RFC 7521, RFC 7523).
"""

import json
from base64 import b64encode, urlsafe_b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_cc import AssertionFile, Certificate, Secret, SigningKey, errors
from oauth_cc._wire.base64url import base64url
from oauth_cc.authentication import AssertionDraft, AssertionSource, MacAlgorithm, MacKey, UnsignedJwt
from oauth_cc.authentication.federated import MAX_ASSERTION, checked_assertion
from oauth_cc.authentication.jwt import JWT_BEARER
from oauth_cc.authentication.keys import ALGORITHMS, MAC_ALGORITHMS
from oauth_cc.secret import REDACTION
from tests.keys import CURVES, RSA, pem
from tests.leaks import shown_by

CERTIFICATE = Certificate("A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0")
LONG = "7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr17Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1"
PEM = "-----BEGIN PRIVATE KEY-----\nM4RKERM4RKERM4RKERM4RKERM4RKERM4RKERM4RKER\n-----END PRIVATE KEY-----\n"


FORMS = [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]
PEMS = [
    *[pem(each, form) for each in (RSA, CURVES["ES256"], CURVES["ES512"]) for form in FORMS],
    *[pem(CURVES["EdDSA"]), pem(RSA, password=b"word"), pem(CURVES["ES256"], password=b"word")],
]
BODIES = [b"".join(text.splitlines()[1:-1]).decode() for text in PEMS]


def silent(_: bytes) -> bytes:
    """Return a signature of zero bytes."""
    return bytes(64)


def key(algorithm: Any = "ES256", **options: Any) -> SigningKey:
    """Return a signing key."""
    return SigningKey(algorithm, silent, "key-1", **options)


def draft(signed_by: SigningKey | MacKey, typ: str | None = "client-authentication+jwt") -> AssertionDraft:
    """Return a draft with a lifetime of a minute."""
    return AssertionDraft(signed_by, "s6BhdRkqt3", "https://as.example", typ, 60)


def parts(unsigned: UnsignedJwt) -> list[dict[str, object]]:
    """Return header and claims."""
    return [json.loads(urlsafe_b64decode(part + b"==")) for part in unsigned.signing_input.split(b".")]


class TestSigningKey:
    """A private key that is represented by its signer."""

    def test_signing_keys_are_equal_by_all_but_their_signer(self) -> None:
        """Two signers for one key make equal keys."""
        assert key() == SigningKey("ES256", lambda _: b"", "key-1")
        assert len({key(), key("ES384"), key(key_id="1"), key(certificate=CERTIFICATE)}) == 4
        assert SigningKey("ES256", silent, "key-2") != key()

    def test_signing_key_repr_hides_the_signer(self) -> None:
        """The repr of a signer may show a key."""
        assert "silent" not in repr(key())

    @pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256K", "es256", "", None, 5, ["ES256"]])
    def test_signing_key_rejects_unknown_algorithms(self, algorithm: Any) -> None:
        """The error lists the supported algorithms."""
        with pytest.raises(errors.InvalidInput, match=r"^signing key algorithm must be one of RS256, RS384") as caught:
            SigningKey(algorithm, silent, "key-1")
        assert caught.value.parameter == "signing key"

    @pytest.mark.parametrize("signer", [PEM, PEM.encode(), None])
    def test_signing_key_rejects_pem_as_its_signer_without_quoting_it(self, signer: Any) -> None:
        """The error refers to oauth_cc.jose."""
        with pytest.raises(errors.InvalidInput, match=r"use oauth_cc\.jose to load a private key") as caught:
            SigningKey("ES256", signer, "key-1")
        assert "M4RKER" not in shown_by(caught.value)

    @pytest.mark.parametrize(("thumbprint", "key_id"), [("", None), ("a\n", None), (None, None), ("a", ""), ("a", 5)])
    def test_signing_key_rejects_illegal_thumbprints_and_key_ids(self, thumbprint: Any, key_id: Any) -> None:
        """Both are text without line breaks."""
        with pytest.raises(errors.InvalidInput, match=r"^signing key thumbprint and key_id must be text"):
            SigningKey("ES256", silent, thumbprint, key_id)

    def test_signing_key_rejects_pem_as_its_certificate(self) -> None:
        """The argument is a `Certificate`, and the error does not contain the text."""
        with pytest.raises(errors.InvalidInput, match=r"Certificate\.from_pem") as caught:
            key(certificate=PEM)
        assert "M4RKER" not in shown_by(caught.value)


class TestMacKey:
    """RFC 7518 section 3.2."""

    @pytest.mark.parametrize(("algorithm", "least"), MAC_ALGORITHMS.items())
    def test_mac_key_requires_as_many_bytes_as_its_hash(self, algorithm: MacAlgorithm, least: int) -> None:
        """The length is that of the UTF-8 form."""
        assert MacKey("s" * least, algorithm) == MacKey(Secret("s" * least), algorithm)
        assert MacKey("é" * (least // 2), algorithm).secret == Secret("é" * (least // 2))
        for short in ("", "s" * (least - 1)):
            with pytest.raises(errors.InvalidInput, match=f"must have at least {least} bytes for {algorithm}"):
                MacKey(short, algorithm)

    @pytest.mark.parametrize(
        "secret", [PEM, f"-----BEGIN PUBLIC KEY-----{LONG}", f"ssh-rsa {LONG}", f"ecdsa-sha2 {LONG}"]
    )
    def test_mac_key_rejects_an_asymmetric_key(self, secret: str) -> None:
        """Anyone with the public half could sign."""
        for given_ in (secret, Secret(secret)):
            with pytest.raises(
                errors.InvalidInput, match="must not be a key or certificate; use PrivateKeyJwt"
            ) as caught:
                MacKey(given_, "HS256")
            assert "M4RKER" not in shown_by(caught.value)

    @pytest.mark.parametrize("secret", [f"{LONG}\n", f"{LONG}\0"])
    def test_mac_key_rejects_control_characters(self, secret: str) -> None:
        """Secrets do not contain them."""
        with pytest.raises(errors.InvalidInput, match="must not contain a line break or another control"):
            MacKey(secret, "HS256")

    @pytest.mark.parametrize("secret", [None, b"M4RKER" * 9, 5])
    def test_mac_key_rejects_other_types(self, secret: Any) -> None:
        """No value is converted to text."""
        with pytest.raises(errors.InvalidInput, match=r"^client_secret must be a str or Secret, not") as caught:
            MacKey(secret, "HS256")
        assert "M4RKER" not in shown_by(caught.value)

    @pytest.mark.parametrize("algorithm", ["RS256", "none", "HS1", "", None, ["HS256"]])
    def test_mac_key_rejects_unknown_algorithms(self, algorithm: Any) -> None:
        """There is no fallback to another algorithm."""
        with pytest.raises(
            errors.InvalidInput, match="must be one of HS256, HS384, HS512; use PrivateKeyJwt"
        ) as caught:
            MacKey("M4RKER" * 9, algorithm)
        assert "M4RKER" not in shown_by(caught.value)


class TestDraft:
    """The header and the claims of an assertion."""

    def test_claims_are_those_of_rfc_7523(self) -> None:
        """Issuer and subject are the client, the audience is one string, and times are whole seconds."""
        header, claims = parts(draft(key()).at(1700000000.9, "id-1"))
        assert header == {"alg": "ES256", "typ": "client-authentication+jwt"}
        assert claims == {
            "iss": "s6BhdRkqt3",
            "sub": "s6BhdRkqt3",
            "aud": "https://as.example",
            "iat": 1700000000,
            "exp": 1700000060,
            "jti": "id-1",
        }

    def test_header_identifies_the_key_and_its_certificate(self) -> None:
        """``typ`` can be omitted."""
        header, _ = parts(draft(key(key_id="2026", certificate=CERTIFICATE), typ=None).at(0.0, "id"))
        assert header == {"alg": "ES256", "kid": "2026", "x5t#S256": CERTIFICATE.thumbprint}
        header, _ = parts(draft(MacKey(LONG, "HS512")).at(0.0, "id"))
        assert header == {"alg": "HS512", "typ": "client-authentication+jwt"}

    @given(st.text(), st.text(min_size=1), st.floats(0, 1e10))
    def test_claims_contain_any_client_id_unchanged(self, client_id: str, unique_id: str, now: float) -> None:
        """They also contain any unique id unchanged."""
        if not (client_id + unique_id).isprintable():
            return
        _, claims = parts(AssertionDraft(key(), client_id, "urn:as", None, 1).at(now, unique_id))
        assert (claims["sub"], claims["jti"], claims["exp"]) == (client_id, unique_id, int(now) + 1)

    def test_draft_fingerprints_differ_by_every_field(self) -> None:
        """One different field is enough."""
        drafts = [
            draft(key()),
            draft(key("ES384")),
            draft(key(key_id="1")),
            draft(key(certificate=CERTIFICATE)),
            draft(SigningKey("ES256", silent, "key-2")),
            draft(key(), typ="JWT"),
            draft(key(), typ=None),
            draft(MacKey(LONG, "HS256")),
            draft(MacKey(LONG[::-1], "HS256")),
            AssertionDraft(key(), "s6BhdRkqt3", "https://b.example", "client-authentication+jwt", 60),
            AssertionDraft(key(), "s6BhdRkqt3", "https://as.example", "client-authentication+jwt", 61),
        ]
        assert len({one.fingerprint().reveal() for one in drafts}) == len(drafts)

    @pytest.mark.parametrize("now", [float("nan"), float("inf"), None, "1700000000", -float("inf")])
    def test_draft_rejects_an_illegal_clock_value(self, now: Any) -> None:
        """It does so before a key signs anything."""
        with pytest.raises(errors.InvalidInput, match="requires now in POSIX seconds"):
            draft(key()).at(now, "id-1")

    @pytest.mark.parametrize("unique_id", ["", None, 5, "a\nb", "\ud800"])
    def test_draft_rejects_an_illegal_unique_id(self, unique_id: Any) -> None:
        """A unique id is text without line breaks."""
        with pytest.raises(errors.InvalidInput, match="unique_id as text"):
            draft(key()).at(0.0, unique_id)

    def test_draft_and_assertion_reprs_hide_the_secret(self) -> None:
        """The repr of an unsigned assertion hides the signing input too."""
        mac = draft(MacKey(LONG, "HS256"))
        assert LONG not in repr(mac)
        assert "eyJ" not in repr(mac.at(0.0, "id"))


class TestSigned:
    """RFC 7515 section 7.1."""

    @pytest.mark.parametrize(("algorithm", "length"), [("ES256", 64), ("ES384", 96), ("ES512", 132), ("EdDSA", 64)])
    def test_signature_of_another_length_is_rejected(self, algorithm: str, length: int) -> None:
        """For ECDSA the error mentions the DER form that a KMS returns."""
        unsigned = draft(key(algorithm)).at(0.0, "id")
        whole = unsigned.signed(bytes(length)).reveal()
        assert whole == f"{unsigned.signing_input.decode()}.{base64url(bytes(length))}"
        with pytest.raises(
            errors.InvalidInput, match=f"^signature of {algorithm} must have {length} bytes, not 70"
        ) as caught:
            unsigned.signed(bytes(70))
        assert ("DER" in caught.value.reason) == algorithm.startswith("ES")

    @pytest.mark.parametrize("algorithm", [name for name in ALGORITHMS if name[:2] in {"RS", "PS"}])
    def test_rsa_signature_shorter_than_2048_bits_is_rejected(self, algorithm: str) -> None:
        """An RSA signature is as long as its key."""
        unsigned = draft(key(algorithm)).at(0.0, "id")
        assert unsigned.signed(bytes(256)) != unsigned.signed(bytes(512))
        with pytest.raises(errors.InvalidInput, match=r"^signature of RSA must have at least 256 bytes \(2048 bits\)"):
            unsigned.signed(bytes(255))

    def test_signature_of_another_type_is_rejected(self) -> None:
        """No value is converted to bytes."""
        given_: Any = "M4RKER"
        with pytest.raises(errors.InvalidInput, match=r"^signature must be bytes, not str") as caught:
            draft(key()).at(0.0, "id").signed(given_)
        assert "M4RKER" not in shown_by(caught.value)


class TestSources:
    """Assertions that another party issues."""

    def test_assertion_file_accepts_str_and_path(self) -> None:
        """Both make equal records."""
        assert AssertionFile(Path("/run/token")) == AssertionFile("/run/token")

    @pytest.mark.parametrize(
        "given_",
        [
            *("", "a\nb", "eyJM4RKER.e30.c2ln", " eyJM4RKER", b"/run/token", None, 5, Path, PEM, "{M4RKER"),
            *[b64encode(text).decode() for text in (PEM.encode(), b'{"kty": "M4RKER"}', b'{\n"M4RKER', b'{ "M4RKER')],
            *BODIES,
            Path(BODIES[0][:64]),
            f"/run/{'M4RKER' * 50}",
        ],
        ids=range(25),
    )
    def test_assertion_file_rejects_content_without_quoting_it(self, given_: Any) -> None:
        """The content may be an assertion or a key, perhaps in base64."""
        with pytest.raises(errors.InvalidInput, match="must be the path of a file") as caught:
            AssertionFile(given_)
        shown = shown_by(caught.value)
        assert "M4RKER" not in shown
        assert not (isinstance(given_, str | Path) and len(f"{given_}") > 20 and f"{given_}" in shown)

    @pytest.mark.parametrize(
        "path", ["M", "MEDIA/Files/of/NonStringCollection/Years/2026/November/on/the/Disk/Oauth/Token", "./eyJ", "mE"]
    )
    def test_assertion_file_accepts_paths_that_resemble_base64(self, path: str) -> None:
        """Only the content of a file is rejected."""
        assert AssertionFile(path).path == path

    def test_redacted_text_is_rejected_as_an_assertion(self) -> None:
        """So is it as the secret of an HMAC."""
        text = f"{Secret('s3cret')}"
        found = checked_assertion(text)
        assert isinstance(found, errors.InvalidInput)
        assert "pass the Secret object instead of str(secret)" in f"{found}"
        with pytest.raises(errors.InvalidInput, match="pass the Secret object instead of"):
            MacKey(text * 4, "HS256")

    def test_source_fingerprints_differ_by_type_and_file(self) -> None:
        """A function has no name that another process would have too."""
        sources = [
            AssertionSource(AssertionFile("/a"), JWT_BEARER, "id"),
            AssertionSource(AssertionFile("/b"), JWT_BEARER, "id"),
            AssertionSource(AssertionFile("/a"), "urn:other", "id"),
            AssertionSource(lambda: "a", JWT_BEARER, "id"),
        ]
        assert len({source.fingerprint().reveal() for source in sources}) == 4
        assert sources[3].fingerprint() == AssertionSource(lambda: "b", JWT_BEARER, "id").fingerprint()

    @given(st.text() | st.text("eyJ.-_", max_size=80).map(lambda text: f"{text}\n"))
    @example(REDACTION)
    def test_any_text_is_an_assertion_or_invalid_input(self, text: str) -> None:
        """White space around an assertion is stripped."""
        for given_ in (text, Secret(text)):
            found = checked_assertion(given_)
            stripped = text.strip(" \t\r\n")
            legal = bool(stripped) and stripped.isascii() and stripped.isprintable() and " " not in stripped
            legal = legal and REDACTION not in stripped
            assert found == Secret(stripped) if legal else isinstance(found, errors.InvalidInput)

    @pytest.mark.parametrize(
        ("given_", "reason"),
        [
            ("", "must not be empty"),
            (" \n", "must not be empty"),
            ("a" * (MAX_ASSERTION + 1), "at most 65536 ASCII characters"),
            ("a b", "without spaces"),
            ("é", "ASCII characters"),
            (None, "not NoneType"),
            (b"a", "not bytes"),
        ],
    )
    def test_assertion_errors_name_the_cause(self, given_: object, reason: str) -> None:
        """Each of them is a different sentence."""
        found = checked_assertion(given_)
        assert isinstance(found, errors.InvalidInput)
        assert reason in found.reason


@given(st.binary(max_size=50))
def test_base64url_has_no_padding_and_round_trips(octets: bytes) -> None:
    """RFC 7515 section 2."""
    text = base64url(octets)
    assert set(text).isdisjoint("+/=")
    assert urlsafe_b64decode(text + "=" * (-len(text) % 4)) == octets
