from oauth_cc import ClientAssertion

ClientAssertion("/var/run/secrets/tokens/oauth")  # refused
