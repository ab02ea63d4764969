from oauth_cc import JwtBearerGrant, PrivateKeyJwt, SigningKey


def grant(key: SigningKey) -> JwtBearerGrant:
    beside = PrivateKeyJwt(key, "https://as.example")
    return JwtBearerGrant(key, audience="https://as.example", client_authentication=beside)  # refused
