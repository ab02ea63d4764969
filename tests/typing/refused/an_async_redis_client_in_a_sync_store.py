import redis.asyncio

from oauth_cc.stores.redis import RedisStore


def store(client: redis.asyncio.Redis) -> RedisStore:
    return RedisStore(client)  # refused
