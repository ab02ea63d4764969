from oauth_cc import ClientCredentials, http_request, token_request

http_request(token_request(ClientCredentials("your_id", "s3cret")), "http://127.0.0.1/token", True)  # refused
