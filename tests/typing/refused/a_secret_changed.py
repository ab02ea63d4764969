from oauth_cc import Secret

secret = Secret("s3cret")
secret.value = "another"  # refused
