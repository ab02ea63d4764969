"""
What a store that processes share has to do.

A store keeps one `Token` for each key and lends one lock for each key. It raises `oauth_cc.errors.StoreUnavailable`, or
any other exception, if it cannot: tokens are kept in memory alone then, until it can again. Keys are those of
`oauth_cc.key.token_key`. Whatever a store gives back that it did not get is its own fault, so read strictly.
"""

import inspect
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Protocol, TypeGuard

from oauth_cc.token import Token

__all__ = ["AsyncStore", "Store", "is_async_store", "is_store"]


class Store(Protocol):
    """
    A store for threads.
    """

    def load(self, key: str) -> Token | None:
        """Gives the token under *key*, or None; what cannot be read as one is None."""
        ...

    def save(self, key: str, token: Token) -> None:
        """Keeps *token* under *key*, in place of any other."""
        ...

    def discard(self, key: str, token: Token) -> None:
        """Forgets what is under *key* if it is *token*."""
        ...

    def lock(self, key: str, wait: float) -> AbstractContextManager[bool]:
        """
        Gives the lock of *key*: entering takes it within *wait* seconds and says whether it is held, leaving frees it.
        """
        ...


class AsyncStore(Protocol):
    """
    A store for async code: `Store`, awaited.
    """

    async def load(self, key: str) -> Token | None:
        """Gives the token under *key*, or None; what cannot be read as one is None."""
        ...

    async def save(self, key: str, token: Token) -> None:
        """Keeps *token* under *key*, in place of any other."""
        ...

    async def discard(self, key: str, token: Token) -> None:
        """Forgets what is under *key* if it is *token*."""
        ...

    def lock(self, key: str, wait: float) -> AbstractAsyncContextManager[bool]:
        """
        Gives the lock of *key*: entering takes it within *wait* seconds and says whether it is held, leaving frees it.
        """
        ...


def is_store(store: Store | AsyncStore | None) -> TypeGuard[Store]:
    """Whether *store* is one for threads."""
    return store is not None and not is_async_store(store)


def is_async_store(store: Store | AsyncStore | None) -> TypeGuard[AsyncStore]:
    """Whether *store* is one for async code."""
    return store is not None and inspect.iscoroutinefunction(store.load)
