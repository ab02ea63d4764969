from oauth_cc import Token, is_fresh


def usable(token: Token) -> bool:
    return is_fresh(token)  # refused
