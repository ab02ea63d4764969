from oauth_cc import Token


def advice(token: Token) -> str:
    if token.scope == {"read", "write"}:  # refused by mypy, pyright
        return "go on"
    return "ask for more"
