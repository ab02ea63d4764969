from oauth_cc import ClientCredentials
from oauth_cc.httpx2 import ClientCredentialsAuth, from_issuer


def auth(credentials: ClientCredentials) -> ClientCredentialsAuth:
    return ClientCredentialsAuth(from_issuer("https://as.example", credentials))  # refused
