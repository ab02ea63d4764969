from oauth_cc.compat.requests_oauthlib import OAuth2Session


def fetched(session: OAuth2Session) -> str:
    return session.fetch_token("https://as.example/token", client_secret=b"s3cret")["access_token"]  # refused
