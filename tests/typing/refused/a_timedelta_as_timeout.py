from datetime import timedelta

from oauth_cc import TokenRequest, Options
from oauth_cc.httpx2 import TokenSource


def source(request: TokenRequest) -> TokenSource:
    return TokenSource(request, "https://as.example/token", options=Options(timeout=timedelta(seconds=5)))  # refused
