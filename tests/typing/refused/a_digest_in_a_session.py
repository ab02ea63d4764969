from requests.auth import HTTPDigestAuth

from oauth_cc.compat.requests_oauthlib import OAuth2Session


def fetched(session: OAuth2Session) -> str:
    return session.fetch_token("https://as.example/token", auth=HTTPDigestAuth("your_id", "s3cret"))["access_token"]  # refused
