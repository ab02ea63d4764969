from oauth_cc import HttpRequest, TokenRequest, http_request


def composed(request: TokenRequest, signature: bytes) -> HttpRequest:
    return http_request(request, "https://as.example/token", assertion=signature)  # refused
