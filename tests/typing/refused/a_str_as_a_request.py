from oauth_cc import http_request

http_request("grant_type=client_credentials", "https://as.example/token")  # refused
