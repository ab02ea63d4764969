from oauth_cc import ClientCredentials, SigningKey


def client(key: SigningKey) -> ClientCredentials:
    return ClientCredentials("your_id", key)  # refused
