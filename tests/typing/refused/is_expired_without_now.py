from oauth_cc import Token, is_expired


def usable(token: Token) -> bool:
    return is_expired(token)  # refused
