from oauth_cc import TokenRequestRefused


def is_a_bad_secret(error: TokenRequestRefused) -> bool:
    return error.code == "invalid_cleint"  # refused by mypy, pyright
