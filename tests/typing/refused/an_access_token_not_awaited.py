from oauth_cc.aiohttp import AsyncTokenSource


async def key(source: AsyncTokenSource) -> str:
    return source.access_token()  # refused
