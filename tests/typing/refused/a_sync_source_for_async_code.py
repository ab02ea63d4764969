from oauth_cc import Token
from oauth_cc.httpx2 import AsyncTokenSource, TokenSource


async def token(source: AsyncTokenSource) -> Token:
    return await source.token()


async def main(source: TokenSource) -> Token:
    return await token(source)  # refused
