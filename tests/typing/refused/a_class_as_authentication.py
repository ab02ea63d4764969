from oauth_cc import ClientCredentials, NoAuthentication

ClientCredentials("your_id", NoAuthentication)  # refused
