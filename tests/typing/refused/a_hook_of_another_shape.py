from oauth_cc import TokenRequest
from oauth_cc.httpx2 import TokenSource


def hook(event: str) -> None:
    print(event.upper())


def source(request: TokenRequest) -> TokenSource:
    return TokenSource(request, "https://as.example/token", on_event=hook)  # refused
