"""
Where tokens are kept, for the threads and tasks of a process, and beyond it.
"""

from oauth_cc.stores.memory import MemoryStore
from oauth_cc.stores.protocol import AsyncStore, Store

__all__ = ["AsyncStore", "MemoryStore", "Store"]
