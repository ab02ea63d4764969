from oauth_cc import TokenRequest
from oauth_cc.events import TokenObtained
from oauth_cc.httpx2 import TokenSource


def count(event: TokenObtained) -> None:
    print(event.milliseconds)


def source(request: TokenRequest) -> TokenSource:
    return TokenSource(request, "https://as.example/token", on_event=count)  # refused
