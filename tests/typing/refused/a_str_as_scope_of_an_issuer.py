from oauth_cc import ClientCredentials
from oauth_cc.httpx2 import TokenSource


def source(credentials: ClientCredentials) -> TokenSource:
    return TokenSource.from_issuer("https://as.example", credentials, "read")  # refused
