from oauth_cc import Token


def shown(token: Token) -> str:
    return token.expires_at.isoformat()  # refused
