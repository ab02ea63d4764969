"""
Settings from the environment, assertions of platforms and certificates that are rotated.
"""

import ssl
from typing import assert_type

import httpx2

import oauth_cc.aiohttp
import oauth_cc.httpx
import oauth_cc.requests
from oauth_cc import (
    CertificateFile,
    ClientAssertion,
    ClientCredentials,
    Endpoint,
    Secret,
    TlsClientAuth,
    Token,
    TokenRequest,
)
from oauth_cc.httpx2 import ClientCredentialsAuth, TokenSource, fetch_token, perform, perform_async
from oauth_cc.settings import Issuer, from_environment
from oauth_cc.tls import client_context
from oauth_cc.workload import AssertionVariable, GitHubActions, GoogleMetadata


def described() -> Token:
    """Pass an endpoint or an issuer to every shell."""
    request, target = from_environment("MYAPI_", allow_http=True)
    assert_type(request, TokenRequest)
    assert_type(target, Endpoint | Issuer)
    ClientCredentialsAuth(request, target)
    TokenSource(request, Issuer("https://as.example"))
    oauth_cc.requests.TokenSource(request, target)
    oauth_cc.aiohttp.ClientCredentialsAuth(request, target)
    oauth_cc.httpx.fetch_token(request, target)
    return fetch_token(request, target)


def federated(client: httpx2.Client) -> list[ClientAssertion]:
    """Accept the perform of every shell, with a client of one's own too."""
    audience = "https://as.example"
    return [
        ClientAssertion(GitHubActions(perform), audience=audience),
        ClientAssertion(GitHubActions(perform_async), audience=audience),
        ClientAssertion(GoogleMetadata(oauth_cc.requests.perform), audience=audience),
        ClientAssertion(GoogleMetadata(oauth_cc.aiohttp.perform, "metadata"), audience=audience),
        ClientAssertion(GitHubActions(lambda flow: perform(flow, client=client)), audience=audience),
        ClientAssertion(AssertionVariable("OIDC_TOKEN")),
    ]


def rotating() -> httpx2.Client:
    """Return a client with a context of the standard library."""
    context = client_context("svid.pem", "key.pem", password=Secret("s3cret"), authorities="ca.pem")
    assert_type(context, ssl.SSLContext)
    ClientCredentials("your_id", TlsClientAuth(CertificateFile("svid.pem")))
    return httpx2.Client(verify=context)
