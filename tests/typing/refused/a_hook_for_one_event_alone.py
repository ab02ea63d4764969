from oauth_cc import TokenRequest, Options
from oauth_cc.events import TokenObtained
from oauth_cc.httpx2 import TokenSource


def count(event: TokenObtained) -> None:
    print(event.milliseconds)


def source(request: TokenRequest) -> TokenSource:
    return TokenSource(request, "https://as.example/token", options=Options(on_event=count))  # refused
