from oauth_cc import TokenRequest


class Special(TokenRequest):  # refused
    pass
