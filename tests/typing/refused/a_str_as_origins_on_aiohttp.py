from oauth_cc import TokenRequest
from oauth_cc.aiohttp import ClientCredentialsAuth


def auth(request: TokenRequest) -> ClientCredentialsAuth:
    return ClientCredentialsAuth(request, "https://as.example/token", origins="https://api.example")  # refused
