from oauth_cc import TokenRequestRefused


def soften(error: TokenRequestRefused) -> None:
    error.retryable = True  # refused
