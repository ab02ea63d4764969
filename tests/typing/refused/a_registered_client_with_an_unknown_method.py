from oauth_cc.testing import RegisteredClient

RegisteredClient("your_id", "s3cret", authentication_methods=frozenset({"client_secret_cookie"}))  # refused
