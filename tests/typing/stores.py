"""
Stores: the cache in memory, and custom stores that processes share.
"""

from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from typing import assert_type

from oauth_cc import Token, TokenRequest
from oauth_cc.httpx2 import TokenSource
from oauth_cc.stores import AsyncStore, Store, TokenCache


class Shared:
    """A class with the methods of a store."""

    def __init__(self) -> None:
        self.tokens: dict[str, Token] = {}

    def load(self, key: str) -> Token | None:
        """Return the token under the key."""
        return self.tokens.get(key)

    def save(self, key: str, token: Token) -> None:
        """Store the token."""
        self.tokens[key] = token

    def discard(self, key: str, token: Token) -> None:
        """Delete the token."""
        if self.tokens.get(key) == token:
            del self.tokens[key]

    @contextmanager
    def lock(self, key: str, wait: float) -> Generator[bool, None, None]:
        """Hold the lock."""
        yield True


store: Store = Shared()
memory = TokenCache(store=store)


def sources(request: TokenRequest) -> list[TokenSource]:
    """Make two sources that share a cache, and one with a separate cache."""
    endpoint = "https://as.example/token"
    return [
        TokenSource(request, endpoint, store=memory),
        TokenSource(request, endpoint, store=memory),
        TokenSource(request, endpoint, store=store),
    ]


assert_type(store.load("key"), Token | None)


class Reporting:
    """A store whose methods return what they did."""

    def __init__(self) -> None:
        self.tokens: dict[str, Token] = {}

    def load(self, key: str) -> Token | None:
        """Return the token under the key."""
        return self.tokens.get(key)

    def save(self, key: str, token: Token) -> bool:
        """Store the token and return whether it is stored."""
        return self.tokens.setdefault(key, token) == token

    def discard(self, key: str, token: Token) -> Token | None:
        """Delete the token and return it."""
        return self.tokens.pop(key, None)

    @contextmanager
    def lock(self, key: str, wait: float) -> Generator[bool, None, None]:
        """Hold the lock."""
        yield True


class AsyncReporting:
    """The same store for async code."""

    def __init__(self) -> None:
        self.reporting = Reporting()

    async def load(self, key: str) -> Token | None:
        """Return the token under the key."""
        return self.reporting.load(key)

    async def save(self, key: str, token: Token) -> bool:
        """Store the token and return whether it is stored."""
        return self.reporting.save(key, token)

    async def discard(self, key: str, token: Token) -> int:
        """Delete the token and return how many there were."""
        return int(self.reporting.discard(key, token) is not None)

    @asynccontextmanager
    async def lock(self, key: str, wait: float) -> AsyncGenerator[bool, None]:
        """Hold the lock."""
        yield True


class Renamed:
    """A store whose parameters have other names, as linters require of unused ones."""

    def load(self, name: str, /) -> Token | None:
        """Return None."""

    def save(self, _name: str, _token: Token) -> None:
        """Do nothing."""

    def discard(self, name: str, _token: Token) -> None:
        """Do nothing."""

    def lock(self, _name: str, _wait: float) -> AbstractContextManager[bool]:
        """Return a free lock."""
        return nullcontext(True)


renamed: Store = Renamed()
reporting: Store = Reporting()
async_reporting: AsyncStore = AsyncReporting()
TokenCache(reporting)
TokenCache(async_reporting)
