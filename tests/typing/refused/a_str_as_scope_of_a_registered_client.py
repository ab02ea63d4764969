from oauth_cc.testing import RegisteredClient

RegisteredClient("your_id", "s3cret", scope="read write")  # refused
