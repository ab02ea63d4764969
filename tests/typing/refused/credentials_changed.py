from oauth_cc import ClientCredentials

creds = ClientCredentials("your_id", "s3cret")
creds.client_id = "another"  # refused
