from oauth_cc import TokenRequest
from oauth_cc.httpx2 import ClientCredentialsAuth


def auth(request: TokenRequest) -> ClientCredentialsAuth:
    return ClientCredentialsAuth(request, "https://as.example/token", origins="https://api.example")  # refused
