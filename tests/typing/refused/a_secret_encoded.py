from oauth_cc import Token


def digest(token: Token) -> bytes:
    return token.access_token.encode()  # refused
