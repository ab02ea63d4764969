"""
DPoP nonces (RFC 9449 section 8).
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import HttpResponse, errors
from oauth_cc.dpop import dpop_nonce, retry_nonce

REFUSED = errors.TokenRequestRefused("use_dpop_nonce")


@given(st.text())
def test_a_nonce_outside_the_grammar_is_ignored(text: str) -> None:
    """A nonce is 1*NQCHAR (section 8.1)."""
    nonce = dpop_nonce(HttpResponse(200, {"dpop-nonce": text}))
    legal = text != "" and all(0x21 <= ord(character) <= 0x7E and character not in '"\\' for character in text)
    assert nonce == (text if legal else None)


def test_a_missing_or_repeated_nonce_is_none() -> None:
    """A response has at most one."""
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
def test_only_a_new_nonce_justifies_a_retry(error: errors.OAuthError, sent: str | None, expected: str | None) -> None:
    """The server must have requested it, and the last proof must not contain it."""
    assert retry_nonce(error, HttpResponse(400, {"DPoP-Nonce": "n"}), sent) == expected


def test_a_response_without_a_nonce_justifies_no_retry() -> None:
    """There is nothing to retry with."""
    assert retry_nonce(REFUSED, HttpResponse(400), None) is None
