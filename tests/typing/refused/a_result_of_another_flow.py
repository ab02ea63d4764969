from oauth_cc import ClientCredentials, TokenRequest, token_request
from oauth_cc.flows import Flow
from oauth_cc.flows import exchange

flow: Flow[TokenRequest] = exchange(  # refused
    token_request(ClientCredentials("your_id", "s3cret")), "https://as.example/token"
)
