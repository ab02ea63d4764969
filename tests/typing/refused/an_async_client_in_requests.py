import aiohttp

from oauth_cc import TokenRequest
from oauth_cc.requests import ClientCredentialsAuth


def auth(request: TokenRequest, session: aiohttp.ClientSession) -> ClientCredentialsAuth:
    return ClientCredentialsAuth(request, "https://as.example/token", client=session)  # refused
