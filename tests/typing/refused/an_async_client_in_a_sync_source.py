import httpx2

from oauth_cc import TokenRequest
from oauth_cc.httpx2 import TokenSource


def source(request: TokenRequest, client: httpx2.AsyncClient) -> TokenSource:
    return TokenSource(request, "https://as.example/token", client=client)  # refused
