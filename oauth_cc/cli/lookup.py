"""
The kind of a URL, an issuer or a protected resource, and what it supports.
"""

import argparse
from typing import TYPE_CHECKING, Final

from oauth_cc._io.options import Options
from oauth_cc.cli.display import metadata_table, resource_table
from oauth_cc.cli.network import anonymous, with_transport
from oauth_cc.errors import InvalidInput, InvalidResponse, IssuerMismatch
from oauth_cc.metadata import ResourceMetadata, ServerMetadata

if TYPE_CHECKING:
    import httpx2

_MOST_SERVERS: Final = 3


def described(arguments: argparse.Namespace) -> str:
    """
    Return what the URL of *arguments* is and supports, as text.

    For a protected resource, the metadata of the authorization servers that it names is shown too. No request has
    credentials.
    """
    return anonymous(lambda client: _described(arguments, client), arguments)


def _described(arguments: argparse.Namespace, client: "httpx2.Client") -> str:
    url: str = arguments.url
    try:
        return metadata_table(_of_issuer(url, arguments, client))
    except IssuerMismatch:
        # It has metadata, and the error says for which issuer.
        raise
    except (InvalidInput, InvalidResponse) as error:
        unknown = error
    try:
        resource = _of_resource(url, arguments, client)
    except (InvalidInput, InvalidResponse):
        # A URL that is neither is most often meant as an issuer.
        raise unknown from None
    parts = [f"{url} is a protected resource (RFC 9728)", "", resource_table(resource)]
    for issuer in resource.authorization_servers[:_MOST_SERVERS]:
        try:
            parts += ["", metadata_table(_of_issuer(issuer, arguments, client))]
        except (InvalidInput, InvalidResponse) as error:
            parts += ["", f"issuer               {issuer}", f"no metadata          {error}"]
    return "\n".join(parts)


def _of_issuer(url: str, arguments: argparse.Namespace, client: "httpx2.Client") -> ServerMetadata:
    from oauth_cc.httpx2 import fetch_metadata

    issuer = with_transport(url, arguments)
    return fetch_metadata(issuer, client=client, options=Options(timeout=arguments.timeout))


def _of_resource(url: str, arguments: argparse.Namespace, client: "httpx2.Client") -> ResourceMetadata:
    from oauth_cc.flows import discover_resource
    from oauth_cc.httpx2 import perform

    return perform(discover_resource(url), client=client, options=Options(timeout=arguments.timeout))
