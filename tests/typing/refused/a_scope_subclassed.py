from oauth_cc import Scope


class Wider(Scope):  # refused
    pass
