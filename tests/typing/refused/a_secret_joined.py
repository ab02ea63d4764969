from oauth_cc import Token


def header(token: Token) -> str:
    return " ".join(["Bearer", token.access_token])  # refused
