import attrs

from oauth_cc import ClientCredentials, token_request

attrs.evolve(token_request(ClientCredentials("your_id")), scope="read")  # refused by mypy, pyrefly
