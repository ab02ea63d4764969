from oauth_cc import HttpRequest, authorize
from oauth_cc.compat.requests_oauthlib import OAuth2Session


def call(session: OAuth2Session) -> HttpRequest:
    return authorize(HttpRequest("GET", "https://api.example/"), session.token)  # refused
