import httpx2

from oauth_cc.requests import ClientCredentialsAuth


def api(auth: ClientCredentialsAuth) -> httpx2.Client:
    return httpx2.Client(auth=auth)  # refused
