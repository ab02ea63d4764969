from oauth_cc import Dialect

dialect = Dialect(bearer_names=("BearerToken",))
dialect.lifetime_unit = "ms"  # refused
