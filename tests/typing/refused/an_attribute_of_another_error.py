from oauth_cc import InvalidInput


def status(error: InvalidInput) -> int:
    return error.status  # refused
