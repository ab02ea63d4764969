from oauth_cc import ClientCredentials, token_request

token_request(ClientCredentials("your_id")).with_audience("https://api.example/")  # refused
