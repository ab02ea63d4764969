from oauth_cc import Dialect

Dialect(bearer_name=("BearerToken",))  # refused
