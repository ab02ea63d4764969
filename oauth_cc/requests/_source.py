"""
The source of tokens that asks for them through requests.
"""

import requests

from oauth_cc._io import source
from oauth_cc._io.context import SourceOptions, check_client
from oauth_cc.events import EventHook
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries
from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow
from oauth_cc.flows.renewal import DEFAULT_WAIT_TIMEOUT
from oauth_cc.request import TokenRequest
from oauth_cc.requests._sending import DEFAULT_TIMEOUT, Timeout, sender
from oauth_cc.stores._protocol import Store
from oauth_cc.stores.cache import TokenCache


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
        store: TokenCache | Store | None = None,
        timeout: Timeout = DEFAULT_TIMEOUT,
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
