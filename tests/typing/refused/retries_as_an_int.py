from oauth_cc import ClientCredentials, token_request
from oauth_cc.flows import exchange

request = token_request(ClientCredentials("your_id", "s3cret"))
exchange(request, "https://as.example/token", retries=3)  # refused
