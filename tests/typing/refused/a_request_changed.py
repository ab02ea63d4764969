from oauth_cc import ClientCredentials, Scope, token_request

request = token_request(ClientCredentials("your_id"))
request.scope = Scope.of("hello")  # refused
