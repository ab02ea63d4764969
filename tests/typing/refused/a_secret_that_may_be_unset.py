import os

from oauth_cc import ClientCredentials

ClientCredentials("your_id", os.environ.get("CLIENT_SECRET"))  # refused
