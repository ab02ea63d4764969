from oauth_cc.testing import AuthorizationServer, RegisteredClient

AuthorizationServer([RegisteredClient("your_id", "s3cret")])  # refused
