from oauth_cc import Token, authorize


def call(token: Token) -> None:
    authorize("https://api.example/", token)  # refused
