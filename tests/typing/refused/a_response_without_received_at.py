from oauth_cc import ClientCredentials, HttpResponse, parse_token_response, token_request

request = token_request(ClientCredentials("your_id", "s3cret"))
parse_token_response(HttpResponse(200, {}, b""), request)  # refused
