from oauth_cc import Dialect

Dialect(rejection_statuses=403)  # refused
