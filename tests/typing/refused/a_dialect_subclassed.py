from oauth_cc import Dialect


class Mine(Dialect):  # refused
    pass
