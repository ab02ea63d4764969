from oauth_cc import PrivateKeyJwt


def way(pem: str) -> PrivateKeyJwt:
    return PrivateKeyJwt(pem, "https://as.example")  # refused
