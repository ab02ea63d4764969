from oauth_cc.httpx2 import TokenSource


def writing(source: TokenSource) -> TokenSource:
    return source.with_scope("write")  # refused
