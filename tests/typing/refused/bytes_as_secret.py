from oauth_cc import ClientCredentials

ClientCredentials("your_id", b"s3cret")  # refused
