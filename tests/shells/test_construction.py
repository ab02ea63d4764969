"""
Secrecy of sources and auths that are rejected at construction, on each library.
"""

from typing import Any

import pytest

import oauth_cc.aiohttp
import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import ClientCredentials, ClientSecretPost, errors, token_request
from tests.leaks import shown_by

KINDS = [
    *[oauth_cc.httpx2.ClientCredentialsAuth, oauth_cc.httpx2.TokenSource, oauth_cc.httpx2.AsyncTokenSource],
    *[oauth_cc.httpx.ClientCredentialsAuth, oauth_cc.httpx.TokenSource, oauth_cc.httpx.AsyncTokenSource],
    *[oauth_cc.requests.ClientCredentialsAuth, oauth_cc.requests.TokenSource],
    *[oauth_cc.aiohttp.ClientCredentialsAuth, oauth_cc.aiohttp.AsyncTokenSource],
]
REQUEST = token_request(ClientCredentials("your_id", ClientSecretPost("M4RKER")))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_a_source_rejected_at_construction_shows_no_secret(kind: Any) -> None:
    """The repr of a half-made object does not raise."""
    with pytest.raises(errors.InvalidInput, match="https") as caught:
        kind(REQUEST, "http://as.example/token")
    shown = shown_by(caught.value)
    assert "M4RKER" not in shown
    assert f"{kind.__name__}()" in shown
