from pathlib import Path

from oauth_cc import ClientCredentials

ClientCredentials("your_id", Path("/run/secrets/oauth"))  # refused
