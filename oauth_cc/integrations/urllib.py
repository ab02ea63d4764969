"""
Tokens with ``urllib.request``, for programs that use the standard library alone.
"""

import ssl

from oauth_cc._io import driver, source
from oauth_cc._io.arguments import check_client, token_flow
from oauth_cc._io.constructors import SourceConstructors
from oauth_cc._io.context import SourceContext
from oauth_cc._io.options import DEFAULTS, Options
from oauth_cc.integrations._urllib_sending import sender
from oauth_cc.issuer import GivenEndpoint
from oauth_cc.request import GivenRequest
from oauth_cc.stores._protocol import Store
from oauth_cc.token import Token

__all__ = ["TokenSource", "fetch_token"]


def __dir__() -> list[str]:
    return __all__


class TokenSource(SourceConstructors[ssl.SSLContext, Store], source.TokenSource):
    """
    Cache one access token and renew it before it expires. Safe to share between threads.

    Its *client* is an ``ssl.SSLContext``, with authorities and certificate. None for those of the environment.
    """

    def _start(self, context: SourceContext, client: ssl.SSLContext | None) -> None:
        check_client(context.terms.request, client)
        send = sender(client, context.options.timeout, context.options.wait_timeout)
        source.TokenSource.__init__(self, context, send, client)


def fetch_token(
    request: GivenRequest, endpoint: GivenEndpoint, *, client: ssl.SSLContext | None = None, options: Options = DEFAULTS
) -> Token:
    """
    Send one token request and return the token. `TokenSource` explains the arguments.

    Raises `TokenRequestRefused`, `InvalidResponse`, or an `OSError` if no response arrived: a ``TimeoutError`` or a
    ``urllib.error.URLError``.
    """
    return driver.drive(
        token_flow(request, endpoint, client, options), sender(client, options.timeout, options.wait_timeout)
    )
