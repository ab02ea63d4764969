import httpx

from oauth_cc import TokenRequest
from oauth_cc.httpx2 import TokenSource


def source(request: TokenRequest, client: httpx.Client) -> TokenSource:
    return TokenSource(request, "https://as.example/token", client=client)  # refused
