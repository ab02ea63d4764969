from oauth_cc import TokenRequest


def bound(request: TokenRequest, thumbprint: str) -> TokenRequest:
    return request.with_dpop(thumbprint)  # refused
