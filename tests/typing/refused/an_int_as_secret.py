from oauth_cc import ClientCredentials

ClientCredentials("your_id", 12345)  # refused
