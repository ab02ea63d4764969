from oauth_cc import Dialect

Dialect(scope_separator="+")  # refused
