from oauth_cc import ClientCredentials, SecretFile, token_request

token_request(ClientCredentials("your_id")).with_header("X-Key", SecretFile("/run/secret"))  # refused
