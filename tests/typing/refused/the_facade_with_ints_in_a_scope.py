from oauth_cc.compat import BackendApplicationClient

BackendApplicationClient("your_id", scope=[1, 2])  # refused
