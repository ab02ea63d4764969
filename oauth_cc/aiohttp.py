"""
Tokens for aiohttp sessions.

A token request uses the connector, the proxy and the trace configs of the session, and the proxies of the environment
if the session does. Otherwise it is sent exactly as composed. No redirect is followed, and no ``.netrc``, cookie,
default header, default authentication or middleware of the session is added. At most 1 MiB of the response is read.
"""

from typing import TYPE_CHECKING, TypeVar, final

try:
    from aiohttp import ClientSession

    from oauth_cc._io.aiohttp_sending import sender
except ImportError as _error:
    raise ImportError("oauth_cc.aiohttp needs aiohttp and anyio; install oauth_cc[aiohttp]") from _error

from oauth_cc._io import async_source
from oauth_cc._io.aiohttp_calls import AiohttpCalls
from oauth_cc._io.arguments import check_client, metadata_flow, token_flow
from oauth_cc._io.async_driver import drive
from oauth_cc._io.constructors import AuthConstructors, SourceConstructors
from oauth_cc._io.context import SourceContext
from oauth_cc._io.options import DEFAULTS, Options, check_options
from oauth_cc._io.origins import Origins
from oauth_cc._wire.typing import NonStringCollection
from oauth_cc.endpoint import Endpoint
from oauth_cc.flows.effects import Flow
from oauth_cc.flows.metadata_cache import MetadataCache
from oauth_cc.issuer import GivenEndpoint
from oauth_cc.request import GivenRequest
from oauth_cc.stores._protocol import AsyncStore, Store
from oauth_cc.token import Token

if TYPE_CHECKING:
    from oauth_cc.metadata import ServerMetadata

T = TypeVar("T")

__all__ = ["AsyncTokenSource", "ClientCredentialsAuth", "fetch_metadata", "fetch_token", "perform"]


def __dir__() -> list[str]:
    return __all__


class AsyncTokenSource(SourceConstructors[ClientSession, Store | AsyncStore], async_source.AsyncTokenSource):
    """Cache one access token and renew it before it expires, for tasks on asyncio."""

    def _start(self, context: SourceContext, client: ClientSession | None) -> None:
        check_client(context.terms.request, client)
        async_source.AsyncTokenSource.__init__(self, context, sender(client, context.options.timeout), client)


@final
class ClientCredentialsAuth(AuthConstructors[ClientSession, Store | AsyncStore], AiohttpCalls[AsyncTokenSource]):
    """
    Authorize the calls of a session, ``aiohttp.ClientSession(middlewares=(auth,))``, or one call.

    The token replaces any Authorization header, for each hop of a redirect separately (RFC 6750 section 5.3). After a
    hop to another origin, a call goes on without the token. If the API rejects the token with a 401, the call is
    repeated once with a new token. A call is not repeated unless its body is bytes, text, JSON or a form of these. No
    ``request_info`` holds the token, so errors do not show it. Calls raise the errors of `AsyncTokenSource.token`.
    """

    def _start(
        self, context: SourceContext, client: ClientSession | None, origins: NonStringCollection[str] | None
    ) -> None:
        self._context = context
        self._source = AsyncTokenSource.of_context(context, client)
        self._origins = Origins(origins, context.terms.request.resources)


async def fetch_token(
    request: GivenRequest, endpoint: GivenEndpoint, *, client: ClientSession | None = None, options: Options = DEFAULTS
) -> Token:
    """
    Send one token request and return the token. `AsyncTokenSource` explains the arguments.

    Raises `TokenRequestRefused`, `InvalidResponse`, or `aiohttp.ClientError` if no response arrived.
    """
    return await perform(token_flow(request, endpoint, client, options), client=client, options=options)


async def fetch_metadata(
    issuer: str | Endpoint,
    *,
    client: ClientSession | None = None,
    cache: MetadataCache | None = None,
    options: Options = DEFAULTS,
) -> "ServerMetadata":
    """
    Fetch the metadata of a server (RFC 8414), from *cache* while they are fresh. `from_issuer` explains the arguments.

    Raises `InvalidResponse` if they are not those of *issuer*, or `aiohttp.ClientError` if no response arrived.
    """
    return await perform(metadata_flow(issuer, cache, options), client=client, options=options)


async def perform(flow: Flow[T], *, client: ClientSession | None = None, options: Options = DEFAULTS) -> T:
    """
    Perform a flow of `oauth_cc.flows`, such as ``revoke``, once, with its own retries, and return its result.

    `AsyncTokenSource` explains the arguments. Raises `aiohttp.ClientError` if no response arrived.
    """
    check_options(options)
    return await drive(flow, sender(client, options.timeout))
