from oauth_cc.httpx2 import AsyncTokenSource


async def warm(source: AsyncTokenSource) -> None:
    source.token()  # refused
