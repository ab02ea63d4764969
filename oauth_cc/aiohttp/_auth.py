"""
The client middleware of aiohttp that puts tokens on calls.
"""

import copy
from typing import Final, Self, assert_never, final

import aiohttp

from oauth_cc._io.context import SourceOptions
from oauth_cc._io.origins import Origins
from oauth_cc._wire.typing import NonStringCollection
from oauth_cc.aiohttp._sending import DEFAULT_TIMEOUT
from oauth_cc.aiohttp._source import AsyncTokenSource
from oauth_cc.endpoint import Origin
from oauth_cc.events import EventHook
from oauth_cc.flows.call import Call, Forget, Obtain, TellScope, advance_call, call
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries
from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow
from oauth_cc.flows.renewal import DEFAULT_WAIT_TIMEOUT
from oauth_cc.http import HttpResponse
from oauth_cc.request import TokenRequest
from oauth_cc.scope import Scope
from oauth_cc.stores._protocol import AsyncStore, Store
from oauth_cc.stores.cache import TokenCache
from oauth_cc.token import Token, authorization

_AUTHORIZATION: Final = "Authorization"


@final
class ClientCredentialsAuth:
    """
    Puts a token on the calls of a session: ``aiohttp.ClientSession(middlewares=(auth,))``, or on one call alone.

    It goes, in place of any Authorization, to *origins* only (URLs; None: those of the resources that *request* names,
    else that of the first call), at each hop of a redirect anew (RFC 6750 section 5.3). If one of them does not accept
    it (401), it is discarded, and the call made once more with a new one, provided that its body can be sent again:
    bytes, text, JSON and forms of these can, files and streams cannot. The last answer stands. It stands in no
    ``request_info``, so neither do errors show it.

    *request*, *endpoint* and the others: as `AsyncTokenSource` has them. Raises `oauth_cc.InvalidInput` for what could
    not be sent; calls raise what `oauth_cc._io.source.TokenSource.token` raises, and `oauth_cc.InsecureEndpoint` if the
    first call is to decide on the origin and goes over http.
    """

    def __init__(
        self,
        request: TokenRequest,
        endpoint: str,
        *,
        client: aiohttp.ClientSession | None = None,
        store: TokenCache | Store | AsyncStore | None = None,
        origins: NonStringCollection[str] | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retries: Retries = DEFAULT_RETRIES,
        renewal_window: RenewalWindow = DEFAULT_WINDOW,
        wait_timeout: float = DEFAULT_WAIT_TIMEOUT,
        on_event: EventHook | None = None,
        allow_http_loopback: bool = False,
    ) -> None:
        options: SourceOptions = {
            "retries": retries,
            "renewal_window": renewal_window,
            "wait_timeout": wait_timeout,
            "on_event": on_event,
            "allow_http_loopback": allow_http_loopback,
        }
        self._source = AsyncTokenSource(request, endpoint, client=client, store=store, timeout=timeout, **options)
        self._origins = Origins(origins, request.resources, allow_http_loopback=allow_http_loopback)

    def __repr__(self) -> str:
        if not hasattr(self, "_source"):
            # A traceback shows one that was refused while it was made.
            return f"{type(self).__name__}()"
        return f"{type(self).__name__}({self._source.context.terms.request!r})"

    def with_scope(self, scope: Scope) -> Self:
        """Gives this for tokens of *scope* instead: for one call that needs another; all else is shared."""
        return self._with_source(self._source.with_scope(scope))

    def with_resource(self, uri: str) -> Self:
        """
        Gives this for tokens of the resource *uri* instead (RFC 8707), and for its origin unless origins were given.
        """
        other = self._with_source(self._source.with_resource(uri))
        other._origins = self._origins.of_resource(uri)  # noqa: SLF001  # a copy of this very object
        return other

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Makes the call that *request* is, through *handler*: aiohttp asks for this, once a hop."""
        called = _origin(request)
        if not self._origins.admit(called):
            self._source.context.tell_withheld(called)
            return await handler(request)
        return await self._drive(request, handler)

    async def _drive(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        response: aiohttp.ClientResponse | None = None
        try:
            flow = call(repeatable=_is_repeatable(request.body))
            step = advance_call(flow, None)
            while step is not None:
                answer: Token | HttpResponse | None = None
                match step:
                    case Obtain():
                        if response is not None:
                            # Now, since the token request may need the only connection that a connector has.
                            response.release()
                            # What was still writing the body has to end before it is written again.
                            await request.close()
                        answer = await self._source.token()
                    case Call(token):
                        response = await _call(request, handler, token)
                        answer = HttpResponse(response.status, response.headers.items())
                    case Forget(token):
                        await self._source.discard(token)
                    case TellScope(scope):
                        self._source.context.tell_scope(scope)
                    case _:
                        assert_never(step)
                step = advance_call(flow, answer)
        except BaseException:
            if response is not None:
                response.close()
            raise
        assert response is not None  # noqa: S101  # told to the type checker: no flow ends without a call
        return response

    def _with_source(self, source: AsyncTokenSource) -> Self:
        other = copy.copy(self)
        other._source = source  # noqa: SLF001  # a copy of this very object
        return other


def _origin(request: aiohttp.ClientRequest) -> Origin:
    # Of the parts that aiohttp connects to; websockets are calls over http too.
    url, is_tls = request.url, request.is_ssl()
    return Origin("https" if is_tls else "http", (url.host_subcomponent or "").lower(), url.port or (80, 443)[is_tls])


def _is_repeatable(body: aiohttp.Payload | bytes) -> bool:
    if isinstance(body, aiohttp.MultipartWriter):
        return all([_is_repeatable(part) for part, _, _ in body])
    return isinstance(body, bytes | aiohttp.BytesPayload)


async def _call(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType, token: Token
) -> aiohttp.ClientResponse:
    before = request.headers.getall(_AUTHORIZATION, ())
    request.headers[_AUTHORIZATION] = authorization(token).reveal()
    try:
        return await handler(request)
    finally:
        # The request_info of answers and errors is a view of these fields, and its repr shows them.
        request.headers.popall(_AUTHORIZATION, None)
        request.headers.extend([(_AUTHORIZATION, value) for value in before])
