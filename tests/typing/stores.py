"""
Stores: the one in memory, and one of the user's own that processes share.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import assert_type

from oauth_cc import Token, TokenRequest
from oauth_cc.httpx2 import TokenSource
from oauth_cc.stores import MemoryStore, Store


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
memory = MemoryStore(behind=store)


def sources(request: TokenRequest) -> list[TokenSource]:
    """Two that share what is in memory, and one that has memory of its own before the store."""
    endpoint = "https://as.example/token"
    return [
        TokenSource(request, endpoint, store=memory),
        TokenSource(request, endpoint, store=memory),
        TokenSource(request, endpoint, store=store),
    ]


assert_type(store.load("key"), Token | None)
