from oauth_cc.compat.requests_oauthlib import OAuth2Session


def fetched(session: OAuth2Session) -> str:
    return session.fetch_token("https://as.example/token", username="someone", password="s3cret")["access_token"]  # refused
