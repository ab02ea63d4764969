from oauth_cc import ClientCredentials, token_request

token_request(ClientCredentials("your_id")).with_resource(["https://a.example/", "https://b.example/"])  # refused
