"""
The way from an issuer to a token request with its endpoint, over requests.
"""

from typing import Final

import requests

from oauth_cc._io import driver
from oauth_cc.authentication.certificate import Certificate
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.flows import discovery
from oauth_cc.flows.discovery import AddressedRequest, MetadataCache, discover
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries
from oauth_cc.metadata import ServerMetadata
from oauth_cc.requests._sending import DEFAULT_TIMEOUT, Timeout, sender
from oauth_cc.scope import Scope

_NO_SCOPE: Final = Scope()


def fetch_metadata(
    issuer: str,
    *,
    client: requests.Session | None = None,
    timeout: Timeout = DEFAULT_TIMEOUT,
    retries: Retries = DEFAULT_RETRIES,
    cache: MetadataCache | None = None,
    allow_http_loopback: bool = False,
) -> ServerMetadata:
    """
    Gives what the authorization server *issuer* says of itself (RFC 8414).

    *client* and *timeout* are those of `fetch_token`, the others those of `oauth_cc.flows.discover`.
    Raises `oauth_cc.InvalidResponse`, `oauth_cc.InvalidInput`, and `requests.RequestException` if no answer came.
    """
    flow = discover(issuer, retries=retries, cache=cache, allow_http_loopback=allow_http_loopback)
    return driver.drive(flow, sender(client, timeout))


def from_issuer(
    issuer: str,
    credentials: ClientCredentials,
    scope: Scope = _NO_SCOPE,
    *,
    certificate: Certificate | None = None,
    client: requests.Session | None = None,
    timeout: Timeout = DEFAULT_TIMEOUT,
    retries: Retries = DEFAULT_RETRIES,
    cache: MetadataCache | None = None,
    allow_http_loopback: bool = False,
) -> AddressedRequest:
    """
    Gives the request of *credentials* for *scope* with its endpoint at *issuer*, which its metadata name (RFC 8414).

    *client* and *timeout* are those of `fetch_token`, the others those of `oauth_cc.flows.from_issuer`. Raises what
    `fetch_metadata` raises, and `oauth_cc.InvalidInput` if the server does not take *credentials* as they are.
    """
    flow = discovery.from_issuer(
        issuer,
        credentials,
        scope,
        certificate=certificate,
        retries=retries,
        cache=cache,
        allow_http_loopback=allow_http_loopback,
    )
    return driver.drive(flow, sender(client, timeout))
