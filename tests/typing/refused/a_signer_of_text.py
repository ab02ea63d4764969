from oauth_cc import SigningKey


def sign(text: str) -> bytes:
    return text.encode()


SigningKey("ES256", sign, "alias/oauth")  # refused
