from oauth_cc.compat import BackendApplicationClient

BackendApplicationClient("your_id", default_token_placement="header")  # refused
