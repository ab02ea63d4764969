from oauth_cc import ClientCredentials, Secret

ClientCredentials(Secret("s3cret"), "your_id")  # refused
