from oauth_cc import ClientSecretPost


def vault() -> bytes:
    """Return the secret as bytes."""
    return b"s3cret"


ClientSecretPost(vault)  # refused
