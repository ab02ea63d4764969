from oauth_cc import Dialect

Dialect(bearer_names=["BearerToken"])  # refused
