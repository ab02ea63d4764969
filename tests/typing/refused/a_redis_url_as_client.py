from oauth_cc.stores.redis import RedisStore

RedisStore("rediss://redis.example")  # refused
