from oauth_cc.compat import BackendApplicationClient

BackendApplicationClient("your_id").add_token("https://api.example/", token_placement="header")  # refused
