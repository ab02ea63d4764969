from oauth_cc import ClientAssertion


def assertion(client_id: str) -> str:
    return f"an assertion for {client_id}"


ClientAssertion(assertion)  # refused
