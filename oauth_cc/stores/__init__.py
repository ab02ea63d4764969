"""
Where tokens are kept, for the threads and tasks of a process, and beyond it.
"""

from oauth_cc.stores._protocol import AsyncStore, Store
from oauth_cc.stores.cache import TokenCache

__all__ = ["AsyncStore", "Store", "TokenCache"]


def __dir__() -> list[str]:
    return __all__
