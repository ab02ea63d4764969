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

FailureName: TypeAlias = Literal["unreachable", "timeout"]


@final
@attrs.frozen
class Answered:
    """
    A response, or the start of one.

    Args:
        status: The status.
        headers: All headers.
        message: The bytes that arrive, head included.
        is_whole: Whether these are all of it. Otherwise the connection is closed after them.
        delay: Seconds to wait before it.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    message: bytes = attrs.field(repr=False)
    is_whole: bool
    delay: float

    @property
    def content(self) -> bytes | None:
        """The part of the body that arrives. None if the head is not complete."""
        _, end_of_head, content = self.message.partition(b"\r\n\r\n")
        return content if end_of_head else None


@final
@attrs.frozen
class NotAnswered:
    """
    A request without a response.

    Args:
        failure: How it fails.
        text: What happened, for the error of the library.
    """

    failure: FailureName
    text: str


def answer(
    server: AuthorizationServer,
    method: str,
    url: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    timeout: float | None,
) -> Answered | NotAnswered:
    """
    Return the response of *server*, or how the request fails. A delay longer than the timeout fails immediately.

    Args:
        server: The server.
        method: The method.
        url: The URL.
        headers: The headers.
        body: The body.
        timeout: The seconds that the library waits for a response. None for no limit.
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
    message = as_bytes(reply, now)
    sent = message[: reply.drop_after]
    return Answered(reply.status, tuple(fields(reply, now)), sent, len(sent) == len(message), reply.delay)
