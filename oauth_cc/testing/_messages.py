"""
The messages of the test server, without HTTP: a `Call` is the input, a `Reply` the output.
"""

import json
from collections.abc import Iterable, Mapping
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
        dpop_jkt: The thumbprint of the key of its DPoP proof, if the proof was accepted, or None.
    """

    parameters: tuple[str, ...]
    client_id: str | None
    authentication_method: str | None
    status: int
    certificate: str | None = None
    dpop_jkt: str | None = None


@final
@attrs.frozen
class Call:
    """
    An HTTP request as received.

    Args:
        method: The method.
        path: The path of its URL, without a query.
        headers: The headers by name, each in its canonical case.
        body: The body as text.
        certificate: The client certificate of the connection, or None.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: str = attrs.field(default="", repr=False)
    certificate: ShownCertificate | None = None


def joined(fields: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """
    Return header *fields* by name in canonical case. A repeated field is one with all values (RFC 9110 section 5.3).

        >>> joined([("accept", "a/b"), ("Accept", "c/d")])
        {'Accept': 'a/b, c/d'}
    """
    headers: dict[str, str] = {}
    for name, value in fields:
        key = name.title()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers


@final
@attrs.frozen
class Reply:
    """
    An HTTP response.

    Args:
        status: The status.
        body: The body: members of a JSON object, or the bytes themselves.
        headers: Headers other than those of every response.
        delay: Seconds to wait before it.
        drop_after: The bytes of it, head included, after which the connection is closed. None to send all.
    """

    status: int
    body: Mapping[str, object] | bytes = attrs.field(repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    drop_after: int | None = None

    @property
    def content(self) -> bytes:
        """The body as sent."""
        return self.body if isinstance(self.body, bytes) else json.dumps(dict(self.body)).encode("utf-8")
