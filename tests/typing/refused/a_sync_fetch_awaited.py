from oauth_cc import Token, TokenRequest
from oauth_cc.httpx2 import fetch_token


async def token(request: TokenRequest) -> Token:
    return await fetch_token(request, "https://as.example/token")  # refused
