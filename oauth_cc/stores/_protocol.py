"""
The protocols of stores that processes share.

A store has one token and one lock for each key. Keys are those of `oauth_cc.flows.cache_key.cache_key`. A store that
fails raises `oauth_cc.errors.StoreUnavailable` or any other exception; tokens are then cached in memory only until it
works again. A store must read its entries strictly, as callers trust every token that it returns.
"""

import inspect
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Final, Protocol, TypeAlias, TypeGuard, TypeVar

from oauth_cc._wire.typing import is_coroutine_function
from oauth_cc.errors import InvalidInput
from oauth_cc.token import Token

T = TypeVar("T")

_METHODS: Final = ("load", "save", "discard", "lock")

Ignored: TypeAlias = Token | int | None
"""
The type of a result that is ignored. It is narrower than ``object``, so that type checkers reject a coroutine.
"""


class Store(Protocol):
    """
    A store for threads.
    """

    def load(self, key: str, /) -> Token | None:
        """Return the token under *key*, None if there is none or the entry cannot be read."""
        ...

    def save(self, key: str, token: Token, /) -> Ignored:
        """
        Save *token* under *key*, in place of any other token.

        Args:
            key: The cache key, 64 hexadecimal digits.
            token: The token. `Token.to_json` serializes it.
        """
        ...

    def discard(self, key: str, token: Token, /) -> Ignored:
        """
        Delete the entry under *key* if it is *token*.

        Args:
            key: The cache key, 64 hexadecimal digits.
            token: The rejected token. Another process may have replaced it.
        """
        ...

    def lock(self, key: str, wait: float, /) -> AbstractContextManager[bool]:
        """
        Return the lock of *key*, a context manager that returns whether it is held and releases it at the end.

        Args:
            key: The cache key, 64 hexadecimal digits.
            wait: Seconds to wait for the lock.
        """
        ...


class AsyncStore(Protocol):
    """
    A store for async code: `Store` with coroutine methods.
    """

    async def load(self, key: str, /) -> Token | None:
        """Return the token under *key*, None if there is none or the entry cannot be read."""
        ...

    async def save(self, key: str, token: Token, /) -> Ignored:
        """
        Save *token* under *key*, in place of any other token.

        Args:
            key: The cache key, 64 hexadecimal digits.
            token: The token. `Token.to_json` serializes it.
        """
        ...

    async def discard(self, key: str, token: Token, /) -> Ignored:
        """
        Delete the entry under *key* if it is *token*.

        Args:
            key: The cache key, 64 hexadecimal digits.
            token: The rejected token. Another process may have replaced it.
        """
        ...

    def lock(self, key: str, wait: float, /) -> AbstractAsyncContextManager[bool]:
        """
        Return the lock of *key*, an async context manager that returns whether it is held and releases it at the end.

        Args:
            key: The cache key, 64 hexadecimal digits.
            wait: Seconds to wait for the lock.
        """
        ...


def check_store(store: object) -> None:
    """Raise `InvalidInput` if *store* does not have the methods of a store."""
    missing = [name for name in _METHODS if not callable(getattr(store, name, None))]
    if missing:
        kinds = "a FileStore, a RedisStore, a TokenCache or an object with load, save, discard and lock"
        lacking = "" if len(missing) == len(_METHODS) else f", which lacks {' and '.join(missing)}"
        reason = f"store must be {kinds}, not {type(store).__name__}{lacking}"
        raise InvalidInput("store", reason)


def is_store(store: Store | AsyncStore | None) -> TypeGuard[Store]:
    """Return whether *store* is a store for threads."""
    return store is not None and not is_async_store(store)


def is_async_store(store: Store | AsyncStore | None) -> TypeGuard[AsyncStore]:
    """Return whether *store* is a store for async code, that is, any of its methods is a coroutine function."""
    if store is None:
        return False
    return any([is_coroutine_function(method) for method in (store.load, store.save, store.discard)])


def settled(result: T) -> T:
    """Return *result*, the result of a store for threads. Raise `InvalidInput` if it is awaitable."""
    if not inspect.isawaitable(result):
        return result
    if inspect.iscoroutine(result):
        result.close()
    raise InvalidInput("store", "store methods that return an awaitable must be declared with async def")
