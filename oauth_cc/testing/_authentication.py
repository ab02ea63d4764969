"""
Client authentication at the test server over HTTP Basic and with client certificates, as Authlib calls it.

Authlib itself authenticates clients in the body. `_assertions` has the methods with assertions.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import unquote_plus

from authlib.oauth2.rfc6749 import OAuth2Request

from oauth_cc.testing._assertions import ASSERTION_METHODS, Authenticate, by_assertion
from oauth_cc.testing._certificates import TLS_METHODS
from oauth_cc.testing._clients import BASIC, POST, Known
from oauth_cc.testing._requests import Request

METHODS: Final = (BASIC, POST, *ASSERTION_METHODS, *TLS_METHODS)
"""The client authentication methods of the server."""


def authenticators(audience: str, now: Callable[[], float]) -> Mapping[str, Authenticate]:
    """
    Return what authenticates a client by each method but post.

    Args:
        audience: The audience of the assertions that clients sign.
        now: Returns the time of the server, in POSIX seconds.
    """
    by_certificate = {method: _authenticate_by_certificate(method) for method in TLS_METHODS}
    return {BASIC: _authenticate_basic, **by_assertion(audience, now), **by_certificate}


def _authenticate_by_certificate(method: str) -> Callable[[Callable[[str], Known | None], Request], Known | None]:
    def authenticate(query_client: Callable[[str], Known | None], request: Request) -> Known | None:
        shown = request.certificate
        known = query_client(request.form.get("client_id", ""))
        if shown is None or known is None:
            return None
        client = known.client
        registered = shown.authenticates(method, client.certificate_subject, client.certificate_thumbprint)
        return known if registered else None

    return authenticate


def _authenticate_basic(query_client: Callable[[str], Known | None], request: OAuth2Request) -> Known | None:
    # Authlib's function does not decode '+', and fails on bytes that are not UTF-8 (RFC 6749 2.3.1 and appendix B).
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    try:
        pair = base64.b64decode(credentials, validate=True).decode("utf-8")
    except ValueError:
        return None
    client_id, colon, secret = pair.partition(":")
    client = query_client(unquote_plus(client_id)) if scheme.lower() == "basic" and colon else None
    return client if client is not None and client.check_client_secret(unquote_plus(secret)) else None
