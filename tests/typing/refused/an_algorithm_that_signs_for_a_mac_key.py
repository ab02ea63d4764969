from oauth_cc.authentication import MacKey

MacKey("7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1", "ES256")  # refused
