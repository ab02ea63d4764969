# pyright: reportUnusedCallResult=true
from oauth_cc import ClientCredentials, token_request

request = token_request(ClientCredentials("your_id"))
request.with_resource("https://api.example/")  # refused by pyright
