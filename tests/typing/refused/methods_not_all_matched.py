from typing import assert_never

from oauth_cc import ClientSecretBasic, ClientSecretPost
from oauth_cc.authentication import BuiltInAuthentication


def registered_name(way: BuiltInAuthentication) -> str:
    match way:
        case ClientSecretBasic():
            return "client_secret_basic"
        case ClientSecretPost():
            return "client_secret_post"
        case _:
            assert_never(way)  # refused
