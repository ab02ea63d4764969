from oauth_cc.jose import key_from_pem


def algorithm(pem: str) -> str:
    return key_from_pem(pem, algorithm="HS256").algorithm  # refused
