"""
Tokens by ``urllib.request``, for programs with the standard library alone.
"""

import ssl

from oauth_cc._io import driver, source
from oauth_cc._io.arguments import check_client, token_flow
from oauth_cc._io.constructors import SourceConstructors
from oauth_cc._io.context import SourceContext
from oauth_cc._io.options import DEFAULTS, Options
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.integrations._urllib_sending import sender
from oauth_cc.issuer import GivenEndpoint
from oauth_cc.request import TokenRequest
from oauth_cc.stores._protocol import Store
from oauth_cc.token import Token

__all__ = ["TokenSource", "fetch_token"]


def __dir__() -> list[str]:
    return __all__


class TokenSource(SourceConstructors[ssl.SSLContext, Store], source.TokenSource):
    """
    Cache one access token and renew it before it expires. Safe to share between threads.

    Args:
        request: The token request, or credentials for a request without scope.
        endpoint: The token endpoint, a URL or an `Endpoint`, or an `Issuer` whose metadata name it.
        client: The client's side of TLS, with its authorities and certificate. None for those of the environment.
        store: A `TokenCache` shared by sources, or a store shared by processes. None for a new cache.
        options: Timeout, retries, renewal and events.
    """

    def _start(self, context: SourceContext, client: ssl.SSLContext | None, options: Options) -> None:
        check_client(context.terms.request, client)
        source.TokenSource.__init__(self, context, sender(client, options.timeout, options.wait_timeout), client)


def fetch_token(
    request: TokenRequest | ClientCredentials,
    endpoint: GivenEndpoint,
    *,
    client: ssl.SSLContext | None = None,
    options: Options = DEFAULTS,
) -> Token:
    """
    Send one token request and return the token.

    Args:
        request: The token request, or credentials for a request without scope.
        endpoint: The token endpoint, a URL or an `Endpoint`, or an `Issuer` whose metadata name it.
        client: The client's side of TLS, with its authorities and certificate. None for those of the environment.
        options: Timeout and retries.

    Raises:
        TokenRequestRefused: The server rejected the request.
        InvalidResponse: The response is not a token response.
        OSError: No response arrived. It is a ``TimeoutError`` or a ``urllib.error.URLError``.
    """
    return driver.drive(
        token_flow(request, endpoint, client, options), sender(client, options.timeout, options.wait_timeout)
    )
