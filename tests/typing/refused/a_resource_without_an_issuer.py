from oauth_cc import ClientCredentials
from oauth_cc.requests import TokenSource

TokenSource.from_resource("https://api.example/", ClientCredentials("your_id", "s3cret"))  # refused
