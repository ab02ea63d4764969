from oauth_cc import HttpRequest, TokenRequest, http_request, unsigned_assertion


def composed(request: TokenRequest, now: float) -> HttpRequest:
    unsigned = unsigned_assertion(request, now=now, unique_id="a new one each time")
    return http_request(request, "https://as.example/token", assertion=unsigned)  # refused
