"""
Nonces of DPoP, RFC 9449 section 8.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import HttpResponse, errors
from oauth_cc.dpop import dpop_nonce, retry_nonce

REFUSED = errors.TokenRequestRefused("use_dpop_nonce")


@given(st.text())
def test_only_in_its_grammar(text: str) -> None:
    """A nonce is 1*NQCHAR; anything else is no nonce (section 8.1)."""
    nonce = dpop_nonce(HttpResponse(200, {"dpop-nonce": text}))
    legal = text != "" and all(0x21 <= ord(character) <= 0x7E and character not in '"\\' for character in text)
    assert nonce == (text if legal else None)


def test_at_most_one() -> None:
    """No field and two fields hold no nonce."""
    assert dpop_nonce(HttpResponse(200)) is None
    assert dpop_nonce(HttpResponse(200, [("DPoP-Nonce", "a"), ("dpop-nonce", "b")])) is None


@pytest.mark.parametrize(
    ("error", "sent", "expected"),
    [
        (REFUSED, None, "n"),
        (REFUSED, "old", "n"),
        (REFUSED, "n", None),
        (errors.TokenRequestRefused("invalid_dpop_proof"), None, None),
    ],
)
def test_retry_once_for_a_new_nonce(error: errors.OAuthError, sent: str | None, expected: str | None) -> None:
    """The request is worth repeating only with a nonce that was asked for and not sent already."""
    assert retry_nonce(error, HttpResponse(400, {"DPoP-Nonce": "n"}), sent) == expected


def test_no_nonce_given() -> None:
    """Without a nonce in the answer there is nothing to retry with."""
    assert retry_nonce(REFUSED, HttpResponse(400), None) is None
