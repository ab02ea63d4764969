"""
Tokens for requests sessions.

A token request goes through the session as its API calls do: through its ``send``, adapters and response hooks, with
its proxies, authorities and certificate and those of the environment. Otherwise it is sent exactly as composed. No
redirect is followed, no ``.netrc``, cookie, default header or default authentication is added, and nothing of the
response stays in the session. At most 1 MiB of the response is read.
"""

from typing import TYPE_CHECKING, TypeVar

try:
    from requests import Session
    from requests.auth import AuthBase
except ImportError as _error:
    raise ImportError("oauth_cc.requests needs requests; install oauth_cc[requests]") from _error

from oauth_cc._io import driver, source
from oauth_cc._io.arguments import check_client, metadata_flow, token_flow
from oauth_cc._io.constructors import AuthConstructors, SourceConstructors
from oauth_cc._io.context import SourceContext
from oauth_cc._io.options import DEFAULTS, Options, check_options
from oauth_cc._io.origins import Origins
from oauth_cc._io.requests_calls import RequestsCalls
from oauth_cc._io.requests_repeating import beside_a_stand_in
from oauth_cc._io.requests_sending import Timeout as Timeout
from oauth_cc._io.requests_sending import sender as sender
from oauth_cc._wire.typing import NonStringCollection
from oauth_cc.endpoint import Endpoint
from oauth_cc.flows.effects import Flow
from oauth_cc.flows.metadata_cache import MetadataCache
from oauth_cc.issuer import GivenEndpoint
from oauth_cc.request import GivenRequest
from oauth_cc.stores._protocol import Store
from oauth_cc.token import Token

if TYPE_CHECKING:
    from oauth_cc.metadata import ServerMetadata

T = TypeVar("T")

__all__ = ["ClientCredentialsAuth", "TokenSource", "fetch_metadata", "fetch_token", "perform"]


def __dir__() -> list[str]:
    return __all__


class TokenSource(SourceConstructors[Session, Store], source.TokenSource):
    """Cache one access token and renew it before it expires. Safe to share between threads."""

    def _start(self, context: SourceContext, client: Session | None) -> None:
        check_client(context.terms.request, client)
        send = sender(client, context.options.timeout, context.options.wait_timeout)
        # Without the client, which is asked whether it is closed: a session of requests stays open.
        source.TokenSource.__init__(self, context, send, beside=beside_a_stand_in)


class ClientCredentialsAuth(AuthConstructors[Session, Store], RequestsCalls[TokenSource], AuthBase):
    """
    Authorize each call: ``session.auth = auth``, or ``requests.get(url, auth=auth)``.

    If the API rejects the token with a 401, the call is repeated once with a new token. A call is not repeated unless
    its body is in memory or in a seekable file. Calls raise the errors of `TokenSource.token`.
    """

    def _start(self, context: SourceContext, client: Session | None, origins: NonStringCollection[str] | None) -> None:
        self._context = context
        self._source = TokenSource.of_context(context, client)
        self._origins = Origins(origins, context.terms.request.resources)
        self._admitted = set()


def fetch_token(
    request: GivenRequest, endpoint: GivenEndpoint, *, client: Session | None = None, options: Options = DEFAULTS
) -> Token:
    """
    Send one token request and return the token. `TokenSource` explains the arguments.

    Raises `TokenRequestRefused`, `InvalidResponse`, or `requests.RequestException` if no response arrived.
    """
    return perform(token_flow(request, endpoint, client, options), client=client, options=options)


def fetch_metadata(
    issuer: str | Endpoint,
    *,
    client: Session | None = None,
    cache: MetadataCache | None = None,
    options: Options = DEFAULTS,
) -> "ServerMetadata":
    """
    Fetch the metadata of a server (RFC 8414), from *cache* while they are fresh. `from_issuer` explains the arguments.

    Raises `InvalidResponse` if they are not those of *issuer*, or `requests.RequestException` if no response arrived.
    """
    return perform(metadata_flow(issuer, cache, options), client=client, options=options)


def perform(flow: Flow[T], *, client: Session | None = None, options: Options = DEFAULTS) -> T:
    """
    Perform a flow of `oauth_cc.flows`, such as ``revoke``, once, with its own retries, and return its result.

    `TokenSource` explains the arguments. Raises `requests.RequestException` if no response arrived.
    """
    check_options(options)
    return driver.drive(flow, sender(client, options.timeout, options.wait_timeout))
