from oauth_cc import HttpRequest, Token, authorize
from oauth_cc.authentication import UnsignedJwt


def call(request: HttpRequest, token: Token, proof: UnsignedJwt) -> HttpRequest:
    return authorize(request, token, proof=proof)  # refused
