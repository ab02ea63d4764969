from oauth_cc import Secret


def advice(secret: Secret) -> str:
    if secret == "s3cret":  # refused by mypy, pyright, ty
        return "choose another"
    return "go on"
