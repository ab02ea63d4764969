from oauth_cc.httpx2 import TokenSource


async def token(source: TokenSource) -> None:
    async with source:  # refused
        pass
