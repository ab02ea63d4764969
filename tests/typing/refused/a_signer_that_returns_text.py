from oauth_cc import SigningKey


def sign(signing_input: bytes) -> str:
    return signing_input.hex()


SigningKey("ES256", sign, "alias/oauth")  # refused
