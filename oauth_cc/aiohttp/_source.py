"""
The source of tokens that asks for them through aiohttp.
"""

import aiohttp

from oauth_cc._io import async_source
from oauth_cc._io.context import SourceOptions, check_client
from oauth_cc.aiohttp._sending import DEFAULT_TIMEOUT, sender
from oauth_cc.events import EventHook
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries
from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow
from oauth_cc.flows.renewal import DEFAULT_WAIT_TIMEOUT
from oauth_cc.request import TokenRequest
from oauth_cc.stores._protocol import AsyncStore, Store
from oauth_cc.stores.cache import TokenCache


class AsyncTokenSource(async_source.AsyncTokenSource):
    """
    Gives a token that is fresh, asked for through aiohttp: `oauth_cc._io.async_source.AsyncTokenSource` for asyncio.

    *request*, *endpoint*, *store* and the others: as there; *client*, *timeout*: as `fetch_token` has them. Raises
    `oauth_cc.InvalidInput` if what is given could not be sent.
    """

    def __init__(
        self,
        request: TokenRequest,
        endpoint: str,
        *,
        client: aiohttp.ClientSession | None = None,
        store: TokenCache | Store | AsyncStore | None = None,
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
        check_client(request, client)
        super().__init__(request, endpoint, send=sender(client, timeout), store=store, **options)
