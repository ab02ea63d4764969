from oauth_cc import ClientCredentials, http_request, token_request

http_request(token_request(ClientCredentials("your_id", "s3cret")), b"https://as.example/token")  # refused
