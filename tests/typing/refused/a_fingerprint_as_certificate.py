from oauth_cc import ClientCredentials, Scope
from oauth_cc.flows import AddressedRequest
from oauth_cc.requests import from_issuer


def found(credentials: ClientCredentials, thumbprint: str) -> AddressedRequest:
    return from_issuer("https://as.example", credentials, Scope(), certificate=thumbprint)  # refused
