from oauth_cc import ClientCredentials
from oauth_cc.requests import from_issuer


def endpoint(credentials: ClientCredentials) -> str:
    return from_issuer("https://as.example", credentials)[1]  # refused
