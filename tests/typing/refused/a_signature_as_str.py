from oauth_cc import Secret
from oauth_cc.authentication import UnsignedAssertion


def assertion(unsigned: UnsignedAssertion, signature: str) -> Secret:
    return unsigned.signed(signature)  # refused
