from oauth_cc import ClientCredentials, token_request

token_request(ClientCredentials("your_id")).with_parameter("key", lambda: "s3cret")  # refused
