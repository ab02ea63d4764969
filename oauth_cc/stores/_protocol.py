"""
What a store that processes share has to do.

A store keeps one `Token` for each key and lends one lock for each key. It raises `oauth_cc.errors.StoreUnavailable`, or
any other exception, if it cannot: tokens are kept in memory alone then, until it can again. Keys are those of
`flows.cache_key.cache_key`. Whatever a store gives back that it did not get is its own fault, so read strictly.
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
What a method may give of which nothing is asked: whether it did something, how often, to which token. Not just any
object: a coroutine, which a store for threads would give by mistake, is one.
"""


class Store(Protocol):
    """
    A store for threads.
    """

    def load(self, key: str, /) -> Token | None:
        """Gives the token under *key*, or None; what cannot be read as one is None."""
        ...

    def save(self, key: str, token: Token, /) -> Ignored:
        """Keeps *token* under *key*, in place of any other."""
        ...

    def discard(self, key: str, token: Token, /) -> Ignored:
        """Forgets what is under *key* if it is *token*."""
        ...

    def lock(self, key: str, wait: float, /) -> AbstractContextManager[bool]:
        """
        Gives the lock of *key*: entering takes it within *wait* seconds and says whether it is held, leaving frees it.
        """
        ...


class AsyncStore(Protocol):
    """
    A store for async code: `Store`, awaited.
    """

    async def load(self, key: str, /) -> Token | None:
        """Gives the token under *key*, or None; what cannot be read as one is None."""
        ...

    async def save(self, key: str, token: Token, /) -> Ignored:
        """Keeps *token* under *key*, in place of any other."""
        ...

    async def discard(self, key: str, token: Token, /) -> Ignored:
        """Forgets what is under *key* if it is *token*."""
        ...

    def lock(self, key: str, wait: float, /) -> AbstractAsyncContextManager[bool]:
        """
        Gives the lock of *key*: entering takes it within *wait* seconds and says whether it is held, leaving frees it.
        """
        ...


def check_store(store: object) -> None:
    """Raises `InvalidInput` if *store* has not the methods of a store."""
    missing = [name for name in _METHODS if not callable(getattr(store, name, None))]
    if missing:
        raise InvalidInput("store", f"{type(store).__name__} is no store: it has no {' and no '.join(missing)}")


def is_store(store: Store | AsyncStore | None) -> TypeGuard[Store]:
    """Whether *store* is one for threads."""
    return store is not None and not is_async_store(store)


def is_async_store(store: Store | AsyncStore | None) -> TypeGuard[AsyncStore]:
    """Whether *store* is one for async code: one method that has to be awaited is enough."""
    if store is None:
        return False
    return any([is_coroutine_function(method) for method in (store.load, store.save, store.discard)])


def settled(result: T) -> T:
    """Gives *result*, what a method of a store for threads gave; raises `InvalidInput` if it has to be awaited."""
    if not inspect.isawaitable(result):
        return result
    if inspect.iscoroutine(result):
        result.close()
    raise InvalidInput("store", "is for async code, though its methods do not say so: declare them by async def")
