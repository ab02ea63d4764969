import httpx2

from oauth_cc import TokenRequest
from oauth_cc.httpx2 import AsyncTokenSource


def source(request: TokenRequest, client: httpx2.Client) -> AsyncTokenSource:
    return AsyncTokenSource(request, "https://as.example/token", client=client)  # refused
