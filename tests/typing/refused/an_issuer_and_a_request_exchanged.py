from oauth_cc import TokenRequest
from oauth_cc.requests import ClientCredentialsAuth


def auth(request: TokenRequest) -> ClientCredentialsAuth:
    return ClientCredentialsAuth.from_issuer(request, "https://as.example")  # refused
