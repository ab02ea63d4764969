from oauth_cc.httpx2 import TokenSource


def key(source: TokenSource) -> str:
    return source.token()  # refused
