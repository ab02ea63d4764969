import redis

from oauth_cc.stores.redis import RedisStore


def store(client: redis.Redis, key: str) -> RedisStore:
    return RedisStore(client, keys=key)  # refused
