from oauth_cc import ClientCredentials, http_request
from oauth_cc.settings import Issuer

http_request(ClientCredentials("your_id", "s3cret"), Issuer("https://as.example"))  # refused
