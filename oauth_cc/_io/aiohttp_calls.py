"""
The calls of an auth on aiohttp: each carries the token, and is repeated once if an API rejects the token.
"""

import copy
from collections.abc import Awaitable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, Self, TypeVar

import aiohttp

from oauth_cc._io.arguments import misplaced_auth
from oauth_cc._io.async_source import AsyncTokenSource
from oauth_cc._io.copying import Sharing
from oauth_cc._io.origins import Origins
from oauth_cc._wire.typing import Generic
from oauth_cc.endpoint import Origin
from oauth_cc.errors import InvalidInput
from oauth_cc.http import HttpResponse
from oauth_cc.scope import Scope
from oauth_cc.secret import Secret
from oauth_cc.token import Token, authorization, dpop_authorization

if TYPE_CHECKING:
    # Loaded by calls with a DPoP token.
    from oauth_cc._io.proofs import CallProofs

S = TypeVar("S", bound=AsyncTokenSource)

_FIRST_ERROR: Final = 400
_STRAYED: Final[ContextVar[object]] = ContextVar("oauth_cc.aiohttp.strayed", default=None)
"""The last call of a task that went to an origin without the token."""


class AiohttpCalls(Sharing, Generic[S]):
    """An auth, as aiohttp calls it."""

    _source: S
    _origins: Origins

    @property
    def async_source(self) -> S:
        """The token source of this auth."""
        return self._source

    def with_scope(self, scope: Scope) -> Self:
        """Return an auth for tokens with *scope*. It shares everything else with this auth."""
        return self._with(self._source.with_scope(scope), self._origins)

    def with_resource(self, uri: str) -> Self:
        """Return an auth for tokens of the resource *uri* (RFC 8707). They go to the origin of *uri* by default."""
        return self._with(self._source.with_resource(uri), self._origins.of_resource(uri))

    def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType | None = None
    ) -> Awaitable[aiohttp.ClientResponse]:
        """Send *request* with the token through *handler*. aiohttp calls this for each hop of a redirect."""
        if handler is None:
            # Other libraries call an auth with the request alone.
            raise misplaced_auth("aiohttp", request)
        # All hops of a call share this object. aiohttp has no public name for it.
        call: object = getattr(request, "_timer", request)
        called = _origin_or_host(request)
        if isinstance(called, str) or not self._origins.admit(called):
            _STRAYED.set(call)
            self._context.report_withheld(called)
            return handler(request)
        if _STRAYED.get() is call:
            # Another origin redirects here, and no other library sends a token on such a hop.
            return handler(request)
        return self._call(request, handler, str(called))

    async def _call(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType, api: str
    ) -> aiohttp.ClientResponse:
        source = self._source
        token = first = await source.token()
        proofs = source.context.proofs(token)
        response = await _send(request, handler, token, proofs)
        # Most calls end here.
        if response.status < _FIRST_ERROR:
            return response
        context = source.context
        try:
            head = _head(response)
            rejected = context.is_rejection(head)
            again = source if rejected and await source.discard(token, api=api) else source.widened(head, token)
            if again is not None and _is_repeatable(request.body):
                # Released now, because the token request may need the only connection of the connector.
                response.release()
                # The writer of the body must end before the body is written again.
                await request.close()
                token = await again.token()
                source.adopt(again)
                response = await _send(request, handler, token, proofs)
                if context.is_rejection(_head(response)):
                    await source.discard(token, api=api)
            context.report_requirements(_head(response), api, first, token)
        except BaseException:
            response.close()
            raise
        return response

    def _with(self, source: S, origins: Origins) -> Self:
        other = copy.copy(self)
        vars(other).update(_context=source.context, _source=source, _origins=origins)
        return other


def _head(response: aiohttp.ClientResponse) -> HttpResponse:
    return HttpResponse(response.status, response.headers.items())


def _origin(request: aiohttp.ClientRequest) -> Origin:
    # Made of the parts that aiohttp connects to. A websocket counts as http or https.
    url, is_tls = request.url, request.is_ssl()
    return Origin("https" if is_tls else "http", (url.host_subcomponent or "").lower(), url.port or (80, 443)[is_tls])


def _origin_or_host(request: aiohttp.ClientRequest) -> Origin | str:
    try:
        return _origin(request)
    except InvalidInput:
        # A host with an odd name.
        return f"{request.url.scheme}://{request.url.host_subcomponent}"


def _is_repeatable(body: aiohttp.Payload | bytes) -> bool:
    if isinstance(body, aiohttp.MultipartWriter):
        return all([_is_repeatable(part) for part, _, _ in body])
    return isinstance(body, bytes | aiohttp.BytesPayload)


async def _send(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType, token: Token, proofs: "CallProofs | None"
) -> aiohttp.ClientResponse:
    if proofs is None:
        return await _call(request, handler, {token.placement.header: authorization(token)})
    value = dpop_authorization(token)
    proofs.token, called = token, _origin(request)
    while True:
        # A traceback shows local variables, so none holds the text of the proof.
        proof = Secret(await proofs.sign_async(request.method, request.url.raw_path_qs, called))
        response = await _call(request, handler, {"Authorization": value, "DPoP": proof})
        head = _head(response)
        proofs.note(head, called)
        if not proofs.demands_another(head, called, repeatable=_is_repeatable(request.body)):
            return response
        response.release()
        # The writer of the body must end before the body is written again.
        await request.close()


async def _call(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType, fields: Mapping[str, Secret]
) -> aiohttp.ClientResponse:
    before = [(name, value) for name in fields for value in request.headers.getall(name, ())]
    request.headers.update({name: value.reveal() for name, value in fields.items()})
    try:
        return await handler(request)
    finally:
        # The request_info of responses and errors is a view of these headers, and its repr shows them.
        for name in fields:
            request.headers.popall(name, None)
        request.headers.extend(before)
