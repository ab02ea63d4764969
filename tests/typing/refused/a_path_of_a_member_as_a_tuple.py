from oauth_cc import Dialect

Dialect(members={"access_token": ("data", "token")})  # refused
