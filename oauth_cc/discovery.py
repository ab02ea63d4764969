"""
From an issuer to the metadata of its server: a flow, so it does no I/O itself.

    issuer ─ discover ─▶ Send … Send ─▶ ServerMetadata
"""

from oauth_cc.effects import Failed, Flow, send
from oauth_cc.errors import MalformedResponse, UnexpectedRedirect, UnexpectedStatus
from oauth_cc.http import HttpRequest
from oauth_cc.metadata import ServerMetadata, metadata_urls, parse_metadata

__all__ = ["discover"]


def discover(issuer: str, *, allow_http_loopback: bool = False) -> Flow[ServerMetadata]:
    """
    Gives the flow that gets the metadata of *issuer* and returns them (RFC 8414 section 3).

    *issuer* and *allow_http_loopback* are those of `oauth_cc.metadata.metadata_urls`, whose URLs are asked in turn,
    until one has metadata. The flow raises what `oauth_cc.metadata.parse_metadata` raises, and the error of the HTTP
    library if there was no answer.
    """
    inserted, appended = metadata_urls(issuer, allow_http_loopback=allow_http_loopback)
    try:
        return (yield from _metadata(inserted, issuer, allow_http_loopback))
    except (UnexpectedStatus, UnexpectedRedirect, MalformedResponse) as error:
        # A server that is busy is no server without metadata; nor are metadata that are wrong sought elsewhere.
        if error.retryable:
            raise
    return (yield from _metadata(appended, issuer, allow_http_loopback))


def _metadata(url: str, issuer: str, allow_http_loopback: bool) -> Flow[ServerMetadata]:
    sent = yield from send(HttpRequest("GET", url, {"Accept": "application/json"}))
    if isinstance(sent, Failed):
        raise sent.error
    return parse_metadata(sent.response, issuer, allow_http_loopback=allow_http_loopback)
