from oauth_cc import TokenRequest, Options
from oauth_cc.httpx2 import TokenSource


def hook(event: str) -> None:
    print(event.upper())


def source(request: TokenRequest) -> TokenSource:
    return TokenSource(request, "https://as.example/token", options=Options(on_event=hook))  # refused
