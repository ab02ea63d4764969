"""
The messages of the test server, without HTTP: a `Call` is the input, a `Reply` the output.
"""

import json
from collections.abc import Mapping
from typing import final

import attrs

from oauth_cc.testing._certificates import ShownCertificate


@final
@attrs.frozen
class TokenRequestSeen:
    """
    A token request that the server received, without its secrets.

    Args:
        parameters: The names of its form parameters, in order.
        client_id: The client, if it was authenticated, or None.
        authentication_method: How it was authenticated, or None.
        status: The status of the response.
        certificate: The thumbprint of the connection's certificate (``x5t#S256``), or None.
    """

    parameters: tuple[str, ...]
    client_id: str | None
    authentication_method: str | None
    status: int
    certificate: str | None = None


@final
@attrs.frozen
class Call:
    """
    An HTTP request as received.

    Args:
        method: The method.
        headers: The headers by name, each in its canonical case.
        body: The body as text.
        certificate: The client certificate of the connection, or None.
    """

    method: str
    headers: Mapping[str, str]
    body: str = attrs.field(default="", repr=False)
    certificate: ShownCertificate | None = None


@final
@attrs.frozen
class Reply:
    """An HTTP response; *body* is sent as JSON."""

    status: int
    body: Mapping[str, object] = attrs.field(repr=False)
    headers: tuple[tuple[str, str], ...] = ()


def encoded(reply: Reply) -> bytes:
    """Return the body of *reply* as sent."""
    return json.dumps(dict(reply.body)).encode("utf-8")
