"""
Stores: the cost of a cached token with each store, and the time of each operation of a renewal.
"""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
from cryptography.fernet import Fernet

from oauth_cc import Secret, Token
from oauth_cc.httpx2 import TokenSource
from oauth_cc.stores import Store, TokenCache
from oauth_cc.stores.file import FileStore
from oauth_cc.stores.redis import RedisStore
from tests.benchmarks.calls import ENDPOINT, REQUEST, Network
from tests.benchmarks.measure import Row, microseconds
from tests.redis_server import RedisServer, find_program

KEY = "0123456789abcdef" * 4


@contextlib.contextmanager
def stores() -> Iterator[dict[str, Store]]:
    """Yield the available stores."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        found: dict[str, Store] = {"FileStore": FileStore(f"{folder}/tokens")}
        program = find_program(Path(folder))
        if program is not None:
            client = stack.enter_context(stack.enter_context(RedisServer(program)).client())
            found["RedisStore"] = RedisStore(client)
            found["RedisStore, encrypted"] = RedisStore(client, prefix="sealed:", keys=[Fernet.generate_key()])
        yield found


def cached(found: dict[str, Store]) -> Row:
    """Measure a fresh cached token with each store."""
    client = httpx2.Client(transport=httpx2.MockTransport(Network().httpx2))
    layers: dict[str, Store | TokenCache] = {"memory alone": TokenCache(), **found}
    sources = {name: TokenSource(REQUEST, ENDPOINT, client=client, store=store) for name, store in layers.items()}
    figures = microseconds({name: source.token for name, source in sources.items()})
    return Row("a cached token", figures, "1 µs", max(figures.values()) < 1)


def operations(found: dict[str, Store]) -> list[Row]:
    """Measure the operations that a renewal performs on each store."""
    now = time.time()
    kept = Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "Bearer", now, now + 3600)
    return [
        Row("save", microseconds({name: _save(store, kept) for name, store in found.items()})),
        Row("load", microseconds({name: _load(store) for name, store in found.items()})),
        Row("acquire and release the lock", microseconds({name: _lock(store) for name, store in found.items()})),
    ]


def _load(store: Store) -> Callable[[], object]:
    return lambda: store.load(KEY)


def _save(store: Store, token: Token) -> Callable[[], object]:
    return lambda: store.save(KEY, token)


def _lock(store: Store) -> Callable[[], object]:
    def taken() -> None:
        with store.lock(KEY, 0.0):
            pass

    return taken
