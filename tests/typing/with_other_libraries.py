"""
Tokens for other libraries, and a test server that misbehaves.
"""

import smtplib
import ssl
from collections.abc import Callable
from typing import assert_type

from oauth_cc import ClientCredentials, Scope, Token, token_request
from oauth_cc.httpx2 import AsyncTokenSource, TokenSource
from oauth_cc.integrations import urllib
from oauth_cc.integrations.confluent_kafka import oauth_cb
from oauth_cc.integrations.openapi import with_source
from oauth_cc.integrations.smtplib import Xoauth2
from oauth_cc.testing import AuthorizationServer, Fault, Quota

ENDPOINT = "https://as.example/token"
request = token_request(ClientCredentials("your_id", "s3cret"), Scope.of("read"))


class Configuration:
    """The configuration of a generated client."""

    access_token: str | None = None


def callbacks(source: TokenSource, async_source: AsyncTokenSource) -> None:
    """Pass a source to other libraries."""
    key: Callable[[], str] = source.access_token
    assert_type(key(), str)
    assert_type(oauth_cb(source)(None), tuple[str, float])
    assert_type(with_source(Configuration(), source), Configuration)
    assert_type(with_source(Configuration(), async_source), Configuration)


def mail(source: TokenSource) -> None:
    """Send mail."""
    with smtplib.SMTP("smtp.example") as smtp:
        smtp.auth("XOAUTH2", Xoauth2("me@example.com", source))


def standard_library(tls: ssl.SSLContext) -> None:
    """Request a token by the standard library."""
    assert_type(urllib.fetch_token(request, ENDPOINT, client=tls), Token)
    with urllib.TokenSource(request, ENDPOINT) as source:
        assert_type(source.authorization(), str)


def trouble() -> None:
    """Let a server misbehave."""
    with AuthorizationServer(quota=Quota(2, 60.0)) as server:
        server.misbehave(Fault(status=503, headers={"Retry-After": "1"}), Fault(drop_after=0))
        with server.misbehaving(Fault(members={"token_type": "mac"}), at="token"):
            assert_type(server.quota, Quota | None)
