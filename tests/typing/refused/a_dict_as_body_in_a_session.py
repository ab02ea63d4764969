from oauth_cc.compat.requests_oauthlib import OAuth2Session


def fetched(session: OAuth2Session) -> str:
    return session.fetch_token("https://as.example/token", client_secret="s3cret", body={"x": "1"})["access_token"]  # refused
