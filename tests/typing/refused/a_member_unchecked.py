from oauth_cc import Token


def tenant(token: Token) -> str:
    return token.members["tenant"]  # refused
