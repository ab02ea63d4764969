from oauth_cc import ClientCredentials, ClientSecretBasic, ClientSecretPost

ClientCredentials("your_id", ClientSecretBasic("s3cret"), ClientSecretPost("s3cret"))  # refused
