"""
Origins and keys in any collection that a program has.
"""

import redis
from cryptography.fernet import Fernet

from oauth_cc import Secret, TokenRequest
from oauth_cc.httpx2 import ClientCredentialsAuth
from oauth_cc.stores.redis import RedisStore

ENDPOINT = "https://as.example/token"
APIS = ("https://api.example", "https://other.example")


def auths(request: TokenRequest, configured: dict[str, str], named: list[str]) -> list[ClientCredentialsAuth]:
    """Pass a list, a tuple, a set, the keys of a mapping, and None."""
    return [
        ClientCredentialsAuth(request, ENDPOINT, origins=["https://api.example"]),
        ClientCredentialsAuth(request, ENDPOINT, origins=named),
        ClientCredentialsAuth(request, ENDPOINT, origins=APIS),
        ClientCredentialsAuth(request, ENDPOINT, origins=frozenset(named)),
        ClientCredentialsAuth(request, ENDPOINT, origins={*APIS, *named}),
        ClientCredentialsAuth(request, ENDPOINT, origins=configured.keys()),
        ClientCredentialsAuth(request, ENDPOINT, origins=None),
    ]


def stores(client: redis.Redis, old: list[bytes], secrets: tuple[Secret, ...]) -> list[RedisStore]:
    """Pass keys of one type, of several types, and none."""
    return [
        RedisStore(client, keys=old),
        RedisStore(client, keys=secrets),
        RedisStore(client, keys=[Fernet.generate_key(), *old]),
        RedisStore(client, keys=[Secret("k3y"), "older", b"oldest"]),
        RedisStore(client, keys=None),
    ]
