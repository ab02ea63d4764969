"""
The source of tokens that asks for them through requests.
"""

import requests

from oauth_cc._io import source
from oauth_cc._io.context import SourceOptions, check_client
from oauth_cc.events import EventHook
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries
from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow
from oauth_cc.flows.renewal import DEFAULT_PATIENCE
from oauth_cc.request import TokenRequest
from oauth_cc.requests._sending import DEFAULT_TIMEOUT, Timeout, sender
from oauth_cc.stores._protocol import Store
from oauth_cc.stores.cache import MemoryStore

__all__ = ["TokenSource"]


class TokenSource(source.TokenSource):
    """
    A source of fresh tokens over requests: `_io.source.TokenSource` with *client* and *timeout* as `fetch_token`
    has them.
    """

    def __init__(
        self,
        request: TokenRequest,
        endpoint: str,
        *,
        client: requests.Session | None = None,
        store: MemoryStore | Store | None = None,
        timeout: Timeout = DEFAULT_TIMEOUT,
        retries: Retries = DEFAULT_RETRIES,
        window: RenewalWindow = DEFAULT_WINDOW,
        patience: float = DEFAULT_PATIENCE,
        on_event: EventHook | None = None,
        allow_http_loopback: bool = False,
    ) -> None:
        options: SourceOptions = {
            "retries": retries,
            "window": window,
            "patience": patience,
            "on_event": on_event,
            "allow_http_loopback": allow_http_loopback,
        }
        check_client(request, client)
        super().__init__(request, endpoint, send=sender(client, timeout), store=store, **options)
