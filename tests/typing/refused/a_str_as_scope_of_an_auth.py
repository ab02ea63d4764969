from oauth_cc.httpx2 import ClientCredentialsAuth


def writing(auth: ClientCredentialsAuth) -> ClientCredentialsAuth:
    return auth.with_scope("write")  # refused
