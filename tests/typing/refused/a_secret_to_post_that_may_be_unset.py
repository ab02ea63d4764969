import os

from oauth_cc import ClientSecretPost

ClientSecretPost(os.environ.get("CLIENT_SECRET"))  # refused
