from oauth_cc import ClientCredentials, token_request
from oauth_cc.httpx2 import TokenSource

store: dict[str, str] = {}
TokenSource(token_request(ClientCredentials("your_id", "s3cret")), "https://as.example/token", store=store)  # refused
