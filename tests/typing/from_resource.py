"""
From the URL of an API to its calls, on each HTTP library.
"""

from typing import assert_type

import aiohttp
import httpx
import httpx2
import requests

import oauth_cc.aiohttp
import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import ClientCredentials, HttpResponse, MetadataCache, Options, Scope, TokenRequest
from oauth_cc.challenge import challenged_scope, resource_metadata
from oauth_cc.errors import IssuerNotNamed
from oauth_cc.flows import discover_resource
from oauth_cc.metadata import (
    ResourceMetadata,
    parse_resource_metadata,
    request_for_resource,
    resource_metadata_urls,
)

URL = "https://mcp.example/mcp"
ISSUER = "https://as.example"
creds = ClientCredentials("your_id", "s3cret")
cache = MetadataCache()


def threads(one: httpx2.Client, two: httpx.Client, three: requests.Session) -> str:
    """Make an auth and a source of each library."""
    first = oauth_cc.httpx2.ClientCredentialsAuth.from_resource(URL, creds, issuer=ISSUER, client=one, cache=cache)
    assert_type(first, oauth_cc.httpx2.ClientCredentialsAuth)
    second = oauth_cc.httpx.ClientCredentialsAuth.from_resource(URL, creds, issuer=ISSUER, client=two)
    assert_type(second, oauth_cc.httpx.ClientCredentialsAuth)
    options = Options(scopes_allowed=Scope.of("read"))
    third = oauth_cc.requests.ClientCredentialsAuth.from_resource(
        URL, creds, issuer=ISSUER, client=three, options=options
    )
    assert_type(third, oauth_cc.requests.ClientCredentialsAuth)
    source = oauth_cc.requests.TokenSource.from_resource(URL, creds, issuer=ISSUER)
    assert_type(source, oauth_cc.requests.TokenSource)
    try:
        return source.access_token()
    except IssuerNotNamed as error:
        return error.reason


async def tasks(session: aiohttp.ClientSession) -> str:
    """Make an auth and a source for tasks."""
    auth = oauth_cc.aiohttp.ClientCredentialsAuth.from_resource(URL, creds, issuer=ISSUER, client=session)
    assert_type(auth, oauth_cc.aiohttp.ClientCredentialsAuth)
    source = oauth_cc.aiohttp.AsyncTokenSource.from_resource(URL, creds, issuer=ISSUER)
    assert_type(source, oauth_cc.aiohttp.AsyncTokenSource)
    return await source.access_token()


def by_hand(response: HttpResponse) -> tuple[str, ...]:
    """Read what a resource says of itself."""
    assert_type(resource_metadata(response), str | None)
    assert_type(challenged_scope(response), Scope)
    metadata = parse_resource_metadata(response, URL)
    assert_type(metadata, ResourceMetadata)
    assert_type(request_for_resource(metadata, creds, ISSUER), TokenRequest)
    assert_type(oauth_cc.httpx2.perform(discover_resource(URL)), ResourceMetadata)
    return metadata.authorization_servers if metadata.names_issuer(ISSUER) else resource_metadata_urls(URL)
