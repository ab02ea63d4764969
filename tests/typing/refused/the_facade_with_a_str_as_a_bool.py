from oauth_cc.compat import BackendApplicationClient

BackendApplicationClient("your_id").prepare_token_request("https://as.example/token", include_client_id="no")  # refused
