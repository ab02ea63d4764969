from oauth_cc import ClientAssertion


def mint() -> str:
    """Return an assertion."""
    return "eyJ"


ClientAssertion(mint, audience="https://as.example")  # refused
