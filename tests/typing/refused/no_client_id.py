from oauth_cc import ClientCredentials

ClientCredentials(None, "s3cret")  # refused
