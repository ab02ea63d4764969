from oauth_cc import Token


def tag(token: Token) -> None:
    token.members["tenant"] = "mine"  # refused
