from oauth_cc import SigningKey

SigningKey("HS256", lambda signing_input: bytes(32), "alias/oauth")  # refused
