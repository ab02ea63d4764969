from oauth_cc.testing import AuthorizationServer, Client

AuthorizationServer([Client("your_id", "s3cret")])  # refused
