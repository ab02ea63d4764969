from oauth_cc import ClientCredentials, token_request
from oauth_cc.httpx2 import TokenSource

TokenSource(token_request(ClientCredentials("your_id", "s3cret")))  # refused
