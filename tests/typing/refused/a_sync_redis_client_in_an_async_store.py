import redis

from oauth_cc.stores.redis import AsyncRedisStore


def store(client: redis.Redis) -> AsyncRedisStore:
    return AsyncRedisStore(client)  # refused
