from oauth_cc import ClientCredentials, token_request

request = token_request(ClientCredentials("your_id", "s3cret"))
request.with_resource("00000003-0000-0000-c000-000000000000", False)  # refused
