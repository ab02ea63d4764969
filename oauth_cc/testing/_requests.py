"""
A request to the test server as Authlib reads it, and the client that Authlib finds for it.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request

from oauth_cc.testing._certificates import TLS_METHODS
from oauth_cc.testing._clients import Known
from oauth_cc.testing._messages import Call

_FORM: Final = "application/x-www-form-urlencoded"


class Form(OAuth2Payload):
    """The form parameters of a request, as *pairs* in their order."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs = pairs

    @property
    def data(self) -> dict[str, str]:
        return dict(self.pairs)

    @property
    def datalist(self) -> dict[str, list[str]]:
        return {name: [value for key, value in self.pairs if key == name] for name, _ in self.pairs}


class Request(OAuth2Request):
    """The request that *call* is."""

    def __init__(self, call: Call) -> None:
        # Authlib rejects http unless an environment variable allows it. This server always allows it on loopback.
        super().__init__(call.method, "https://localhost/", headers=call.headers)
        form = call.headers.get("Content-Type", "").partition(";")[0].strip().lower() == _FORM
        self.fields = Form(parse_qsl(call.body, keep_blank_values=True) if form else ())
        self.payload = self.fields
        self.certificate = call.certificate
        self.call = call
        self.dpop_jkt: str | None = None

    @property
    def form(self) -> dict[str, str]:
        return self.fields.data


def fields(request: OAuth2Request) -> Form:
    """Return the form parameters of *request*."""
    if isinstance(request, Request):
        return request.fields
    raise TypeError(f"Authlib made a {type(request).__name__}")


def client_id(request: OAuth2Request) -> str | None:
    """Return the client of *request*, or None until it is authenticated."""
    return request.client.client_id if isinstance(request.client, Known) else None


def is_bound(request: OAuth2Request) -> bool:
    """Return whether tokens for *request* are bound to the certificate of its connection (RFC 8705 section 3)."""
    if not isinstance(request.client, Known):
        return False
    return request.client.client.certificate_bound or request.auth_method in TLS_METHODS


def call_of(request: OAuth2Request) -> Call:
    """Return the call that *request* was made of."""
    if isinstance(request, Request):
        return request.call
    raise TypeError(f"Authlib made a {type(request).__name__}")


def thumbprint(request: OAuth2Request) -> str | None:
    """Return the thumbprint of the certificate of the connection, or None."""
    certificate = request.certificate if isinstance(request, Request) else None
    return None if certificate is None else certificate.thumbprint
