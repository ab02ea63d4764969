from oauth_cc.compat import BackendApplicationClient

BackendApplicationClient("your_id").prepare_request_body(scope=5)  # refused
