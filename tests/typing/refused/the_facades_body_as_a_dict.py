from oauth_cc.compat import BackendApplicationClient

body: dict[str, str] = BackendApplicationClient("your_id").prepare_request_body()  # refused
