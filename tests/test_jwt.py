"""
Assertions up to their signature: keys, claims, and what is no assertion (RFC 7521, RFC 7523).
"""

import json
from base64 import b64encode, urlsafe_b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import AssertionFile, Certificate, Secret, SigningKey, errors
from oauth_cc._wire.base64url import base64url
from oauth_cc.authentication import AssertionDraft, AssertionSource, MacAlgorithm, MacKey, UnsignedAssertion
from oauth_cc.authentication.federated import MAX_ASSERTION, checked_assertion
from oauth_cc.authentication.jwt import ALGORITHMS, JWT_BEARER, MAC_ALGORITHMS
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
    """Signs nothing."""
    return bytes(64)


def key(algorithm: Any = "ES256", **options: Any) -> SigningKey:
    """Gives a key."""
    return SigningKey(algorithm, silent, "key-1", **options)


def draft(signed_by: SigningKey | MacKey, typ: str | None = "client-authentication+jwt") -> AssertionDraft:
    """Gives a draft of a minute."""
    return AssertionDraft(signed_by, "s6BhdRkqt3", "https://as.example", typ, 60)


def parts(unsigned: UnsignedAssertion) -> list[dict[str, object]]:
    """Gives header and claims."""
    return [json.loads(urlsafe_b64decode(part + b"==")) for part in unsigned.signing_input.split(b".")]


class TestSigningKey:
    """A private key that is not read."""

    def test_equal_by_what_they_are(self) -> None:
        """Whatever signs: two ways to one key are the same key."""
        assert key() == SigningKey("ES256", lambda _: b"", "key-1")
        assert len({key(), key("ES384"), key(key_id="1"), key(certificate=CERTIFICATE)}) == 4
        assert SigningKey("ES256", silent, "key-2") != key()

    def test_the_signer_is_not_shown(self) -> None:
        """It may hold a key."""
        assert "silent" not in repr(key())

    @pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256K", "es256", "", None, 5, ["ES256"]])
    def test_unknown_algorithms(self, algorithm: Any) -> None:
        """The sentence lists those that there are."""
        with pytest.raises(errors.InvalidInput, match="give an algorithm of RS256, RS384") as caught:
            SigningKey(algorithm, silent, "key-1")
        assert caught.value.parameter == "signing key"

    @pytest.mark.parametrize("signer", [PEM, PEM.encode(), None])
    def test_a_key_where_a_signer_goes(self, signer: Any) -> None:
        """It is not shown."""
        with pytest.raises(errors.InvalidInput, match=r"keys are read by oauth_cc\.jose") as caught:
            SigningKey("ES256", signer, "key-1")
        assert "M4RKER" not in shown_by(caught.value)

    @pytest.mark.parametrize(("thumbprint", "key_id"), [("", None), ("a\n", None), (None, None), ("a", ""), ("a", 5)])
    def test_names(self, thumbprint: Any, key_id: Any) -> None:
        """Text without line ends."""
        with pytest.raises(errors.InvalidInput, match="give its thumbprint and its key_id as text"):
            SigningKey("ES256", silent, thumbprint, key_id)

    def test_certificate(self) -> None:
        """A record, and not the file."""
        with pytest.raises(errors.InvalidInput, match=r"Certificate\.from_pem") as caught:
            key(certificate=PEM)
        assert "M4RKER" not in shown_by(caught.value)


class TestMacKey:
    """RFC 7518 section 3.2."""

    @pytest.mark.parametrize(("algorithm", "least"), MAC_ALGORITHMS.items())
    def test_length(self, algorithm: MacAlgorithm, least: int) -> None:
        """At least as many bytes as the hash has; characters of two bytes count twice."""
        assert MacKey("s" * least, algorithm) == MacKey(Secret("s" * least), algorithm)
        assert MacKey("é" * (least // 2), algorithm).secret == Secret("é" * (least // 2))
        for short in ("", "s" * (least - 1)):
            with pytest.raises(errors.InvalidInput, match=f"too short for {algorithm}: have the server issue"):
                MacKey(short, algorithm)

    @pytest.mark.parametrize(
        "secret", [PEM, f"-----BEGIN PUBLIC KEY-----{LONG}", f"ssh-rsa {LONG}", f"ecdsa-sha2 {LONG}"]
    )
    def test_a_key_is_no_secret(self, secret: str) -> None:
        """Whoever has the public half could sign."""
        for given_ in (secret, Secret(secret)):
            with pytest.raises(errors.InvalidInput, match="PrivateKeyJwt takes a private key") as caught:
                MacKey(given_, "HS256")
            assert "M4RKER" not in shown_by(caught.value)

    @pytest.mark.parametrize("secret", [f"{LONG}\n", f"{LONG}\0"])
    def test_control(self, secret: str) -> None:
        """What no secret holds."""
        with pytest.raises(errors.InvalidInput, match="line end or another control character"):
            MacKey(secret, "HS256")

    @pytest.mark.parametrize("secret", [None, b"M4RKER" * 9, 5])
    def test_no_text(self, secret: Any) -> None:
        """Nothing is turned into text."""
        with pytest.raises(errors.InvalidInput, match="give it as a str or Secret") as caught:
            MacKey(secret, "HS256")
        assert "M4RKER" not in shown_by(caught.value)

    @pytest.mark.parametrize("algorithm", ["RS256", "none", "HS1", "", None, ["HS256"]])
    def test_unknown_algorithms(self, algorithm: Any) -> None:
        """No other is taken in its place."""
        with pytest.raises(errors.InvalidInput, match="for a private key take PrivateKeyJwt") as caught:
            MacKey("M4RKER" * 9, algorithm)
        assert "M4RKER" not in shown_by(caught.value)


class TestDraft:
    """What an assertion says."""

    def test_claims(self) -> None:
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

    def test_header(self) -> None:
        """A key names itself, and its certificate; ``typ`` may be left out."""
        header, _ = parts(draft(key(key_id="2026", certificate=CERTIFICATE), typ=None).at(0.0, "id"))
        assert header == {"alg": "ES256", "kid": "2026", "x5t#S256": CERTIFICATE.thumbprint}
        header, _ = parts(draft(MacKey(LONG, "HS512")).at(0.0, "id"))
        assert header == {"alg": "HS512", "typ": "client-authentication+jwt"}

    @given(st.text(), st.text(min_size=1), st.floats(0, 1e10))
    def test_any_text(self, client_id: str, unique_id: str, now: float) -> None:
        """Whatever the client is called."""
        if not (client_id + unique_id).isprintable():
            return
        _, claims = parts(AssertionDraft(key(), client_id, "urn:as", None, 1).at(now, unique_id))
        assert (claims["sub"], claims["jti"], claims["exp"]) == (client_id, unique_id, int(now) + 1)

    def test_fingerprint(self) -> None:
        """One thing that differs is enough."""
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
    def test_no_moment(self, now: Any) -> None:
        """A clock that is none is noticed before anything is signed."""
        with pytest.raises(errors.InvalidInput, match="give now as POSIX seconds"):
            draft(key()).at(now, "id-1")

    @pytest.mark.parametrize("unique_id", ["", None, 5, "a\nb", "\ud800"])
    def test_no_unique_id(self, unique_id: Any) -> None:
        """So is an id that the server would not take for one, or twice."""
        with pytest.raises(errors.InvalidInput, match="unique_id as text"):
            draft(key()).at(0.0, unique_id)

    def test_nothing_is_shown(self) -> None:
        """Of the secret, or of what is signed."""
        mac = draft(MacKey(LONG, "HS256"))
        assert LONG not in repr(mac)
        assert "eyJ" not in repr(mac.at(0.0, "id"))


class TestSigned:
    """RFC 7515 section 7.1."""

    @pytest.mark.parametrize(("algorithm", "length"), [("ES256", 64), ("ES384", 96), ("ES512", 132), ("EdDSA", 64)])
    def test_length(self, algorithm: str, length: int) -> None:
        """A signature of another length is none; that of a KMS in DER is named."""
        unsigned = draft(key(algorithm)).at(0.0, "id")
        whole = unsigned.signed(bytes(length)).reveal()
        assert whole == f"{unsigned.signing_input.decode()}.{base64url(bytes(length))}"
        with pytest.raises(errors.InvalidInput, match=f"has 70 bytes, and one of {algorithm}") as caught:
            unsigned.signed(bytes(70))
        assert ("DER" in caught.value.reason) == algorithm.startswith("ES")

    @pytest.mark.parametrize("algorithm", [name for name in ALGORITHMS if name[:2] in {"RS", "PS"}])
    def test_rsa(self, algorithm: str) -> None:
        """Its signatures are as long as the key."""
        unsigned = draft(key(algorithm)).at(0.0, "id")
        assert unsigned.signed(bytes(256)) != unsigned.signed(bytes(512))
        with pytest.raises(errors.InvalidInput, match="RSA with 2048 bits"):
            unsigned.signed(bytes(255))

    def test_no_bytes(self) -> None:
        """Nothing is turned into bytes."""
        given_: Any = "M4RKER"
        with pytest.raises(errors.InvalidInput, match="give it as bytes, not as str") as caught:
            draft(key()).at(0.0, "id").signed(given_)
        assert "M4RKER" not in shown_by(caught.value)


class TestSources:
    """Assertions that someone else makes."""

    def test_file(self) -> None:
        """A path as text or as a Path."""
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
    def test_no_path(self, given_: Any) -> None:
        """An assertion or a key in its place, in base64 perhaps, is not shown."""
        with pytest.raises(errors.InvalidInput, match="give the path of the file") as caught:
            AssertionFile(given_)
        shown = shown_by(caught.value)
        assert "M4RKER" not in shown
        assert not (isinstance(given_, str | Path) and len(f"{given_}") > 20 and f"{given_}" in shown)

    @pytest.mark.parametrize(
        "path", ["M", "MEDIA/Files/of/NonStringCollection/Years/2026/November/on/the/Disk/Oauth/Token", "./eyJ", "mE"]
    )
    def test_paths(self, path: str) -> None:
        """What looks like a path is one."""
        assert AssertionFile(path).path == path

    def test_a_secret_made_text(self) -> None:
        """Whatever formats one, as an assertion or to key an HMAC."""
        text = f"{Secret('s3cret')}"
        found = checked_assertion(text)
        assert isinstance(found, errors.InvalidInput)
        assert "give the Secret itself" in f"{found}"
        with pytest.raises(errors.InvalidInput, match="give the Secret itself"):
            MacKey(text * 4, "HS256")

    def test_fingerprint(self) -> None:
        """Type and file tell them apart; a function has no name that another process would know."""
        sources = [
            AssertionSource(AssertionFile("/a"), JWT_BEARER, "id"),
            AssertionSource(AssertionFile("/b"), JWT_BEARER, "id"),
            AssertionSource(AssertionFile("/a"), "urn:other", "id"),
            AssertionSource(lambda: "a", JWT_BEARER, "id"),
        ]
        assert len({source.fingerprint().reveal() for source in sources}) == 4
        assert sources[3].fingerprint() == AssertionSource(lambda: "b", JWT_BEARER, "id").fingerprint()

    @given(st.text() | st.text("eyJ.-_", max_size=80).map(lambda text: f"{text}\n"))
    def test_any_text(self, text: str) -> None:
        """A Secret without space around it, or an error."""
        for given_ in (text, Secret(text)):
            found = checked_assertion(given_)
            stripped = text.strip(" \t\r\n")
            legal = bool(stripped) and stripped.isascii() and stripped.isprintable() and " " not in stripped
            assert found == Secret(stripped) if legal else isinstance(found, errors.InvalidInput)

    @pytest.mark.parametrize(
        ("given_", "reason"),
        [
            ("", "is empty"),
            (" \n", "is empty"),
            ("a" * (MAX_ASSERTION + 1), "up to 65536 characters"),
            ("a b", "without spaces"),
            ("é", "of ASCII"),
            (None, "not as NoneType"),
            (b"a", "not as bytes"),
        ],
    )
    def test_no_assertion(self, given_: object, reason: str) -> None:
        """Each says why."""
        found = checked_assertion(given_)
        assert isinstance(found, errors.InvalidInput)
        assert reason in found.reason


@given(st.binary(max_size=50))
def test_base64url(octets: bytes) -> None:
    """Without padding, and read back."""
    text = base64url(octets)
    assert set(text).isdisjoint("+/=")
    assert urlsafe_b64decode(text + "=" * (-len(text) % 4)) == octets
