"""
The response of a test server to a transport in the process, or how the request fails.
"""

from collections.abc import Iterable
from typing import Literal, TypeAlias, final
from urllib.parse import urlsplit

import attrs

from oauth_cc.endpoint import origin
from oauth_cc.errors import InvalidInput
from oauth_cc.testing._http import as_bytes, fields
from oauth_cc.testing._messages import Call, joined
from oauth_cc.testing._server import AuthorizationServer

FailureName: TypeAlias = Literal["unreachable", "timeout", "dropped"]


@final
@attrs.frozen
class Answered:
    """
    A response.

    Args:
        status: The status.
        headers: All headers.
        content: The body.
        delay: Seconds to wait before it.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes = attrs.field(repr=False)
    delay: float


@final
@attrs.frozen
class NotAnswered:
    """
    A request without a whole response.

    Args:
        failure: How it fails.
        text: What happened, for the error of the library.
        delay: Seconds to wait before it.
    """

    failure: FailureName
    text: str
    delay: float = 0.0


def answer(
    server: AuthorizationServer,
    method: str,
    url: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    timeout: float | None,
) -> Answered | NotAnswered:
    """
    Return the response of *server*, or how the request fails. Nobody waits for a delay beyond the timeout.

    Args:
        server: The server.
        method: The method.
        url: The URL.
        headers: The headers.
        body: The body.
        timeout: The seconds that the library waits for a response. None for any number.
    """
    try:
        called = origin(url)
    except InvalidInput as error:
        return NotAnswered("unreachable", f"no server of this test at this URL: {error}")
    if called != origin(server.origin):
        return NotAnswered("unreachable", f"no server of this test at {called}")
    if not server.is_running:
        return NotAnswered("unreachable", "the server of this test is stopped")
    reply = server.respond(Call(method, urlsplit(url).path, joined(headers), body.decode("utf-8", "replace")))
    if timeout is not None and reply.delay >= timeout:
        return NotAnswered("timeout", f"the server of this test responds after {reply.delay:g} seconds")
    now = server.now()
    if reply.drop_after is not None and reply.drop_after < len(as_bytes(reply, now)):
        return NotAnswered("dropped", "the server of this test closed the connection", reply.delay)
    return Answered(reply.status, tuple(fields(reply, now)), reply.content, reply.delay)
