from oauth_cc import Secret


class Loud(Secret):  # refused
    pass
