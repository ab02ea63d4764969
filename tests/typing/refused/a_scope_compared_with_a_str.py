from oauth_cc import Token


def advice(token: Token) -> str:
    if token.scope == "read":  # refused by mypy, pyright, ty
        return "ask for more"
    return "go on"
