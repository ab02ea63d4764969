"""
Tokens in files, shared by the processes of a machine, in threads and in async code.
"""

from pathlib import Path
from typing import assert_type

from oauth_cc import ClientCredentials, Scope, Token, token_request
from oauth_cc.httpx2 import AsyncTokenSource, ClientCredentialsAuth, TokenSource
from oauth_cc.stores import Store, TokenCache
from oauth_cc.stores.file import Entry, FileStore

ENDPOINT = "https://as.example/token"
request = token_request(ClientCredentials("your_id", "s3cret"), Scope.of("read"))

files = FileStore(Path("/run/user/1000/tokens"))
store: Store = files
memory = TokenCache(FileStore())

sources: list[TokenSource | AsyncTokenSource | ClientCredentialsAuth] = [
    TokenSource(request, ENDPOINT, store=files),
    AsyncTokenSource(request, ENDPOINT, store=files),
    ClientCredentialsAuth(request, ENDPOINT, store=memory),
]


def shown() -> list[str]:
    """Return a line for each stored token."""
    assert_type(files.entries(), list[Entry])
    assert_type(files.load("0" * 64), Token | None)
    assert_type(files.clear(), int)
    return [f"{entry.key} {entry.scope} {entry.ends_at:.0f}" for entry in files.entries()]


def renewed() -> bool:
    """Return whether the lock was acquired."""
    with files.lock("0" * 64, 1.0) as held:
        assert_type(held, bool)
        return held
