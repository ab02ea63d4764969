from oauth_cc import Dialect

Dialect(body_format="xml")  # refused
