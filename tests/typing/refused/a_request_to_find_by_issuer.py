from oauth_cc import TokenRequest
from oauth_cc.flows import AddressedRequest
from oauth_cc.httpx2 import from_issuer


def found(request: TokenRequest) -> AddressedRequest:
    return from_issuer("https://as.example", request)  # refused
