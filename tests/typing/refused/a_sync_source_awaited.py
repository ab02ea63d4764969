from oauth_cc.httpx2 import TokenSource


async def token(source: TokenSource) -> None:
    await source.token()  # refused
