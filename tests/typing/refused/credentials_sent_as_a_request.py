from oauth_cc import ClientCredentials, http_request

http_request(ClientCredentials("your_id", "s3cret"), "https://as.example/token")  # refused
