from oauth_cc.httpx2 import ClientCredentialsAuth

ClientCredentialsAuth.from_issuer("https://as.example")  # refused
