from oauth_cc import ClientCredentials, token_request

request = token_request(ClientCredentials("your_id", "s3cret"))
request.with_header("X-Merchant-Id", 4711)  # refused
