from oauth_cc import Token


def seconds_left(token: Token, now: float) -> float:
    return token.expires_at - now  # refused
