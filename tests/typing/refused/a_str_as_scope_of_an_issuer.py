from oauth_cc import ClientCredentials
from oauth_cc.flows import AddressedRequest
from oauth_cc.httpx2 import from_issuer


def found(credentials: ClientCredentials) -> AddressedRequest:
    return from_issuer("https://as.example", credentials, "read")  # refused
