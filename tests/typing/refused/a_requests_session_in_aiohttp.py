import requests

from oauth_cc import TokenRequest
from oauth_cc.aiohttp import AsyncTokenSource


def source(request: TokenRequest, session: requests.Session) -> AsyncTokenSource:
    return AsyncTokenSource(request, "https://as.example/token", client=session)  # refused
