"""
Readers of the requests, responses and errors of httpx2 and httpx calls.
"""

import contextlib
import sys
from collections.abc import AsyncGenerator, Generator, MutableMapping
from types import TracebackType
from typing import TypeGuard, final

from oauth_cc._io.httpx_library import R
from oauth_cc._io.httpx_messages import Response, Url
from oauth_cc.endpoint import Origin
from oauth_cc.http import HttpResponse


def api_of(response: Response) -> str:
    """Return the origin of the API that sent *response*."""
    return str(origin_of(response.url))


def target_of(url: Url) -> str:
    """Return path and query of *url*, as they are sent."""
    return url.raw_path.decode("ascii")


def head_of(response: Response) -> HttpResponse:
    """Return *response* without its body."""
    return HttpResponse(response.status_code, response.headers.multi_items())


@contextlib.contextmanager
def hiding_proofs(request: object) -> Generator[None]:
    """Remove the proofs of a call that ends within the block without an answer. *request* is the first of its hops."""
    try:
        yield
    except GeneratorExit as end:
        hide_proofs(request, end.__context__)
        raise


def hide_proofs(request: object, error: BaseException | None) -> None:
    """
    Remove the proofs of a call without an answer, from its request and from that of a later hop, which the error has.

    Args:
        request: The first request.
        error: What ended the call, or None.
    """
    hop: object = None
    with contextlib.suppress(RuntimeError):
        # Of an error without a request.
        hop = getattr(error, "request", None)
    for each in (request, hop):
        headers: object = getattr(each, "headers", None)
        if _are_headers(headers):
            headers.pop("DPoP", None)


def _are_headers(found: object) -> TypeGuard[MutableMapping[str, str]]:
    return isinstance(found, MutableMapping)


@final
class ClosedByError(AsyncGenerator[R, Response]):
    """
    An async generator whose `GeneratorExit` carries the error that ended the call as its ``__context__``.

    A plain generator does so by itself.
    """

    def __init__(self, flow: AsyncGenerator[R, Response]) -> None:
        self._flow = flow

    async def asend(self, value: Response) -> R:
        return await self._flow.asend(value)

    async def athrow(
        self,
        kind: type[BaseException] | BaseException,
        value: object = None,
        _traceback: TracebackType | None = None,
        /,
    ) -> R:
        made = kind() if isinstance(kind, type) else kind
        return await self._flow.athrow(value if isinstance(value, BaseException) else made)

    async def aclose(self) -> None:
        end = GeneratorExit()
        end.__context__ = sys.exception()
        with contextlib.suppress(GeneratorExit, StopAsyncIteration):
            await self._flow.athrow(end)


def is_response(found: object) -> TypeGuard[Response]:
    """Return whether *found*, an attribute of an error, is a response of the library."""
    return hasattr(found, "status_code") and hasattr(found, "headers") and hasattr(found, "request")


def origin_of(url: Url) -> Origin:
    """Return the origin of *url*, made of the parts that the library connects to."""
    return origin_of_parts(url.scheme, url.raw_host, url.port)


def origin_of_parts(scheme: str, raw_host: bytes, port: int | None) -> Origin:
    """
    Return the origin of the parts that the library connects to.

    Args:
        scheme: The scheme.
        raw_host: The host, as ASCII.
        port: The port, None for the default of the scheme.
    """
    host = raw_host.decode("ascii").lower()
    return Origin(scheme, f"[{host}]" if ":" in host else host, port or {"https": 443, "http": 80}.get(scheme, 0))
