"""
Metadata of authorization servers and of protected resources, and the choice of an endpoint (RFC 8414, RFC 9728).

    issuer ─ metadata_urls ─▶ (GET) HttpResponse ─ parse_metadata ─▶ ServerMetadata ─┐
                                                                        TokenRequest ─┴─ endpoint_for ─▶ token endpoint

    resource ─ resource_metadata_urls ─▶ (GET) HttpResponse ─ parse_resource_metadata ─▶ ResourceMetadata ─┐
                                                TokenRequest ◀─ request_for_resource ─ issuer, TokenRequest ─┘

Metadata never changes how a client authenticates, or which issuer its assertions are for. A side member of a wrong
shape counts as omitted, so that it costs only what needs it.
"""

from oauth_cc.metadata._choice import METHODS as METHODS
from oauth_cc.metadata._choice import endpoint_for, request_for_resource
from oauth_cc.metadata._choice import method_name as method_name
from oauth_cc.metadata._document import DEFAULT_METADATA_LIFETIME as DEFAULT_METADATA_LIFETIME
from oauth_cc.metadata._document import metadata_lifetime
from oauth_cc.metadata._resource import ResourceMetadata, parse_resource_metadata, resource_metadata_urls
from oauth_cc.metadata._server import ServerMetadata, metadata_urls, parse_metadata

__all__ = [
    "ResourceMetadata",
    "ServerMetadata",
    "endpoint_for",
    "metadata_lifetime",
    "metadata_urls",
    "parse_metadata",
    "parse_resource_metadata",
    "request_for_resource",
    "resource_metadata_urls",
]


def __dir__() -> list[str]:
    return __all__
