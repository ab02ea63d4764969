from oauth_cc import Secret
from oauth_cc.authentication import UnsignedJwt


def assertion(unsigned: UnsignedJwt, signature: str) -> Secret:
    return unsigned.signed(signature)  # refused
