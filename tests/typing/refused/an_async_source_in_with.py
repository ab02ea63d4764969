from oauth_cc.httpx2 import AsyncTokenSource


def token(source: AsyncTokenSource) -> None:
    with source:  # refused
        pass
