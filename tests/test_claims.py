"""
Further claims and headers of client assertions, and the audience that an assertion is minted for.
"""

import json
from base64 import urlsafe_b64decode
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import (
    AssertionFile,
    Certificate,
    ClientAssertion,
    ClientCredentials,
    PrivateKeyJwt,
    Secret,
    SigningKey,
    errors,
    unsigned_assertion,
)
from oauth_cc.authentication import KeySource
from oauth_cc.authentication.jwt import REGISTERED_CLAIMS
from oauth_cc.flows.cache_key import fingerprint
from tests.leaks import shown_by

ISSUER = "https://as.example"
DER = b"\x30\x06\x30\x00\x30\x00\x03\x00"
CERTIFICATE = Certificate.from_der(DER)
KEY = SigningKey("ES256", lambda _: bytes(64), "key-1", certificate=CERTIFICATE)


def parts(method: PrivateKeyJwt) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the header and the claims of an assertion by *method*."""
    unsigned = unsigned_assertion(ClientCredentials("your_id", method), now=1700000000.0, unique_id="id-1")
    header, claims = unsigned.signing_input.split(b".")
    return json.loads(urlsafe_b64decode(header + b"==")), json.loads(urlsafe_b64decode(claims + b"=="))


def test_claims_are_added_to_an_assertion() -> None:
    """The claims of the library stay."""
    _, plain = parts(PrivateKeyJwt(KEY, ISSUER))
    _, claims = parts(PrivateKeyJwt(KEY, ISSUER, claims={"scope": ["restlets", "rest_webservices"], "é": {"a": None}}))
    assert claims == {**plain, "scope": ["restlets", "rest_webservices"], "é": {"a": None}}


VALUES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()


@given(
    st.dictionaries(
        st.text(), st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3), max_leaves=6), max_size=4
    )
)
def test_any_claims_are_sent_or_rejected(claims: dict[str, Any]) -> None:
    """A registered name is always rejected, and no other exception is raised."""
    try:
        _, sent = parts(PrivateKeyJwt(KEY, ISSUER, claims=claims))
    except errors.InvalidInput:
        assert set(claims) & REGISTERED_CLAIMS or "\\ud" in ascii(claims)
    else:
        assert {name: sent[name] for name in claims} == claims


@pytest.mark.parametrize("name", sorted(REGISTERED_CLAIMS))
def test_a_registered_claim_is_rejected(name: str) -> None:
    """The library sets it for each assertion."""
    with pytest.raises(errors.InvalidInput, match=f"must not have {name}, which is set for each assertion"):
        PrivateKeyJwt(KEY, ISSUER, claims={name: "M4RKER"})


NAN = float("nan")


@pytest.mark.parametrize("claims", [5, ["a"], {"a": object()}, {"a": NAN}, "M4RKER", "[]", {5: "a"}, {"a": b"b"}])
def test_other_claims_are_rejected_and_not_shown(claims: Any) -> None:
    """They are JSON values by name."""
    with pytest.raises(errors.InvalidInput, match="claims must be a mapping of JSON values") as caught:
        PrivateKeyJwt(KEY, ISSUER, claims=claims)
    assert "M4RKER" not in shown_by(caught.value)


def test_claims_are_part_of_equality_and_of_the_cache_key() -> None:
    """The scope may stand there. A record can be evolved."""
    method = PrivateKeyJwt(KEY, ISSUER, claims={"scope": "a"})
    assert method == PrivateKeyJwt(KEY, ISSUER, claims={"scope": "a"}) != PrivateKeyJwt(KEY, ISSUER)
    assert attrs.evolve(method, lifetime=30).claims == method.claims == '{"scope":"a"}'
    assert hash(method) == hash(attrs.evolve(method))
    methods = [PrivateKeyJwt(KEY, ISSUER, claims=claims) for claims in ({}, {"a": 1}, {"a": 2})]
    keys = [fingerprint(ClientCredentials("id", method)) for method in methods]
    assert len(set(keys)) == 3


def test_x5t_and_x5c_stand_beside_the_thumbprint() -> None:
    """AD FS finds a certificate by its SHA-1. Other servers trust the chain."""
    header, _ = parts(PrivateKeyJwt(KEY, ISSUER))
    assert header == {"alg": "ES256", "typ": "client-authentication+jwt", "x5t#S256": CERTIFICATE.thumbprint}
    more, _ = parts(PrivateKeyJwt(KEY, ISSUER, x5t=True, x5c=True))
    assert more == {**header, "x5t": CERTIFICATE.x5t, "x5c": list(CERTIFICATE.x5c)}
    assert len(more["x5t"]) == 27


@pytest.mark.parametrize("certificate", [None, Certificate(CERTIFICATE.thumbprint)], ids=["none", "thumbprint"])
def test_x5t_and_x5c_need_the_certificate(certificate: Certificate | None) -> None:
    """A thumbprint is not enough, unless the key with its certificate is read later."""
    key = SigningKey("ES256", lambda _: bytes(64), "key-1", certificate=certificate)
    for option in ({"x5t": True}, {"x5c": True}):
        with pytest.raises(errors.InvalidInput, match="must have a certificate for x5t and x5c"):
            PrivateKeyJwt(key, ISSUER, **option)  # type: ignore[arg-type]  # one of the two
    later = attrs.evolve(key, source=KeySource("client.pem", lambda: KEY))
    assert "x5c" not in parts(PrivateKeyJwt(later, ISSUER, x5c=True))[0] or certificate is not None


def minted(audience: str) -> str:
    """Return an assertion for *audience*."""
    return f"eyJ.{audience}"


def test_a_function_may_take_the_audience_that_it_mints_for() -> None:
    """One function serves several servers."""
    method = ClientAssertion(minted, audience="as")
    source = method.authenticate("id").source
    assert not isinstance(source, AssertionFile)
    assert source() == "eyJ.as"
    assert method == ClientAssertion(minted, audience="as") != ClientAssertion(minted, audience="other")

    def fixed() -> Secret:
        return Secret("eyJ")

    assert ClientAssertion(fixed).authenticate("id").source is fixed


@pytest.mark.parametrize("audience", ["", "a\n", 5])
def test_the_audience_is_text(audience: Any) -> None:
    """A file has its audience already."""
    for source in (minted, AssertionFile("a")):
        with pytest.raises(errors.InvalidInput, match="is for a function, not for a file"):
            ClientAssertion(source, audience=audience)
    with pytest.raises(errors.InvalidInput, match="is for a function, not for a file"):
        ClientAssertion(AssertionFile("a"), audience="as")  # type: ignore[call-overload]  # what is tested
