import httpx2

from oauth_cc.httpx2 import TokenSource


def api(source: TokenSource) -> httpx2.Client:
    return httpx2.Client(auth=source)  # refused
