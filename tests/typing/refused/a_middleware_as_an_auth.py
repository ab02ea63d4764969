import httpx2

from oauth_cc.aiohttp import ClientCredentialsAuth


def api(auth: ClientCredentialsAuth) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(auth=auth)  # refused
