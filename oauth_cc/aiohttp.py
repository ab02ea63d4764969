"""
Tokens for aiohttp sessions.

A token request uses the connector, the proxy and the trace configs of the session, and the proxies of the environment
if the session does. Otherwise it is sent exactly as composed. No redirect is followed, and no ``.netrc``, cookie,
default header, default authentication or middleware of the session is added. At most 1 MiB of the response is read.
"""

import copy
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, NoReturn, Self, SupportsIndex, TypeVar, final

try:
    import aiohttp

    from oauth_cc._io.aiohttp_sending import sender
except ImportError as _error:
    raise ImportError("oauth_cc.aiohttp needs aiohttp and anyio; install oauth_cc[aiohttp]") from _error

from oauth_cc._io import async_source
from oauth_cc._io.arguments import check_client, token_flow
from oauth_cc._io.async_driver import drive
from oauth_cc._io.constructors import AuthConstructors, SourceConstructors
from oauth_cc._io.context import SourceContext
from oauth_cc._io.copying import duplicate, refuse_pickling
from oauth_cc._io.options import DEFAULTS, Options
from oauth_cc._io.origins import Origins
from oauth_cc._wire.typing import NonStringCollection
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.endpoint import Endpoint, Origin
from oauth_cc.flows.effects import Flow
from oauth_cc.flows.metadata_cache import MetadataCache
from oauth_cc.http import HttpResponse
from oauth_cc.issuer import GivenEndpoint
from oauth_cc.request import TokenRequest
from oauth_cc.scope import Scope
from oauth_cc.secret import Secret
from oauth_cc.stores._protocol import AsyncStore, Store
from oauth_cc.token import Token, authorization, dpop_authorization

if TYPE_CHECKING:
    # Imported at run time by the functions that need it.
    from oauth_cc._io.proofs import CallProofs
    from oauth_cc.metadata import ServerMetadata

__all__ = ["AsyncTokenSource", "ClientCredentialsAuth", "fetch_metadata", "fetch_token", "perform"]


def __dir__() -> list[str]:
    return __all__


T = TypeVar("T")


_FIRST_ERROR: Final = 400
_STRAYED: Final[ContextVar[object]] = ContextVar("oauth_cc.aiohttp.strayed", default=None)
"""The last call of a task that went to an origin without the token."""


class AsyncTokenSource(SourceConstructors[aiohttp.ClientSession, Store | AsyncStore], async_source.AsyncTokenSource):
    """
    Cache one access token and renew it before it expires, for tasks on asyncio.

    Args:
        request: The token request, or credentials for a request without scope.
        endpoint: The token endpoint, a URL or an `Endpoint`, or an `Issuer` whose metadata name it.
        client: The session whose connector, proxy and traces the token requests use. None for a new connection.
        store: A `TokenCache` shared by sources, or a store shared by processes. None for a new cache.
        options: Timeout, retries, renewal and events.
    """

    def _start(self, context: SourceContext, client: aiohttp.ClientSession | None, options: Options) -> None:
        check_client(context.terms.request, client)
        async_source.AsyncTokenSource.__init__(self, context, sender(client, options.timeout), client)


@final
class ClientCredentialsAuth(AuthConstructors[aiohttp.ClientSession, Store | AsyncStore]):
    """
    Authorize the calls of a session, ``aiohttp.ClientSession(middlewares=(auth,))``, or one call.

    The token replaces any Authorization header, for each hop of a redirect separately (RFC 6750 section 5.3). After a
    hop to another origin, a call goes on without the token. If the API rejects the token with a 401, the call is
    repeated once with a new token. A call is not repeated unless its body is bytes, text, JSON or a form of these. No
    ``request_info`` holds the token, so errors do not show it. Calls raise the errors of `AsyncTokenSource.token`.

    Args:
        request: The token request, or credentials for a request without scope.
        endpoint: The token endpoint, a URL or an `Endpoint`, or an `Issuer` whose metadata name it.
        client: The session whose connector, proxy and traces the token requests use. None for a new connection.
        store: A `TokenCache` shared by auths, or a store shared by processes. None for a new cache.
        origins: URLs of the origins that receive the token. None stands for the origins of the request's resources, or
            without resources for the origin of the first call.
        options: Timeout, retries, renewal and events.
    """

    def _start(
        self,
        context: SourceContext,
        client: aiohttp.ClientSession | None,
        origins: NonStringCollection[str] | None,
        options: Options,
    ) -> None:
        self._source = AsyncTokenSource.of_context(context, client, options)
        self._origins = Origins(origins, context.terms.request.resources)

    def __copy__(self) -> Self:
        return duplicate(self)

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return duplicate(self)

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        refuse_pickling(self)

    def __repr__(self) -> str:
        if not hasattr(self, "_source"):
            # Tracebacks show the repr of an object whose constructor raised.
            return f"{type(self).__name__}()"
        return f"{type(self).__name__}({self._source.context.terms.request!r})"

    @property
    def async_source(self) -> AsyncTokenSource:
        """The token source of this auth."""
        return self._source

    def with_scope(self, scope: Scope) -> Self:
        """Return an auth for tokens with *scope*. It shares everything else with this auth."""
        return self._with_source(self._source.with_scope(scope))

    def with_resource(self, uri: str) -> Self:
        """Return an auth for tokens of the resource *uri* (RFC 8707). They go to the origin of *uri* by default."""
        other = self._with_source(self._source.with_resource(uri))
        other._origins = self._origins.of_resource(uri)  # noqa: SLF001  # a copy of self
        return other

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Send *request* with the token through *handler*. aiohttp calls this for each hop of a redirect."""
        called = _origin(request)
        # All hops of a call share this object. aiohttp has no public name for it.
        call: object = getattr(request, "_timer", request)
        if not self._origins.admit(called):
            _STRAYED.set(call)
            self._source.context.report_withheld(called)
            return await handler(request)
        if _STRAYED.get() is call:
            # Another origin redirects here, and no other library sends a token on such a hop.
            return await handler(request)
        return await self._call(request, handler, str(called))

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
                if not context.accepts(_head(response), token, api):
                    await source.discard(token, api=api)
            context.report_requirements(_head(response), api, first, token)
        except BaseException:
            response.close()
            raise
        return response

    def _with_source(self, source: AsyncTokenSource) -> Self:
        other = copy.copy(self)
        other._source = source  # noqa: SLF001  # a copy of self
        return other


def _head(response: aiohttp.ClientResponse) -> HttpResponse:
    return HttpResponse(response.status, response.headers.items())


def _origin(request: aiohttp.ClientRequest) -> Origin:
    # Made of the parts that aiohttp connects to. A websocket counts as http or https.
    url, is_tls = request.url, request.is_ssl()
    return Origin("https" if is_tls else "http", (url.host_subcomponent or "").lower(), url.port or (80, 443)[is_tls])


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


async def fetch_token(
    request: TokenRequest | ClientCredentials,
    endpoint: GivenEndpoint,
    *,
    client: aiohttp.ClientSession | None = None,
    options: Options = DEFAULTS,
) -> Token:
    """
    Send one token request and return the token.

    Args:
        request: The token request, or credentials for a request without scope.
        endpoint: The token endpoint, a URL or an `Endpoint`, or an `Issuer` whose metadata name it.
        client: The session whose connector and proxy are used. None for a new connection.
        options: Timeout and retries.

    Raises:
        TokenRequestRefused: The server rejected the request.
        InvalidResponse: The response is not a token response.
        aiohttp.ClientError: No response arrived.
    """
    return await drive(token_flow(request, endpoint, client, options), sender(client, options.timeout))


async def fetch_metadata(
    issuer: str | Endpoint,
    *,
    client: aiohttp.ClientSession | None = None,
    cache: MetadataCache | None = None,
    options: Options = DEFAULTS,
) -> "ServerMetadata":
    """
    Fetch the metadata of an authorization server (RFC 8414).

    Args:
        issuer: The issuer identifier, a URL or an `Endpoint`.
        client: The session whose connector and proxy are used. None for a new connection.
        cache: The cache of the metadata. None to fetch them at each call.
        options: Timeout and retries.

    Raises:
        InvalidResponse: The response does not contain metadata of *issuer*.
        aiohttp.ClientError: No response arrived.
    """
    from oauth_cc.flows.discovery import discover

    flow = discover(issuer, retries=options.retries, cache=cache)
    return await drive(flow, sender(client, options.timeout))


async def perform(flow: Flow[T], *, client: aiohttp.ClientSession | None = None, options: Options = DEFAULTS) -> T:
    """
    Perform a flow of `oauth_cc.flows`, such as ``revoke`` or ``introspect``, and return its result.

    Args:
        flow: The flow. It is performed once.
        client: The session that sends the requests. None for a new connection.
        options: The timeout. A flow has retries of its own.

    Raises:
        aiohttp.ClientError: No response arrived.
    """
    return await drive(flow, sender(client, options.timeout))
