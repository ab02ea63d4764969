from oauth_cc import HttpRequest, Token


def call(token: Token) -> HttpRequest:
    return HttpRequest("GET", "https://api.example/", {"Authorization": token.access_token})  # refused
