from oauth_cc import TokenRequest
from oauth_cc.httpx2 import TokenSource
from oauth_cc.stores import AsyncStore


def source(request: TokenRequest, store: AsyncStore) -> TokenSource:
    return TokenSource(request, "https://as.example/token", store=store)  # refused
