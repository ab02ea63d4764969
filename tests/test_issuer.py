"""
An issuer in the place of a token endpoint.
"""

import pytest

from oauth_cc import Endpoint, errors
from oauth_cc.issuer import Issuer
from tests.leaks import shown_by


def test_an_issuer_is_a_checked_url() -> None:
    """Plain http beyond loopback needs the argument, which makes no difference elsewhere."""
    assert str(Issuer("https://as.example/tenant")) == "https://as.example/tenant"
    assert Issuer("https://as.example", allow_http=True) == Issuer("https://as.example")
    assert Issuer("http://as:8080", allow_http=True).endpoint == Endpoint("http://as:8080", allow_http=True)
    with pytest.raises(errors.InsecureEndpoint, match="issuer must use https"):
        Issuer("http://as:8080")


def test_an_error_about_an_issuer_does_not_quote_it() -> None:
    """It may contain credentials."""
    for url in ("https://as.example/?key=M4RKER", "https://id:M4RKER@as.example", "M4RKER"):
        with pytest.raises(errors.InvalidInput) as caught:
            Issuer(url)
        assert "M4RKER" not in shown_by(caught.value)
