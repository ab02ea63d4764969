from oauth_cc import ClientCredentials, token_request
from oauth_cc.exchange import exchange

request = token_request(ClientCredentials("your_id", "s3cret"))
exchange(request, "https://as.example/token", retries=3)  # refused
