"""
Where tokens are kept, for the threads and tasks of a process, and beyond it.
"""

from oauth_cc.stores._protocol import AsyncStore, Store
from oauth_cc.stores.cache import MemoryStore

__all__ = ["AsyncStore", "MemoryStore", "Store"]
