from oauth_cc.testing import Client

Client("your_id", "s3cret", scopes="read write")  # refused
