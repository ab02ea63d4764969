from oauth_cc import ClientCredentials
from oauth_cc.authentication import BuiltInAuthentication

way: BuiltInAuthentication | None = ClientCredentials("your_id", "s3cret").authentication  # refused
