from oauth_cc import Dialect

Dialect(members={"refresh_token": "data.refresh"})  # refused
