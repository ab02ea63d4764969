from oauth_cc import TokenRequest
from oauth_cc.requests import TokenSource
from oauth_cc.stores.redis import AsyncRedisStore


def source(request: TokenRequest, store: AsyncRedisStore) -> TokenSource:
    return TokenSource(request, "https://as.example/token", store=store)  # refused
