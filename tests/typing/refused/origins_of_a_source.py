from oauth_cc import TokenRequest
from oauth_cc.httpx2 import TokenSource


def source(request: TokenRequest) -> TokenSource:
    return TokenSource(request, "https://as.example/token", origins=["https://api.example"])  # refused
