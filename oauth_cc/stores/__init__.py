"""
The in-memory cache of tokens, and the protocols of stores that processes share.
"""

from oauth_cc.stores._protocol import AsyncStore, Store
from oauth_cc.stores.cache import TokenCache

__all__ = ["AsyncStore", "Store", "TokenCache"]


def __dir__() -> list[str]:
    return __all__
