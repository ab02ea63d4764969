from oauth_cc import Token


def may_read(token: Token) -> bool:
    return token.scope >= {"read"}  # refused
