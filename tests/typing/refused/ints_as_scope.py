from oauth_cc import ClientCredentials, token_request

token_request(ClientCredentials("your_id", "s3cret"), [1, 2])  # refused
