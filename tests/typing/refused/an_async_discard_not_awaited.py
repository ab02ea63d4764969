from oauth_cc import Token
from oauth_cc.httpx2 import AsyncTokenSource


async def forget(source: AsyncTokenSource, token: Token) -> None:
    source.discard(token)  # refused
