from oauth_cc.compat import BackendApplicationClient

BackendApplicationClient("your_id").prepare_token_request("https://as.example/token", scope=5)  # refused
