from oauth_cc import ClientSecretJwt

ClientSecretJwt("7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1", "https://as.example", algorithm="RS256")  # refused
