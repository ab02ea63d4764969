from oauth_cc import TokenRequest
from oauth_cc.events import Event
from oauth_cc.httpx2 import AsyncTokenSource


async def count(event: Event) -> None:
    print(event)


def source(request: TokenRequest) -> AsyncTokenSource:
    return AsyncTokenSource(request, "https://as.example/token", on_event=count)  # refused
