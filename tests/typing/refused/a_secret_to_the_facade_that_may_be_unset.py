import os

from oauth_cc.compat import BackendApplicationClient

BackendApplicationClient("your_id").to_request(os.environ.get("CLIENT_SECRET"))  # refused
