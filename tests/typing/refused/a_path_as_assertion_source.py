from pathlib import Path

from oauth_cc import ClientAssertion

ClientAssertion(Path("/var/run/secrets/tokens/oauth"))  # refused
