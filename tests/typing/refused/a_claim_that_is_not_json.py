from oauth_cc import PrivateKeyJwt, SigningKey


def way(key: SigningKey) -> PrivateKeyJwt:
    return PrivateKeyJwt(key, "https://as.example", claims={"scope": {"a", "b"}})  # refused
