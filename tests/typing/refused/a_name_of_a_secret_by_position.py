from oauth_cc.authentication import SecretSource

SecretSource(lambda: "s3cret", "vault:billing")  # refused
