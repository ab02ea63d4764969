"""
Signing keys by joserfc: accepted keys, their algorithms, and the errors of rejected keys.
"""

import contextlib
import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from oauth_cc import (
    ClientCredentials,
    ClientSecretJwt,
    PrivateKeyJwt,
    Secret,
    SigningKey,
    errors,
    token_request,
    unsigned_assertion,
)
from oauth_cc.authentication import Algorithm, MacAlgorithm, MacKey, UnsignedJwt
from oauth_cc.authentication.keys import ALGORITHMS, MAC_ALGORITHMS
from oauth_cc.jose import key_from_file, key_from_jwk, key_from_pem, mac, sign
from tests.endless import endless
from tests.keys import CURVES, KEYS, RSA, jwk, pem, public, public_pem
from tests.leaks import shown_by

ISSUER = "https://as.example"
SHORT = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  # rejected on purpose
SECRET = "7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr17Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1"


def unsigned(method: PrivateKeyJwt | ClientSecretJwt) -> UnsignedJwt:
    """Return the unsigned assertion of *method*."""
    return unsigned_assertion(token_request(ClientCredentials("id", method)), now=1700000000.0, unique_id="id-1")


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # servers support the name EdDSA
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_public_key_verifies_a_signature_of_every_algorithm(algorithm: Algorithm) -> None:
    """No other algorithm verifies it."""
    private = KEYS[algorithm]
    key = key_from_pem(pem(private), algorithm=algorithm)
    assert key.algorithm == algorithm
    whole = sign(unsigned(PrivateKeyJwt(key, ISSUER))).reveal()
    read = jws.deserialize_compact(whole, public(private), algorithms=[algorithm])
    assert json.loads(read.payload)["sub"] == "id"
    assert key.thumbprint == public(private).thumbprint()


@pytest.mark.parametrize("algorithm", MAC_ALGORITHMS)
def test_the_client_secret_verifies_the_hmac_of_every_algorithm(algorithm: MacAlgorithm) -> None:
    """The secret is the key."""
    whole = sign(unsigned(ClientSecretJwt(SECRET, ISSUER, algorithm=algorithm))).reveal()
    read = jws.deserialize_compact(whole, OctKey.import_key(SECRET), algorithms=[algorithm])
    assert json.loads(read.payload)["aud"] == ISSUER


def test_the_key_of_rfc_7515_appendix_a_3_signs_for_its_public_half() -> None:
    """Both halves are printed there."""
    printed = {
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
    }
    key = key_from_jwk(json.dumps(printed))
    assert key.algorithm == "ES256"
    whole = sign(unsigned(PrivateKeyJwt(key, ISSUER))).reveal()
    half = ECKey.import_key({name: printed[name] for name in ("kty", "crv", "x", "y")})
    assert jws.deserialize_compact(whole, half).headers()["alg"] == "ES256"


def test_the_hmac_of_rfc_7515_appendix_a_1_depends_on_the_key() -> None:
    """The key printed there is not valid UTF-8, so two other keys are compared."""
    signing_input = (
        b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
        b".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    )
    # The key of the appendix is not valid UTF-8.
    key = MacKey("\x20" * 32, "HS256")
    assert len(mac(key, signing_input)) == 32
    assert mac(key, signing_input) != mac(MacKey("\x21" * 32, "HS256"), signing_input)


class TestPem:
    """PEM (RFC 7468)."""

    @pytest.mark.parametrize("key", [RSA, *CURVES.values()], ids=["RSA", *CURVES])
    def test_every_form_of_a_pem_key_is_the_same_key(self, key: PrivateKeyTypes) -> None:
        """The forms are PKCS #8, the older format, str, bytes, Secret and encrypted PEM."""
        whole = pem(key)
        forms: list[str | bytes | Secret] = [whole, whole.decode(), Secret(whole.decode())]
        if not isinstance(key, ed25519.Ed25519PrivateKey):
            forms.append(pem(key, serialization.PrivateFormat.TraditionalOpenSSL))
        closed = pem(key, password=b"pass")
        made = {key_from_pem(form) for form in forms}
        made |= {key_from_pem(whole, password="not needed")}
        made |= {key_from_pem(closed, password=word) for word in ("pass", b"pass", Secret("pass"))}
        assert len(made) == 1

    @pytest.mark.parametrize(
        ("given_", "reason"),
        [
            ("key.pem", "is not PEM"),
            ("", "is not PEM"),
            (None, "is not PEM"),
            (b"\xff\xfe", "is not PEM"),
            (public_pem(RSA), "is a public key or a certificate; pass the private key"),
            (pem(RSA, password=b"pass"), "is encrypted; pass password="),
            ("-----BEGIN PRIVATE KEY-----\nM4RKER\n-----END PRIVATE KEY-----\n", "cannot be read"),
            (pem(SHORT), "has 1024 bits, but RSA below 2048"),
            (pem(ec.generate_private_key(ec.SECP256K1())), r"unsupported curve \(secp256k1\); use P-256"),
            (pem(ed448.Ed448PrivateKey.generate()), r"unsupported curve \(Ed448\); use P-256"),
            (pem(x25519.X25519PrivateKey.generate()), r"unsupported curve \(X25519\); use P-256"),
            (pem(ec.generate_private_key(ec.SECP224R1())), r"unsupported curve \(unknown\); use P-256"),
            (pem(ec.generate_private_key(ec.BrainpoolP256R1())), r"unsupported curve \(unknown\); use P-256"),
        ],
        ids=range(13),
    )
    def test_an_unusable_pem_key_is_rejected_and_not_shown(self, given_: Any, reason: str) -> None:
        """The error says what to do."""
        with pytest.raises(errors.InvalidInput, match=reason) as caught:
            key_from_pem(given_)
        shown = shown_by(caught.value)
        assert "M4RKER" not in shown
        assert not isinstance(given_, bytes) or len(given_) < 80 or given_.decode("latin-1")[40:80] not in shown

    def test_an_invalid_certificate_is_rejected_without_showing_the_key(self) -> None:
        """The key is an argument of the same call."""
        certificate: Any = "client.pem"
        whole = pem(RSA).decode()
        for read, given_ in ((key_from_pem, whole), (key_from_jwk, json.dumps(jwk(RSA)))):
            with pytest.raises(errors.InvalidInput, match=r"use Certificate\.from_pem") as caught:
                read(given_, certificate=certificate)
            assert given_[60:90] not in shown_by(caught.value)

    def test_a_key_in_the_place_of_another_argument_is_not_shown(self) -> None:
        """It may be passed as the algorithm or the key id."""
        misplaced: Any = pem(RSA).decode()
        for arguments in ({"algorithm": misplaced}, {"key_id": misplaced}):
            with pytest.raises(errors.InvalidInput) as caught:
                key_from_pem(pem(RSA), **arguments)
            assert misplaced[60:90] not in shown_by(caught.value)

    def test_a_wrong_password_is_rejected_and_not_shown(self) -> None:
        """The error says what to check."""
        with pytest.raises(errors.InvalidInput, match="and the right password") as caught:
            key_from_pem(pem(RSA, password=b"pass"), password="M4RKER")
        assert "M4RKER" not in shown_by(caught.value)

    @pytest.mark.parametrize(("name", "algorithm"), [("ES256", "ES384"), ("ES256", "RS256"), ("EdDSA", "ES256")])
    def test_the_curve_of_a_key_decides_its_algorithm(self, name: str, algorithm: Any) -> None:
        """Any other algorithm is rejected."""
        with pytest.raises(errors.InvalidInput, match=f"use {name}"):
            key_from_pem(pem(CURVES[name]), algorithm=algorithm)

    @pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256", "RS1", ""])
    def test_an_rsa_key_signs_with_rs256_by_default(self, algorithm: Any) -> None:
        """Algorithms of other keys are rejected."""
        assert key_from_pem(pem(RSA)).algorithm == "RS256"
        with pytest.raises(errors.InvalidInput, match="use RS256 or RS384"):
            key_from_pem(pem(RSA), algorithm=algorithm)

    def test_an_empty_key_id_is_rejected(self) -> None:
        """A valid one is kept."""
        assert key_from_pem(pem(RSA), key_id="k").key_id == "k"
        with pytest.raises(errors.InvalidInput, match="key_id must be text"):
            key_from_pem(pem(RSA), key_id="")


class TestJwk:
    """JWK (RFC 7517)."""

    def test_alg_and_kid_of_a_jwk_are_used_unless_passed_as_arguments(self) -> None:
        """Other members are ignored."""
        members = jwk(RSA, alg="PS384", kid="k1")
        key = key_from_jwk({**members, "key_ops": ["sign"], "x": 5, "exp": 1700000000})
        assert (key.algorithm, key.key_id) == ("PS384", "k1")
        key = key_from_jwk(json.dumps(members).encode(), algorithm="RS512", key_id="k2")
        assert (key.algorithm, key.key_id) == ("RS512", "k2")
        assert key_from_jwk(jwk(CURVES["EdDSA"])).algorithm == "EdDSA"
        assert key_from_jwk(jwk(CURVES["EdDSA"], alg="Ed25519")).algorithm == "Ed25519"
        assert key_from_jwk({**members, "use": None}) == key_from_jwk({**members, "use": "sig"})

    def test_a_jwk_with_the_public_half_of_another_key_is_rejected(self) -> None:
        """Its thumbprint would be wrong."""
        ours, theirs = jwk(CURVES["EdDSA"]), jwk(ed25519.Ed25519PrivateKey.generate())
        with pytest.raises(errors.InvalidInput, match="pass an unmodified"):
            key_from_jwk({**ours, "x": theirs["x"]})

    @pytest.mark.parametrize(
        ("given_", "reason"),
        [
            ("", "is not a JWK"),
            ("[]", "is not a JWK"),
            (None, "is not a JWK"),
            ('{"d": NaN}', "is not a JWK"),
            (ECKey.generate_key("P-256").as_dict(private=False), "is a public JWK"),
            ({"kty": "EC", "d": 5}, "is a public JWK"),
            ({"keys": [jwk(RSA), jwk(RSA)]}, "is a JWK set in which 2 private keys match; pass one of its keys"),
            ({"keys": [jwk(RSA, kid="a"), jwk(RSA, kid="b")]}, "2 private keys match; pass key_id=, one of: a, b"),
            ({"keys": [{"kty": "RSA", "n": "AQ", "e": "AQAB"}]}, "is a JWK set without a private key"),
            ({"keys": 5}, "is a JWK set without a private key"),
            ({"kty": "oct", "k": "M4RKERM4RKERM4RKERM4RKERM4RKERM4RKERM4RKER0"}, "is a symmetric JWK"),
            ({**jwk(RSA), "key_ops": ["verify"]}, "is not for signatures"),
            ({**jwk(RSA), "key_ops": "sign"}, "is not for signatures"),
            ({**jwk(RSA), "alg": 5}, "'alg' that is not a str"),
            ({**jwk(RSA), "kid": 5}, "'kid' that is not a str"),
            ({"kty": "oct", "k": "M4RKER"}, "is a symmetric JWK, a secret; pass a private key"),
            ({"kty": "EC", "d": "M4RKER", "crv": "P-256"}, "cannot be read"),
            ({"kty": "M4RKER", "d": "M4RKER"}, "cannot be read"),
            (jwk(RSA, use="enc"), "is for encryption"),
            (jwk(CURVES["ES256"], alg="RS256"), "use ES256"),
            (jwk(RSA, alg="none"), "use RS256"),
        ],
        ids=range(21),
    )
    def test_an_unusable_jwk_is_rejected_and_not_shown(self, given_: Any, reason: str) -> None:
        """The error says what to do."""
        with pytest.raises(errors.InvalidInput, match=reason) as caught:
            key_from_jwk(given_)
        shown = shown_by(caught.value)
        assert "M4RKER" not in shown
        assert not (isinstance(given_, dict) and isinstance(given_.get("d"), str) and given_["d"] in shown)


class TestFile:
    """Keys in files."""

    def test_a_file_contains_pem_or_a_jwk(self, tmp_path: Path) -> None:
        """A byte order mark before it is skipped."""
        (tmp_path / "a.pem").write_bytes(pem(RSA, password=b"pass"))
        (tmp_path / "a.jwk").write_text("\n" + json.dumps(jwk(RSA)))
        assert key_from_file(tmp_path / "a.pem", password="pass") == key_from_file(str(tmp_path / "a.jwk"))
        (tmp_path / "a.jwk").write_text(json.dumps(jwk(RSA)), "utf-8-sig")
        assert key_from_file(tmp_path / "a.pem", password="pass") == key_from_file(tmp_path / "a.jwk")

    def test_an_endless_file_is_not_read_to_its_end(self, tmp_path: Path) -> None:
        """No more is read than a key can have."""
        with endless(tmp_path / "key", 64 * 1024 + 1) as waited:
            with pytest.raises(errors.InvalidInput, match="is not PEM"):
                key_from_file(tmp_path / "key")
            assert not waited.is_set()

    def test_a_file_that_is_unreadable_or_not_a_key_is_rejected(self, tmp_path: Path) -> None:
        """The error says why."""
        (tmp_path / "huge").write_bytes(pem(RSA) + b" " * 70_000)
        for file, reason in (
            (tmp_path, "cannot be read"),
            (tmp_path / "x", "No such file"),
            (tmp_path / "huge", "is not PEM"),
        ):
            with pytest.raises(errors.InvalidInput, match=reason):
                key_from_file(file)

    @pytest.mark.parametrize(
        "given_",
        [
            *[pem(RSA).decode(), json.dumps(jwk(RSA)), "", None, 5, b"key.pem", Path, "key.pem\0"],
            *[b64encode(pem(CURVES["ES256"])).decode(), "".join(pem(CURVES["ES256"]).decode().splitlines()[1:-1])],
        ],
        ids=range(10),
    )
    def test_a_key_in_place_of_a_path_is_rejected_and_not_shown(self, given_: Any) -> None:
        """So is anything else that is not a path."""
        with pytest.raises(errors.InvalidInput, match="must be the path of a file") as caught:
            key_from_file(given_)
        assert not isinstance(given_, str) or len(given_) < 80 or given_[60:90] not in shown_by(caught.value)


def mangled(key: PrivateKeyTypes) -> st.SearchStrategy[bytes]:
    """Draw the PEM of *key* with one character of its base64 changed."""
    whole = pem(key).decode()
    at, put = st.integers(30, len(whole) - 30), st.sampled_from("AQgw+/Z")
    return st.builds(lambda at, put: f"{whole[:at]}{put}{whole[at + 1 :]}".encode(), at, put).filter(
        lambda changed: changed.decode() != whole
    )


@given(st.one_of([mangled(key) for key in (CURVES["ES256"], CURVES["EdDSA"])]))
def test_a_changed_pem_is_another_key_or_invalid_input(content: bytes) -> None:
    """No other exception is raised."""
    with contextlib.suppress(errors.InvalidInput):
        assert key_from_pem(content).algorithm in ALGORITHMS


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda b: b"-----BEGIN PRIVATE KEY-----\n" + b))
def test_any_bytes_are_invalid_input(content: bytes) -> None:
    """No other exception is raised."""
    for read in (key_from_pem, key_from_jwk):
        with pytest.raises(errors.InvalidInput):
            read(content)


@given(st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "d", "n", "e", "p", "use"]), st.text() | st.integers()))
def test_any_members_are_invalid_input(members: dict[str, object]) -> None:
    """No other exception is raised."""
    with pytest.raises(errors.InvalidInput):
        key_from_jwk(members)


def test_sign_rejects_a_signer_that_is_a_coroutine_function() -> None:
    """The caller must await it."""

    async def signer(_: bytes) -> bytes:
        return bytes(64)

    key = SigningKey("ES256", signer, "key-1")
    with pytest.raises(errors.InvalidInput, match="await a coroutine function yourself"):
        sign(unsigned(PrivateKeyJwt(key, ISSUER)))
