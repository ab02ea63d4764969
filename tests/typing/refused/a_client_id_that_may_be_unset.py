import os

from oauth_cc import ClientCredentials

ClientCredentials(os.environ.get("CLIENT_ID"), "s3cret")  # refused
