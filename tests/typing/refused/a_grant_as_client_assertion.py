from oauth_cc import ClientAssertion, JwtBearerGrant, SigningKey


def way(key: SigningKey) -> ClientAssertion:
    return ClientAssertion(JwtBearerGrant(key, audience="https://as.example"))  # refused
