from oauth_cc.jose import key_from_jwk


def algorithm(jwk: str) -> str:
    return key_from_jwk(jwk, algorithm="none").algorithm  # refused
