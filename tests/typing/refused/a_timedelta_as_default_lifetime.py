from datetime import timedelta

from oauth_cc import Dialect

Dialect(default_lifetime=timedelta(hours=2))  # refused
