from pathlib import Path

from oauth_cc import SigningKey
from oauth_cc.jose import key_from_pem


def key() -> SigningKey:
    return key_from_pem(Path("client.pem"))  # refused
