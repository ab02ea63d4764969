from oauth_cc import Token


def tag(token: Token) -> None:
    token.extra["tenant"] = "mine"  # refused
