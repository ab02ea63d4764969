from oauth_cc import Token


def tenant(token: Token) -> str:
    return token.extra["tenant"]  # refused
