from oauth_cc import Dialect

Dialect(lifetime_unit="min")  # refused
