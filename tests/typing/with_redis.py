"""
Tokens in Redis, shared by a fleet, on the clients of redis-py.
"""

from typing import assert_type

import redis
import redis.asyncio

from oauth_cc import ClientCredentials, Scope, Secret, Token, token_request
from oauth_cc.httpx2 import AsyncTokenSource, TokenSource
from oauth_cc.stores import AsyncStore, Store, TokenCache
from oauth_cc.stores.redis import AsyncRedisStore, RedisStore

ENDPOINT = "https://as.example/token"
request = token_request(ClientCredentials("your_id", "s3cret"), Scope.of("read"))


def threads(client: redis.Redis, cluster: redis.RedisCluster) -> Token:
    """Use a store from threads."""
    store: Store = RedisStore(cluster, prefix="billing:", lock_lifetime=60.0)
    kept = RedisStore(client, keys=[Secret("k3y"), "older", b"oldest"])
    assert_type(kept.load("0" * 64), Token | None)
    with kept.lock("0" * 64, 1.0) as held:
        assert_type(held, bool)
    with TokenSource(request, ENDPOINT, store=TokenCache(store)) as source:
        return source.token()


async def tasks(client: redis.asyncio.Redis, cluster: redis.asyncio.RedisCluster) -> Token:
    """Use a store from async code."""
    store: AsyncStore = AsyncRedisStore(cluster)
    kept = AsyncRedisStore(client)
    assert_type(await kept.load("0" * 64), Token | None)
    async with kept.lock("0" * 64, 1.0) as held:
        assert_type(held, bool)
    async with AsyncTokenSource(request, ENDPOINT, store=TokenCache(store)) as source:
        return await source.token()


def made() -> tuple[RedisStore, AsyncRedisStore]:
    """Make stores with new clients."""
    return (
        RedisStore(redis.Redis(host="redis.example", ssl=True, socket_timeout=1.0)),
        AsyncRedisStore(redis.asyncio.Redis(host="redis.example", socket_timeout=1.0)),
    )
