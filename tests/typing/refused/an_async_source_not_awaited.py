from oauth_cc import Token
from oauth_cc.httpx2 import AsyncTokenSource


def token(source: AsyncTokenSource) -> Token:
    return source.token()  # refused
