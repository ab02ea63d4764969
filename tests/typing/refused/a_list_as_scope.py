from oauth_cc import ClientCredentials, token_request

token_request(ClientCredentials("your_id"), ["hello", "world"])  # refused
