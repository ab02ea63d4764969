from oauth_cc import Token, TokenRequest
from oauth_cc.aiohttp import fetch_token


async def token(request: TokenRequest) -> Token:
    return fetch_token(request, "https://as.example/token")  # refused
