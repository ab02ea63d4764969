from oauth_cc import SigningKey


def key(pem: bytes) -> SigningKey:
    return SigningKey("ES256", pem, "alias/oauth")  # refused
