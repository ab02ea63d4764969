from oauth_cc import TokenRequest, Options
from oauth_cc.events import Event
from oauth_cc.httpx2 import AsyncTokenSource


async def count(event: Event) -> None:
    print(event)


def source(request: TokenRequest) -> AsyncTokenSource:
    return AsyncTokenSource(request, "https://as.example/token", options=Options(on_event=count))  # refused
