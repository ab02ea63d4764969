from oauth_cc import JwtBearerGrant, SigningKey


def grant(key: SigningKey) -> JwtBearerGrant:
    return JwtBearerGrant(key)  # refused
