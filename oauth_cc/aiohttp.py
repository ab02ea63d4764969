"""
oauth_cc over aiohttp: `ClientCredentialsAuth` puts fresh tokens on calls.

Whatever session is used, a token request goes out as composed and nothing else: no redirect is followed, and no
``.netrc``, cookie, default header, default authentication or middleware of it is added. The response is read to a
bound.
"""

import base64
import copy
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, Self, final

try:
    import aiohttp
    import anyio
    import multidict
    import yarl
except ImportError as _error:
    raise ImportError("oauth_cc.aiohttp needs aiohttp and anyio: install oauth_cc[aiohttp]") from _error

from oauth_cc._io import async_source
from oauth_cc._io.async_driver import drive
from oauth_cc._io.context import check_client, check_kind, source_context, token_flow
from oauth_cc._io.options import DEFAULTS, Options
from oauth_cc._io.origins import Origins
from oauth_cc._io.tracebacks import chain, strip_tracebacks
from oauth_cc._wire.content_coding import decode_content
from oauth_cc._wire.json import MAX_SIZE
from oauth_cc._wire.typing import NonStringCollection
from oauth_cc.authentication.certificate import Certificate
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.challenge import NOTABLE, insufficient_scope, token_rejected
from oauth_cc.endpoint import Endpoint, Origin
from oauth_cc.errors import InvalidResponse
from oauth_cc.flows.effects import Failed, Received
from oauth_cc.http import HttpRequest, HttpResponse
from oauth_cc.request import TokenRequest
from oauth_cc.scope import NO_SCOPE, Scope
from oauth_cc.stores._protocol import AsyncStore, Store
from oauth_cc.stores.cache import TokenCache
from oauth_cc.token import Token, authorization

if TYPE_CHECKING:
    # Loaded by the functions that need them.
    from oauth_cc.flows.discovery import AddressedRequest, MetadataCache
    from oauth_cc.metadata import ServerMetadata

__all__ = ["AsyncTokenSource", "ClientCredentialsAuth", "fetch_metadata", "fetch_token", "from_issuer"]


def __dir__() -> list[str]:
    return __all__


_AUTOMATIC: Final = ("Accept", "Content-Type", "User-Agent")
_AUTHORIZATION: Final = "Authorization"


class AsyncTokenSource(async_source.AsyncTokenSource):
    """
    Cache one access token and renew it before it expires, for tasks on asyncio.
    """

    def __init__(
        self,
        request: TokenRequest | ClientCredentials,
        endpoint: str | Endpoint,
        *,
        client: aiohttp.ClientSession | None = None,
        store: TokenCache | Store | AsyncStore | None = None,
        options: Options = DEFAULTS,
    ) -> None:
        context = source_context(request, endpoint, store, options)
        check_client(context.terms.request, client)
        super().__init__(context, sender(client, options.timeout))


@final
class ClientCredentialsAuth:
    """
    Put a fresh token on the calls of a session: ``aiohttp.ClientSession(middlewares=(auth,))``, or on one call alone.

    The token replaces any Authorization, at each hop of a redirect anew (RFC 6750 section 5.3). A call that is answered
    401 for its token is made once more with a new one, if its body is bytes, text, JSON or a form of these. The token
    stands in no ``request_info``, so errors do not show it. Calls raise what `AsyncTokenSource.token` raises.

    Args:
        request: What to ask for; credentials alone ask for no scope.
        endpoint: The token endpoint, a URL or an `Endpoint`.
        client: The session whose connector and proxy token requests use; by default a connection of our own.
        store: Where tokens are kept: a `TokenCache` that auths share, or a store that processes share.
        origins: URLs of the origins that get the token; by default those of the request's resources, else that of the
            first call.
        options: Timeout, retries, renewal and events.
    """

    def __init__(
        self,
        request: TokenRequest | ClientCredentials,
        endpoint: str | Endpoint,
        *,
        client: aiohttp.ClientSession | None = None,
        store: TokenCache | Store | AsyncStore | None = None,
        origins: NonStringCollection[str] | None = None,
        options: Options = DEFAULTS,
    ) -> None:
        self._source = AsyncTokenSource(request, endpoint, client=client, store=store, options=options)
        self._origins = Origins(origins, self._source.context.terms.request.resources)

    def __repr__(self) -> str:
        if not hasattr(self, "_source"):
            # A traceback shows one that was refused while it was made.
            return f"{type(self).__name__}()"
        return f"{type(self).__name__}({self._source.context.terms.request!r})"

    @property
    def async_source(self) -> AsyncTokenSource:
        """Where the tokens come from."""
        return self._source

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
        return await self._call(request, handler)

    async def _call(self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        source = self._source
        token = await source.token()
        response = await _call(request, handler, token)
        # The everyday call ends here.
        if response.status not in NOTABLE:
            return response
        try:
            if token_rejected(_head(response)):
                await source.discard(token)
                if _is_repeatable(request.body):
                    # Now, since the token request may need the only connection that a connector has.
                    response.release()
                    # What was still writing the body has to end before it is written again.
                    await request.close()
                    response = await _call(request, handler, await source.token())
            scope = insufficient_scope(_head(response))
        except BaseException:
            response.close()
            raise
        if scope is not None:
            source.context.tell_scope(scope)
        return response

    def _with_source(self, source: AsyncTokenSource) -> Self:
        other = copy.copy(self)
        other._source = source  # noqa: SLF001  # a copy of this very object
        return other


def _head(response: aiohttp.ClientResponse) -> HttpResponse:
    return HttpResponse(response.status, response.headers.items())


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


async def fetch_token(
    request: TokenRequest | ClientCredentials,
    endpoint: str | Endpoint,
    *,
    client: aiohttp.ClientSession | None = None,
    options: Options = DEFAULTS,
) -> Token:
    """
    Return the token that the token *endpoint* answers to *request*, sent through *client* or one of our own.

    Raises `TokenRequestRefused`, `InvalidResponse`, `InvalidInput`, or `aiohttp.ClientError` if no response came.
    """
    return await drive(token_flow(request, endpoint, client, options), sender(client, options.timeout))


async def fetch_metadata(
    issuer: str | Endpoint,
    *,
    client: aiohttp.ClientSession | None = None,
    cache: "MetadataCache | None" = None,
    options: Options = DEFAULTS,
) -> "ServerMetadata":
    """
    Return the metadata of the authorization server *issuer* (RFC 8414).

    Raises `InvalidResponse`, `InvalidInput`, or `aiohttp.ClientError` if no response came.
    """
    from oauth_cc.flows.discovery import discover

    flow = discover(issuer, retries=options.retries, cache=cache)
    return await drive(flow, sender(client, options.timeout))


async def from_issuer(
    issuer: str | Endpoint,
    credentials: ClientCredentials,
    scope: Scope = NO_SCOPE,
    *,
    certificate: Certificate | None = None,
    client: aiohttp.ClientSession | None = None,
    cache: "MetadataCache | None" = None,
    options: Options = DEFAULTS,
) -> "AddressedRequest":
    """
    Return the request of *credentials* for *scope*, with the token endpoint that the metadata of *issuer* name.

    Raises what `fetch_metadata` raises, and `InvalidInput` if the server does not support *credentials* as they are.
    """
    from oauth_cc.flows import discovery

    flow = discovery.from_issuer(
        issuer, credentials, scope, certificate=certificate, retries=options.retries, cache=cache
    )
    return await drive(flow, sender(client, options.timeout))


def sender(
    client: aiohttp.ClientSession | None, timeout: float
) -> Callable[[HttpRequest], Awaitable[Received | Failed]]:
    """
    Return what sends one request through *client*, or a connection of our own, within *timeout* seconds.

    Raises `InvalidInput` for a client of another kind.
    """
    check_kind(client, aiohttp.ClientSession)

    async def send(request: HttpRequest) -> Received | Failed:
        try:
            with anyio.fail_after(timeout):
                return await _post(request, client)
        except TimeoutError:
            return Failed(aiohttp.ServerTimeoutError(f"no whole answer within {timeout:g} seconds"), retryable=False)
        except (aiohttp.ClientError, OSError) as error:
            return _failed(error, request)

    return send


async def _post(request: HttpRequest, client: aiohttp.ClientSession | None) -> Received | Failed:
    if client is not None and client.closed:
        raise RuntimeError("the session for token requests is closed: close it after the last call")
    proxy, proxy_headers = (None, None) if client is None else _proxy(client)
    async with (
        # A session for this one request: one of the user's adds what it has, and cannot be told not to.
        aiohttp.ClientSession(
            connector=None if client is None else client.connector,
            connector_owner=client is None,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(),
            auto_decompress=False,
        ) as session,
        session.request(
            request.method,
            yarl.URL(request.url, encoded=True),
            headers=(*request.headers, ("Accept-Encoding", "identity")),
            skip_auto_headers=_AUTOMATIC,
            data=request.body,
            allow_redirects=False,
            proxy=proxy,
            proxy_headers=proxy_headers,
        ) as response,
    ):
        content = bytearray()
        while len(content) <= MAX_SIZE and (chunk := await response.content.readany()):
            content += chunk
        return _received(response, bytes(content))


def _proxy(client: aiohttp.ClientSession) -> tuple[yarl.URL | None, dict[str, str] | None]:
    # There are no public names for these two.
    given: yarl.URL | str | None = getattr(client, "_default_proxy", None)
    auth: aiohttp.BasicAuth | None = getattr(client, "_default_proxy_auth", None)
    if given is None:
        return None, None
    url = yarl.URL(given)
    field = None if auth is None else auth.encode()
    if field is None and url.user is not None:
        pair = f"{url.user}:{url.password or ''}"
        field = f"Basic {base64.b64encode(pair.encode()).decode()}"
    # As a field: aiohttp's connection errors show the URL and the credentials of a proxy.
    return url.with_user(None), None if field is None else {"Proxy-Authorization": field}


def _received(response: aiohttp.ClientResponse, content: bytes) -> Received | Failed:
    decoded = decode_content(content, response.headers.getall("Content-Encoding", ()), max_size=MAX_SIZE)
    if isinstance(decoded, str):
        return Failed(InvalidResponse(response.status, f"the answer {decoded}"), retryable=False)
    return Received(HttpResponse(response.status, response.headers.items(), decoded), time.time())


def _failed(error: aiohttp.ClientError | OSError, request: HttpRequest) -> Failed:
    tls = any(isinstance(link, ssl.SSLError | aiohttp.ServerFingerprintMismatch) for link in chain(error))
    if isinstance(error, aiohttp.ClientHttpProxyError):
        url, no_headers = yarl.URL(request.url, encoded=True), multidict.CIMultiDictProxy(multidict.CIMultiDict[str]())
        info = aiohttp.RequestInfo(url, request.method, no_headers, url)
        return Failed(aiohttp.ClientHttpProxyError(info, (), status=error.status, message=error.message), False)
    if isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError):
        # Their text quotes what was read of the answer, and that may be a token.
        return Failed(aiohttp.ClientPayloadError("the answer broke off, or is no HTTP"), retryable=True)
    return Failed(strip_tracebacks(error), isinstance(error, aiohttp.ClientConnectionError | OSError) and not tls)
