from oauth_cc import Token


def header(token: Token) -> str:
    return "Bearer " + token  # refused
