from oauth_cc import Token


def advice(token: Token) -> str:
    if token == "2YotnFZFEjr1zCsicMWpAA":  # refused by mypy, pyright, ty
        return "that is the one of the RFC"
    return "go on"
