from oauth_cc import PrivateKeyJwt
from oauth_cc.assertion import MacKey


def way(key: MacKey) -> PrivateKeyJwt:
    return PrivateKeyJwt(key, "https://as.example")  # refused
