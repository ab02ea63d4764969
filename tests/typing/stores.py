"""
Stores: the one in memory, and one of the user's own that processes share.
"""

from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from typing import assert_type

from oauth_cc import Token, TokenRequest
from oauth_cc.httpx2 import TokenSource
from oauth_cc.stores import AsyncStore, Store, TokenCache


class Shared:
    """Any class of this shape."""

    def __init__(self) -> None:
        self.tokens: dict[str, Token] = {}

    def load(self, key: str) -> Token | None:
        """Gives the token under the key."""
        return self.tokens.get(key)

    def save(self, key: str, token: Token) -> None:
        """Keeps it."""
        self.tokens[key] = token

    def discard(self, key: str, token: Token) -> None:
        """Forgets it."""
        if self.tokens.get(key) == token:
            del self.tokens[key]

    @contextmanager
    def lock(self, key: str, wait: float) -> Generator[bool, None, None]:
        """Lends the lock."""
        yield True


store: Store = Shared()
memory = TokenCache(store=store)


def sources(request: TokenRequest) -> list[TokenSource]:
    """Two that share what is in memory, and one that has memory of its own before the store."""
    endpoint = "https://as.example/token"
    return [
        TokenSource(request, endpoint, store=memory),
        TokenSource(request, endpoint, store=memory),
        TokenSource(request, endpoint, store=store),
    ]


assert_type(store.load("key"), Token | None)


class Telling:
    """One whose methods say what they did."""

    def __init__(self) -> None:
        self.tokens: dict[str, Token] = {}

    def load(self, key: str) -> Token | None:
        """Gives the token under the key."""
        return self.tokens.get(key)

    def save(self, key: str, token: Token) -> bool:
        """Keeps it, and says whether it is another."""
        return self.tokens.setdefault(key, token) == token

    def discard(self, key: str, token: Token) -> Token | None:
        """Forgets whatever is there, and gives it."""
        return self.tokens.pop(key, None)

    @contextmanager
    def lock(self, key: str, wait: float) -> Generator[bool, None, None]:
        """Lends the lock."""
        yield True


class AsyncTelling:
    """The same for async code."""

    def __init__(self) -> None:
        self.telling = Telling()

    async def load(self, key: str) -> Token | None:
        """Gives the token under the key."""
        return self.telling.load(key)

    async def save(self, key: str, token: Token) -> bool:
        """Keeps it, and says whether it is another."""
        return self.telling.save(key, token)

    async def discard(self, key: str, token: Token) -> int:
        """Forgets whatever is there, and says how many that were."""
        return int(self.telling.discard(key, token) is not None)

    @asynccontextmanager
    async def lock(self, key: str, wait: float) -> AsyncGenerator[bool, None]:
        """Lends the lock."""
        yield True


class Renamed:
    """One whose parameters have names of its own, as linters ask where they are not used."""

    def load(self, name: str, /) -> Token | None:
        """Gives nothing."""

    def save(self, _name: str, _token: Token) -> None:
        """Keeps nothing."""

    def discard(self, name: str, _token: Token) -> None:
        """Has nothing to forget."""

    def lock(self, _name: str, _wait: float) -> AbstractContextManager[bool]:
        """Lends a lock that is free."""
        return nullcontext(True)


renamed: Store = Renamed()
telling: Store = Telling()
async_telling: AsyncStore = AsyncTelling()
TokenCache(telling)
TokenCache(async_telling)
