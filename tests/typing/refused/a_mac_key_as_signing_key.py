from oauth_cc import PrivateKeyJwt
from oauth_cc.authentication import MacKey


def way(key: MacKey) -> PrivateKeyJwt:
    return PrivateKeyJwt(key, "https://as.example")  # refused
