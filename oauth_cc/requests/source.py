"""
The source of tokens that asks for them through requests.
"""

from typing import Unpack

import requests

from oauth_cc import source
from oauth_cc.desk import SourceOptions
from oauth_cc.request import TokenRequest
from oauth_cc.requests.sending import DEFAULT_TIMEOUT, sender
from oauth_cc.stores.memory import MemoryStore
from oauth_cc.stores.protocol import Store

__all__ = ["TokenSource"]


class TokenSource(source.TokenSource):
    """
    A source of fresh tokens over requests: `oauth_cc.source.TokenSource` with *client* and *timeout* as `fetch_token`
    has them.
    """

    def __init__(
        self,
        request: TokenRequest,
        endpoint: str,
        *,
        client: requests.Session | None = None,
        store: MemoryStore | Store | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        **options: Unpack[SourceOptions],
    ) -> None:
        super().__init__(request, endpoint, send=sender(client, timeout), store=store, **options)
