import redis.asyncio

from oauth_cc.stores.redis import AsyncRedisStore


def store(client: redis.asyncio.Redis, key: bytes) -> AsyncRedisStore:
    return AsyncRedisStore(client, keys=key)  # refused
