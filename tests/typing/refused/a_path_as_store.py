from pathlib import Path

from oauth_cc import TokenRequest
from oauth_cc.httpx2 import TokenSource


def source(request: TokenRequest) -> TokenSource:
    return TokenSource(request, "https://as.example/token", store=Path("tokens"))  # refused
